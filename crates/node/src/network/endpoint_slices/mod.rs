//! Writes the EndpointSlices of Services that have a selector, as Kubernetes' own controller does.

mod plan;
mod pods;

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;
use tokio_util::task::AbortOnDropHandle;

use super::dirty::DirtyKeys;
use super::key::ObjectKey;
use super::services::{Services, SliceFacts};
use super::watched::{Change, Watched};
pub(crate) use pods::PodFacts;

/// Services written at once.
const AT_ONCE: usize = 8;

/// Keeps EndpointSlices equal to the pods, until dropped.
#[derive(Debug)]
pub(crate) struct EndpointSlices {
    _task: AbortOnDropHandle<()>,
}

impl EndpointSlices {
    pub(crate) fn start(client: Client, services: Arc<Services>) -> Self {
        let dirty = Arc::new(DirtyKeys::default());
        let touch = {
            let (dirty, services) = (dirty.clone(), services.clone());
            move |change: Change<'_, PodFacts>| touched(&services, &dirty, &change)
        };
        let pods = Arc::new(Watched::start::<Pod>(client.clone(), PodFacts::from, touch));
        let task = tokio::spawn(async move {
            services.synced().await;
            pods.synced().await;
            services.tell(&dirty);
            services.tell_slices(&dirty);
            dirty
                .work(AT_ONCE, |key| {
                    let (client, services, pods) = (client.clone(), services.clone(), pods.clone());
                    async move { write(&client, &services, &pods, &key).await }
                })
                .await;
        });
        Self { _task: AbortOnDropHandle::new(task) }
    }
}

fn touched(services: &Services, dirty: &DirtyKeys<ObjectKey>, change: &Change<'_, PodFacts>) {
    if let (Some(gone), None) = (change.before, change.after) {
        services.left(&gone.uid);
    }
    let sides: Vec<_> = change.before.into_iter().chain(change.after).collect();
    let concerned = services.facts_in(&change.key.namespace).into_iter();
    dirty.add_all(
        concerned.filter(|(_, service)| sides.iter().any(|pod| pod.matches(&service.selector))).map(|(key, _)| key),
    );
}

async fn write(client: &Client, services: &Services, pods: &Watched<PodFacts>, key: &ObjectKey) -> Result<(), ()> {
    let Some(service) = services.facts(key) else {
        // The garbage collector removes the slices of a Service that is gone: the Service owns them.
        return Ok(());
    };
    let wanted = plan::slices(key, &service, &pods.in_namespace(&key.namespace));
    let present: Vec<_> = services
        .slices_of(key)
        .into_iter()
        .filter(|(_, slice)| slice.managed_by.as_deref() == Some(plan::MANAGED_BY))
        .collect();
    let api: Api<EndpointSlice> = Api::namespaced(client.clone(), &key.namespace);
    let names: BTreeSet<_> = wanted.iter().filter_map(|slice| slice.metadata.name.clone()).collect();
    let mut outcome = Ok(());
    for slice in &wanted {
        let name = slice.metadata.name.as_deref().unwrap_or_default();
        let there = present.iter().find(|(there, _)| there.name == name);
        if there.is_some_and(|(_, facts)| same(facts, slice)) {
            continue;
        }
        if let Err(error) = put(&api, name, slice, there.is_some()).await {
            tracing::warn!(service = %key, slice = name, %error, "an EndpointSlice could not be written; trying again");
            outcome = Err(());
        }
    }
    for (old, _) in present.iter().filter(|(there, _)| !names.contains(&there.name)) {
        match api.delete(&old.name, &DeleteParams::default()).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => {
                tracing::warn!(service = %key, slice = %old.name, %error, "an EndpointSlice could not be removed; trying again");
                outcome = Err(());
            }
        }
    }
    outcome
}

/// Whether the slice as it was written says what it should; what the API server fills in by itself does not count.
fn same(there: &SliceFacts, wanted: &EndpointSlice) -> bool {
    let owner = wanted.metadata.owner_references.iter().flatten().map(|owner| &owner.uid).next();
    let empty_is_absent = |slice: &EndpointSlice| {
        let mut slice = EndpointSlice { metadata: kube::core::ObjectMeta::default(), ..slice.clone() };
        slice.ports = slice.ports.filter(|ports| !ports.is_empty());
        slice.endpoints = slice.endpoints.filter(|endpoints| !endpoints.is_empty());
        for port in slice.ports.iter_mut().flatten() {
            port.name = port.name.take().filter(|name| !name.is_empty());
        }
        slice
    };
    there.owner_uid.as_ref() == owner && empty_is_absent(&there.written) == empty_is_absent(wanted)
}

async fn put(api: &Api<EndpointSlice>, name: &str, slice: &EndpointSlice, there: bool) -> Result<(), kube::Error> {
    if !there {
        match api.create(&PostParams::default(), slice).await {
            Ok(_) => return Ok(()),
            // Written by a run before this one whose event is still under way.
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(kube::Error::Api(status)) if status.code == 404 || status.code == 403 => {
                tracing::debug!(%status, "the namespace of an EndpointSlice is going away");
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    let body = json!({
        "metadata": {"labels": slice.metadata.labels, "ownerReferences": slice.metadata.owner_references},
        "endpoints": slice.endpoints,
        "ports": slice.ports,
    });
    match api.patch(name, &PatchParams::default(), &Patch::Merge(body)).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 && there => {
            // Removed behind our back; its event brings the Service here again.
            Ok(())
        }
        Err(error) => Err(error),
    }
}
