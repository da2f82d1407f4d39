//! What the controller manager is for workloads: Deployments become ReplicaSets, ReplicaSets become pods.
//!
//! Plans are pure (`deployment_plan`, `replica_set_plan`, `rollout`); `runner` calls them when something that they read
//! changed, and `write` carries them out.

mod deployment_plan;
mod deployment_status;
mod hash;
#[cfg(test)]
mod plan_tests;
mod replica_set_plan;
mod rollout;
mod runner;
mod unsupported;
mod write;

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::recorder::Recorder;
use crate::watch::{Cache, Key, Queue};
use deployment_plan::controller;
use runner::{Runner, Work};

/// The revision of a Deployment's template.
pub(crate) const REVISION_ANNOTATION: &str = "deployment.kubernetes.io/revision";
/// The Deployment's replicas when a ReplicaSet was scaled last.
pub(crate) const DESIRED_ANNOTATION: &str = "deployment.kubernetes.io/desired-replicas";
/// The most pods that the Deployment's surge allowed then.
pub(crate) const MAX_ANNOTATION: &str = "deployment.kubernetes.io/max-replicas";

/// Starts the controllers.
pub(crate) fn start(
    client: &Client,
    pods: Arc<Cache<Pod>>,
    node: String,
    tracker: &TaskTracker,
    stop: &CancellationToken,
) {
    let recorder = Recorder::start(client.clone(), "deployment-controller", node.clone(), stop.clone());
    let deployments = Cache::<Deployment>::new();
    let sets = Cache::<ReplicaSet>::new();
    let queue: Arc<Queue<Work>> = Queue::new();

    let to = queue.clone();
    deployments.listen(move |key, _, _| to.push(Work::Deployment(key.clone())));
    let to = queue.clone();
    sets.listen(move |key, set, _| {
        to.push(Work::ReplicaSet(key.clone()));
        if let Some(owner) = controller(&set.metadata).filter(|owner| owner.kind == "Deployment") {
            to.push(Work::Deployment(Key::new(&key.namespace, &owner.name)));
        }
    });
    let (to, held) = (queue.clone(), sets.clone());
    pods.listen(move |key, pod, _| {
        let Some(owner) = controller(&pod.metadata).filter(|owner| owner.kind == "ReplicaSet") else { return };
        let set = Key::new(&key.namespace, &owner.name);
        // A Deployment that recreates waits for the end of its old pods.
        let deployment = held.get(&set).and_then(|set| controller(&set.metadata).map(|owner| owner.name.clone()));
        if let Some(deployment) = deployment {
            to.push(Work::Deployment(Key::new(&key.namespace, deployment)));
        }
        to.push(Work::ReplicaSet(set));
    });
    tracker.spawn(deployments.clone().follow(Api::all(client.clone()), stop.clone()));
    tracker.spawn(sets.clone().follow(Api::all(client.clone()), stop.clone()));
    let runner = Runner { client: client.clone(), deployments, sets, pods, recorder: recorder.clone(), node, queue };
    tracker.spawn(runner.run(stop.clone()));
    unsupported::start(client, &recorder, tracker, stop);
}
