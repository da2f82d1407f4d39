//! Plans carried out: each answer goes into the local copy at once, so that the next plan builds on it.

use std::fmt::Debug;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{ControllerRevision, Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{ObjectReference, Pod};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use kube::core::response::StatusSummary;
use kube::{Api, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::REVISION_ANNOTATION;
use super::deployment_plan::{DeploymentPlan, SetUpdate};
use super::replica_set_plan::{ReplicaSetPlan, new_pod, with_failure};
use super::revisions::RevisionPlan;
use super::runner::Runner;
use super::status_patch;
use crate::recorder::{Tone, reference};
use crate::watch::Cache;

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
            self.write_status(&self.deployments, deployment, deployment.status.as_ref(), status).await?;
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
        let about = reference(set);
        for (name, uid) in &plan.delete {
            self.delete_pod(&about, &namespace, name, uid).await?;
        }
        let mut refused = Ok(());
        for _ in 0..plan.create {
            refused = self.create_pod(&about, &new_pod(set, &self.node)).await;
            if refused.is_err() {
                break;
            }
        }
        let words = refused.as_ref().err().map(ToString::to_string);
        let status = plan.status.clone().or_else(|| set.status.clone()).unwrap_or_default();
        let status = with_failure(status, words.as_deref(), Timestamp::now());
        if set.status.as_ref() != Some(&status) {
            self.write_status(&self.sets, set, set.status.as_ref(), &status).await?;
        }
        refused
    }

    /// Makes a pod of the owner that `about` names.
    pub(super) async fn create_pod(&self, about: &ObjectReference, pod: &Pod) -> Result<(), kube::Error> {
        let namespace = pod.namespace().unwrap_or_default();
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &namespace);
        match pods.create(&PostParams::default(), pod).await {
            Ok(pod) => {
                let message = format!("Created pod: {}", pod.name_any());
                self.pods.apply(Arc::new(pod));
                self.recorder.tell(about, Tone::Normal, "SuccessfulCreate", message);
                Ok(())
            }
            Err(error) => {
                self.recorder.tell(about, Tone::Warning, "FailedCreate", format!("Error creating: {error}"));
                Err(error)
            }
        }
    }

    /// Deletes a pod; fine when it is gone.
    pub(super) async fn delete_pod(
        &self,
        about: &ObjectReference,
        namespace: &str,
        name: &str,
        uid: &str,
    ) -> Result<(), kube::Error> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let parameters = DeleteParams {
            preconditions: Some(Preconditions { uid: Some(uid.to_owned()), resource_version: None }),
            ..DeleteParams::default()
        };
        let Some(answer) = absent_is_none(pods.delete(name, &parameters).await)? else { return Ok(()) };
        if let Some(pod) = answer.left() {
            self.pods.apply(Arc::new(pod));
        }
        self.recorder.tell(about, Tone::Normal, "SuccessfulDelete", format!("Deleted pod: {name}"));
        Ok(())
    }

    /// Takes a finalizer from a pod.
    pub(super) async fn release_pod(
        &self,
        namespace: &str,
        name: &str,
        uid: &str,
        finalizer: &str,
    ) -> Result<(), kube::Error> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let patch = json!({"metadata": {"uid": uid, "$deleteFromPrimitiveList/finalizers": [finalizer]}});
        let written = pods.patch(name, &PatchParams::default(), &Patch::Strategic(patch)).await;
        if let Some(pod) = absent_is_none(written)? {
            self.pods.apply(Arc::new(pod));
        }
        Ok(())
    }

    /// Writes what changes of a status.
    pub(super) async fn write_status<K, S>(
        &self,
        cache: &Cache<K>,
        object: &K,
        held: Option<&S>,
        wanted: &S,
    ) -> Result<(), kube::Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + DeserializeOwned
            + Debug
            + Send
            + Sync
            + 'static,
        S: Serialize,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), &object.namespace().unwrap_or_default());
        let status = status_patch::between(&held, wanted);
        let patch = json!({"metadata": {"uid": object.uid()}, "status": status});
        let written = api.patch_status(&object.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await;
        if let Some(written) = absent_is_none(written)? {
            cache.apply(Arc::new(written));
        }
        Ok(())
    }

    /// Carries out what is planned for an owner's revisions.
    pub(super) async fn write_revisions(&self, namespace: &str, plan: &RevisionPlan) -> Result<(), kube::Error> {
        let revisions: Api<ControllerRevision> = Api::namespaced(self.client.clone(), namespace);
        if let Some(revision) = &plan.create {
            match revisions.create(&PostParams::default(), revision).await {
                Ok(made) => self.revisions.apply(Arc::new(made)),
                Err(kube::Error::Api(status)) if status.is_already_exists() => {}
                Err(error) => return Err(error),
            }
        }
        if let Some((name, number)) = &plan.renumber {
            let patch = Patch::Merge(json!({"revision": number}));
            let written = revisions.patch(name, &PatchParams::default(), &patch).await;
            if let Some(written) = absent_is_none(written)? {
                self.revisions.apply(Arc::new(written));
            }
        }
        for name in &plan.delete {
            absent_is_fine(revisions.delete(name, &DeleteParams::default()).await.map(|_| ()))?;
        }
        Ok(())
    }
}

fn scaled(name: &str, before: i32, after: i32) -> String {
    let direction = if after > before { "up" } else { "down" };
    format!("Scaled {direction} replica set {name} from {before} to {after}")
}

/// The object went away, or a new one took its name: its own event brings the next plan.
pub(super) fn absent_is_none<T>(written: Result<T, kube::Error>) -> Result<Option<T>, kube::Error> {
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

pub(super) fn absent_is_fine(ended: Result<(), kube::Error>) -> Result<(), kube::Error> {
    absent_is_none(ended).map(|_| ())
}
