//! Plans carried out: each answer goes into the local copy at once, so that the next plan builds on it.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use kube::core::response::StatusSummary;
use kube::{Api, ResourceExt as _};
use serde_json::json;

use super::REVISION_ANNOTATION;
use super::deployment_plan::{DeploymentPlan, SetUpdate};
use super::replica_set_plan::{ReplicaSetPlan, new_pod};
use super::runner::Runner;
use crate::recorder::{Tone, reference};

impl Runner {
    pub(super) async fn write_deployment(
        &self,
        deployment: &Deployment,
        plan: &DeploymentPlan,
    ) -> Result<(), kube::Error> {
        let namespace = deployment.namespace().unwrap_or_default();
        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), &namespace);
        let sets: Api<ReplicaSet> = Api::namespaced(self.client.clone(), &namespace);
        let about = reference(deployment);
        for update in &plan.update {
            self.write_update(&sets, deployment, update).await?;
        }
        if let Some(set) = &plan.create {
            match sets.create(&PostParams::default(), set).await {
                Ok(made) => {
                    let message = scaled(&made.name_any(), 0, super::rollout::wished(&made));
                    self.sets.apply(Arc::new(made));
                    self.recorder.tell(&about, Tone::Normal, "ScalingReplicaSet", message);
                }
                // Made before, and the watch has not told yet: it will, and the plan is made again then.
                Err(kube::Error::Api(status)) if status.is_already_exists() => {}
                Err(error) => {
                    let message = format!("Failed to create new replica set {:?}: {error}", set.name_any());
                    self.recorder.tell(&about, Tone::Warning, "ReplicaSetCreateError", message);
                    return Err(error);
                }
            }
        }
        for name in &plan.delete {
            let parameters =
                DeleteParams { propagation_policy: Some(PropagationPolicy::Background), ..DeleteParams::default() };
            absent_is_fine(sets.delete(name, &parameters).await.map(|_| ()))?;
        }
        if let Some(revision) = &plan.revision {
            let patch = json!({"metadata": {"annotations": {REVISION_ANNOTATION: revision}}});
            let written =
                deployments.patch(&deployment.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await;
            if let Some(written) = absent_is_none(written)? {
                self.deployments.apply(Arc::new(written));
            }
        }
        if let Some(status) = &plan.status {
            let status = with_nulls(serde_json::to_value(status).unwrap_or_default(), &DEPLOYMENT_COUNTS);
            let patch = json!({"metadata": {"uid": deployment.uid()}, "status": status});
            let written =
                deployments.patch_status(&deployment.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await;
            if let Some(written) = absent_is_none(written)? {
                self.deployments.apply(Arc::new(written));
            }
        }
        Ok(())
    }

    async fn write_update(
        &self,
        sets: &Api<ReplicaSet>,
        deployment: &Deployment,
        update: &SetUpdate,
    ) -> Result<(), kube::Error> {
        let mut patch = json!({"metadata": {"annotations": update.annotations}});
        if let Some((_, after)) = update.replicas {
            patch["spec"] = json!({"replicas": after});
        }
        let written = sets.patch(&update.name, &PatchParams::default(), &Patch::Merge(patch)).await;
        let Some(written) = absent_is_none(written)? else { return Ok(()) };
        self.sets.apply(Arc::new(written));
        if let Some((before, after)) = update.replicas {
            let message = scaled(&update.name, before, after);
            self.recorder.tell(&reference(deployment), Tone::Normal, "ScalingReplicaSet", message);
        }
        Ok(())
    }

    pub(super) async fn write_replica_set(&self, set: &ReplicaSet, plan: &ReplicaSetPlan) -> Result<(), kube::Error> {
        let namespace = set.namespace().unwrap_or_default();
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &namespace);
        let about = reference(set);
        for (name, uid) in &plan.delete {
            let parameters = DeleteParams {
                preconditions: Some(Preconditions { uid: Some(uid.clone()), resource_version: None }),
                ..DeleteParams::default()
            };
            match pods.delete(name, &parameters).await {
                Ok(answer) => {
                    if let Some(pod) = answer.left() {
                        self.pods.apply(Arc::new(pod));
                    }
                }
                Err(error) => {
                    absent_is_fine(Err(error))?;
                    continue;
                }
            }
            self.recorder.tell(&about, Tone::Normal, "SuccessfulDelete", format!("Deleted pod: {name}"));
        }
        for _ in 0..plan.create {
            match pods.create(&PostParams::default(), &new_pod(set, &self.node)).await {
                Ok(pod) => {
                    let message = format!("Created pod: {}", pod.name_any());
                    self.pods.apply(Arc::new(pod));
                    self.recorder.tell(&about, Tone::Normal, "SuccessfulCreate", message);
                }
                Err(error) => {
                    self.recorder.tell(&about, Tone::Warning, "FailedCreate", format!("Error creating: {error}"));
                    return Err(error);
                }
            }
        }
        if let Some(status) = &plan.status {
            let sets: Api<ReplicaSet> = Api::namespaced(self.client.clone(), &namespace);
            let status = with_nulls(serde_json::to_value(status).unwrap_or_default(), &REPLICA_SET_COUNTS);
            let patch = json!({"metadata": {"uid": set.uid()}, "status": status});
            let written = sets.patch_status(&set.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await;
            if let Some(written) = absent_is_none(written)? {
                self.sets.apply(Arc::new(written));
            }
        }
        Ok(())
    }
}

/// Counts that are left out when they are zero, and so must be taken away.
const DEPLOYMENT_COUNTS: [&str; 5] =
    ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas"];
const REPLICA_SET_COUNTS: [&str; 4] =
    ["fullyLabeledReplicas", "readyReplicas", "availableReplicas", "terminatingReplicas"];

fn with_nulls(mut status: serde_json::Value, counts: &[&str]) -> serde_json::Value {
    if let Some(fields) = status.as_object_mut() {
        for count in counts {
            fields.entry(*count).or_insert(serde_json::Value::Null);
        }
    }
    status
}

fn scaled(name: &str, before: i32, after: i32) -> String {
    let direction = if after > before { "up" } else { "down" };
    format!("Scaled {direction} replica set {name} from {before} to {after}")
}

/// The object went away, or a new one took its name: its own event brings the next plan.
fn absent_is_none<T>(written: Result<T, kube::Error>) -> Result<Option<T>, kube::Error> {
    match written {
        Ok(written) => Ok(Some(written)),
        Err(kube::Error::Api(status))
            if status.code == 404 || (status.code == 409 && status.status == Some(StatusSummary::Failure)) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn absent_is_fine(ended: Result<(), kube::Error>) -> Result<(), kube::Error> {
    absent_is_none(ended).map(|_| ())
}
