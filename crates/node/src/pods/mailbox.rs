//! What reaches a pod's worker. Messages are merged, so a mailbox never grows with their number.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use k8s_openapi::api::core::v1::Pod;
use tokio::sync::Notify;

use super::probes::{Kind, Report};
use crate::engine::{Observed, PullError};
use crate::watch::lock;

/// What arrived since the worker looked last.
#[derive(Debug, Default)]
pub(crate) struct Mail {
    /// The newest version of the pod.
    pub(crate) pod: Option<Arc<Pod>>,
    /// The pod is gone from the API.
    pub(crate) gone: bool,
    /// Ids of containers to look at again.
    pub(crate) touched: BTreeSet<String>,
    /// Ids of containers that started; looked at again unless they are known to run.
    pub(crate) started: BTreeSet<String>,
    /// All containers of the pod, looked at anew.
    pub(crate) relisted: Option<Vec<Observed>>,
    /// A ConfigMap or Secret that the pod reads changed.
    pub(crate) config: bool,
    /// An image may have appeared.
    pub(crate) images: bool,
    /// Pulls that ended, by image.
    pub(crate) pulled: BTreeMap<String, Result<(), PullError>>,
    /// Hooks after the start that ended, by container id.
    pub(crate) hooks: BTreeMap<String, Result<(), String>>,
    /// The latest word of each probe, by container id.
    pub(crate) reports: BTreeMap<(String, Kind), Report>,
}

/// The worker's mailbox.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    mail: Mutex<Mail>,
    arrived: Notify,
}

impl Mailbox {
    /// Puts something in and wakes the worker.
    pub(crate) fn put(&self, change: impl FnOnce(&mut Mail)) {
        change(&mut lock(&self.mail));
        self.arrived.notify_one();
    }

    /// Takes all that arrived.
    pub(crate) fn take(&self) -> Mail {
        std::mem::take(&mut lock(&self.mail))
    }

    /// Returns when something arrived since the last return.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }
}
