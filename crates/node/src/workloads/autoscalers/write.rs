//! What an autoscaler's plan says, carried out.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec,
};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::api::{Patch, PatchParams};
use kube::core::{Selector, SelectorExt as _};
use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::plan::{AutoscalerWorld, Memory, plan};
use super::refuse::refusal;
use crate::recorder::reference;
use crate::watch::{Key, lock};
use crate::workloads::rollout;
use crate::workloads::runner::Runner;

/// What is remembered of an autoscaler between its looks.
#[derive(Debug, Clone, Default)]
pub(in crate::workloads) struct Held {
    uid: String,
    spec: Option<HorizontalPodAutoscalerSpec>,
    memory: Memory,
    next: Option<Timestamp>,
}

impl Runner {
    pub(in crate::workloads) async fn autoscaler(&self, key: &Key) -> Result<Option<Timestamp>, kube::Error> {
        let Some(autoscaler) = self.autoscalers.get(key) else {
            lock(&self.scaling).remove(key);
            return Ok(None);
        };
        let spec = &autoscaler.spec;
        let uid = autoscaler.uid().unwrap_or_default();
        let mut held = lock(&self.scaling).get(key).filter(|held| held.uid == uid).cloned().unwrap_or_default();
        let now = Timestamp::now();
        // Its own status wakes it; it looks again when it is time, or something else is asked of it.
        if held.spec.as_ref() == Some(spec) && held.next.is_none_or(|next| next > now) {
            return Ok(held.next);
        }
        let target = self.target(&key.namespace, &spec.scale_target_ref);
        let pods = target.as_ref().map(|(_, selector)| self.selected(&key.namespace, selector)).unwrap_or_default();
        let usage = if refusal(spec).is_some() { BTreeMap::new() } else { self.sampler.look(&pods).await };
        let rival = self.rival(&autoscaler, spec);
        let world = AutoscalerWorld {
            autoscaler: &autoscaler,
            replicas: target.map(|(replicas, _)| replicas),
            pods: &pods,
            usage: &usage,
            rival: rival.as_deref(),
            memory: &held.memory,
            now,
        };
        let mut plan = plan(&world);
        let mut refused = Ok(());
        if let Some((replicas, _)) = &plan.rescale {
            match self.scale(&key.namespace, &spec.scale_target_ref, *replicas).await {
                Ok(()) => plan.rescaled(),
                Err(error) => {
                    plan.not_rescaled(&error.to_string());
                    refused = Err(error);
                }
            }
        }
        held = Held { uid, spec: Some(spec.clone()), memory: plan.memory, next: plan.look_again };
        lock(&self.scaling).insert(key.clone(), held);
        for (tone, reason, message) in plan.tell {
            self.recorder.tell(&reference(&*autoscaler), tone, reason, message);
        }
        if autoscaler.status.as_ref() != Some(&plan.status) {
            self.write_status(&self.autoscalers, &*autoscaler, autoscaler.status.as_ref(), &plan.status).await?;
        }
        // Kubernetes tries again with the next look too: the condition says what is wrong until then.
        if let Err(error) = refused {
            tracing::debug!(%key, %error, "a target was not scaled");
        }
        Ok(plan.look_again)
    }

    /// The replicas that a target asks for, and the selector of its pods.
    fn target(&self, namespace: &str, target: &CrossVersionObjectReference) -> Option<(i32, LabelSelector)> {
        let key = Key::new(namespace, &target.name);
        match target.kind.as_str() {
            "Deployment" => {
                let found = self.deployments.get(&key)?;
                Some((rollout::replicas(&found), found.spec.as_ref()?.selector.clone()))
            }
            "ReplicaSet" => {
                let found = self.sets.get(&key)?;
                Some((rollout::wished(&found), found.spec.as_ref()?.selector.clone()))
            }
            "StatefulSet" => {
                let found = self.stateful_sets.get(&key)?;
                let spec = found.spec.as_ref()?;
                Some((spec.replicas.unwrap_or(1), spec.selector.clone()))
            }
            _ => None,
        }
    }

    fn selected(&self, namespace: &str, selector: &LabelSelector) -> Vec<Arc<Pod>> {
        let Ok(selector) = Selector::try_from(selector.clone()) else { return Vec::new() };
        let mut pods = self.pods.in_namespace(namespace);
        pods.retain(|pod| selector.matches(pod.labels()));
        pods
    }

    /// Another autoscaler that has the same target.
    fn rival(&self, autoscaler: &HorizontalPodAutoscaler, spec: &HorizontalPodAutoscalerSpec) -> Option<String> {
        let others = self.autoscalers.in_namespace(&autoscaler.namespace().unwrap_or_default());
        let same = |other: &CrossVersionObjectReference| {
            other.kind == spec.scale_target_ref.kind && other.name == spec.scale_target_ref.name
        };
        let mut rivals = others.iter().filter(|other| other.name_any() != autoscaler.name_any());
        rivals.find(|other| same(&other.spec.scale_target_ref)).map(|other| other.name_any())
    }

    async fn scale(
        &self,
        namespace: &str,
        target: &CrossVersionObjectReference,
        replicas: i32,
    ) -> Result<(), kube::Error> {
        match target.kind.as_str() {
            "Deployment" => self.scale_of::<Deployment>(namespace, &target.name, replicas).await,
            "ReplicaSet" => self.scale_of::<ReplicaSet>(namespace, &target.name, replicas).await,
            _ => self.scale_of::<StatefulSet>(namespace, &target.name, replicas).await,
        }
    }

    async fn scale_of<K>(&self, namespace: &str, name: &str, replicas: i32) -> Result<(), kube::Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), namespace);
        let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
        api.patch_scale(name, &PatchParams::default(), &patch).await.map(|_| ())
    }
}
