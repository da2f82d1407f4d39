//! `metrics.k8s.io`: what pods and nodes use now. Nothing of it is stored; whoever runs the containers fills the hook.
//!
//! ```text
//! GET …/pods, …/nodes ─▶ authorize ─▶ hook ─▶ label selector ─▶ PodMetrics, NodeMetrics
//! ```

mod documents;
mod serve;

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;

pub(crate) use self::{
    documents::{add_aggregated, add_group, group, paths, resources},
    serve::{is_asked, serve},
};

/// What something used: processors in billionths, memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// Billionths of a processor, over the window.
    pub cpu: u64,
    /// Bytes at the end of the window.
    pub memory: u64,
}

/// What a pod or a node used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// Namespace; empty for a node.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Labels of the pod or node.
    pub labels: BTreeMap<String, String>,
    /// The end of the window.
    pub at: jiff::Timestamp,
    /// How long the processors were looked at.
    pub window: Duration,
    /// Of a pod: by container. Of a node: one entry, whose name does not count.
    pub used: BTreeMap<String, Used>,
}

/// Filled by whoever runs the containers. What is not known yet is left out.
#[async_trait]
pub trait Metrics: Send + Sync {
    /// Running pods: of a namespace or of all, of one name or of all.
    async fn pods(&self, namespace: Option<&str>, name: Option<&str>) -> Vec<Measured>;

    /// The nodes.
    async fn nodes(&self) -> Vec<Measured>;
}
