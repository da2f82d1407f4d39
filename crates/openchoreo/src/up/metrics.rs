//! What pods and this computer use, from the node to the API server.

use async_trait::async_trait;
use kubelite::{Measured, Metrics, Used};
use node::NodeMetrics;
use std::sync::Arc;

/// The node's measurements for the API server.
pub(crate) struct FromNode(NodeMetrics);

impl FromNode {
    pub(crate) fn new(metrics: NodeMetrics) -> Arc<FromNode> {
        Arc::new(FromNode(metrics))
    }
}

#[async_trait]
impl Metrics for FromNode {
    async fn pods(&self, namespace: Option<&str>, name: Option<&str>) -> Vec<Measured> {
        self.0.pods(namespace, name).await.into_iter().map(measured).collect()
    }

    async fn nodes(&self) -> Vec<Measured> {
        self.0.node().await.into_iter().map(measured).collect()
    }
}

fn measured(found: node::Measured) -> Measured {
    let used = |used: node::Used| Used { cpu: used.cpu.saturating_mul(1_000_000), memory: used.memory };
    Measured {
        namespace: found.namespace,
        name: found.name,
        labels: found.labels,
        at: found.at,
        window: found.window,
        used: found.used.into_iter().map(|(name, of)| (name, used(of))).collect(),
    }
}
