//! What the controller manager is for workloads: Deployments, StatefulSets, DaemonSets, Jobs and CronJobs become pods,
//! claims get their folders, autoscalers set replicas.
//!
//! Plans are pure (`*_plan`, `plan` in a kind's folder, `rollout`, `revisions`); `listen` says what wakes which, `runner`
//! calls the plans, and `write` carries them out.

mod autoscalers;
mod budgets;
mod claims;
mod cron_jobs;
mod daemon_sets;
mod deployment_plan;
mod deployment_status;
mod hash;
mod jobs;
mod listen;
mod owned;
#[cfg(test)]
mod plan_tests;
mod replica_set_plan;
mod revisions;
mod rollout;
mod runner;
mod stateful_sets;
mod status_patch;
mod write;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::pods::Backoff;
use crate::recorder::Recorder;
use crate::watch::{Cache, Queue};
pub(crate) use autoscalers::{PodUsage, Sampler};
use runner::{Runner, Work};

/// The revision of a Deployment's template.
pub(crate) const REVISION_ANNOTATION: &str = "deployment.kubernetes.io/revision";
/// The Deployment's replicas when a ReplicaSet was scaled last.
pub(crate) const DESIRED_ANNOTATION: &str = "deployment.kubernetes.io/desired-replicas";
/// The most pods that the Deployment's surge allowed then.
pub(crate) const MAX_ANNOTATION: &str = "deployment.kubernetes.io/max-replicas";

/// What the controllers share with the rest of the node.
pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) pods: Arc<Cache<Pod>>,
    pub(crate) claims: Arc<Cache<PersistentVolumeClaim>>,
    pub(crate) node: String,
    pub(crate) node_labels: BTreeMap<String, String>,
    /// Where the folders of claims lie.
    pub(crate) claims_folder: PathBuf,
    pub(crate) job_backoff: Backoff,
    /// Counts what containers use.
    pub(crate) sampler: Arc<Sampler>,
}

/// Starts the controllers.
///
/// # Errors
/// The API refused the default storage class.
pub(crate) async fn start(shared: Shared, tracker: &TaskTracker, stop: &CancellationToken) -> Result<(), kube::Error> {
    let Shared { client, pods, claims, node, node_labels, claims_folder, job_backoff, sampler } = shared;
    claims::ensure_class(&client).await?;
    let recorder = Recorder::start(client.clone(), "controller-manager", node.clone(), stop.clone());
    let queue: Arc<Queue<Work>> = Queue::new();
    let runner = Runner {
        deployments: followed(&client, tracker, stop),
        sets: followed(&client, tracker, stop),
        stateful_sets: followed(&client, tracker, stop),
        daemon_sets: followed(&client, tracker, stop),
        revisions: followed(&client, tracker, stop),
        jobs: followed(&client, tracker, stop),
        cron_jobs: followed(&client, tracker, stop),
        volumes: followed(&client, tracker, stop),
        classes: followed(&client, tracker, stop),
        budgets: followed(&client, tracker, stop),
        autoscalers: followed(&client, tracker, stop),
        sampler,
        scaling: Mutex::default(),
        claims,
        pods,
        recorder,
        node,
        node_labels,
        claims_folder,
        job_backoff,
        queue,
        client,
    };
    runner.listen();
    tracker.spawn(runner.run(stop.clone()));
    Ok(())
}

/// A cache of all objects of a kind, which follows the API from now on.
fn followed<K>(client: &Client, tracker: &TaskTracker, stop: &CancellationToken) -> Arc<Cache<K>>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    let cache = Cache::<K>::new();
    tracker.spawn(cache.clone().follow(Api::all(client.clone()), stop.clone()));
    cache
}
