//! What wakes which controller: each object wakes its own, and that of its owner.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::budgets::covers;
use super::deployment_plan::controller;
use super::owned::is_over;
use super::runner::{Runner, Work};
use crate::watch::{Key, Presence, Queue};

/// The work of the owner that controls an object.
fn of_owner(namespace: &str, metadata: &ObjectMeta) -> Option<Work> {
    let owner = controller(metadata)?;
    let key = Key::new(namespace, &owner.name);
    Some(match owner.kind.as_str() {
        "Deployment" => Work::Deployment(key),
        "ReplicaSet" => Work::ReplicaSet(key),
        "StatefulSet" => Work::StatefulSet(key),
        "DaemonSet" => Work::DaemonSet(key),
        "Job" => Work::Job(key),
        "CronJob" => Work::CronJob(key),
        _ => return None,
    })
}

impl Runner {
    /// Listens to all caches.
    pub(super) fn listen(&self) {
        let to = self.queue.clone();
        self.deployments.listen(move |key, _, _| to.push(Work::Deployment(key.clone())));
        let to = self.queue.clone();
        self.sets.listen(move |key, set, _| {
            to.push(Work::ReplicaSet(key.clone()));
            push(&to, of_owner(&key.namespace, &set.metadata));
        });
        let to = self.queue.clone();
        self.stateful_sets.listen(move |key, _, _| to.push(Work::StatefulSet(key.clone())));
        let to = self.queue.clone();
        self.daemon_sets.listen(move |key, _, _| to.push(Work::DaemonSet(key.clone())));
        let to = self.queue.clone();
        self.revisions.listen(move |key, revision, presence| {
            if presence == Presence::Gone {
                push(&to, of_owner(&key.namespace, &revision.metadata));
            }
        });
        let to = self.queue.clone();
        self.jobs.listen(move |key, job, _| {
            to.push(Work::Job(key.clone()));
            push(&to, of_owner(&key.namespace, &job.metadata));
        });
        let to = self.queue.clone();
        self.cron_jobs.listen(move |key, _, _| to.push(Work::CronJob(key.clone())));
        let to = self.queue.clone();
        self.claims.listen(move |key, _, _| to.push(Work::Claim(key.clone())));
        let (to, claims) = (self.queue.clone(), self.claims.clone());
        self.classes.listen(move |_, _, _| {
            for claim in claims.all() {
                to.push(Work::Claim(Key::of(&*claim)));
            }
        });
        let to = self.queue.clone();
        self.autoscalers.listen(move |key, _, _| to.push(Work::Autoscaler(key.clone())));
        let to = self.queue.clone();
        self.budgets.listen(move |key, _, _| to.push(Work::Budget(key.clone())));
        let (to, budgets) = (self.queue.clone(), self.budgets.clone());
        self.pods.listen(move |key, pod, _| {
            for budget in budgets.in_namespace(&key.namespace) {
                if covers(&budget, pod) {
                    to.push(Work::Budget(Key::of(&*budget)));
                }
            }
        });
        let (to, sets) = (self.queue.clone(), self.sets.clone());
        self.pods.listen(move |key, pod, presence| {
            let owner = of_owner(&key.namespace, &pod.metadata);
            // A Deployment that recreates waits for the end of its old pods.
            if let Some(Work::ReplicaSet(set)) = &owner
                && let Some(set) = sets.get(set)
            {
                push(&to, of_owner(&key.namespace, &set.metadata));
            }
            push(&to, owner);
            if presence == Presence::Gone || is_over(pod) {
                free_claims(&to, key, pod);
            }
        });
    }
}

/// Claims that a pod uses no longer may go.
fn free_claims(to: &Queue<Work>, key: &Key, pod: &Arc<Pod>) {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    for source in volumes.filter_map(|volume| volume.persistent_volume_claim.as_ref()) {
        to.push(Work::Claim(Key::new(&key.namespace, &source.claim_name)));
    }
}

fn push(to: &Queue<Work>, work: Option<Work>) {
    if let Some(work) = work {
        to.push(work);
    }
}
