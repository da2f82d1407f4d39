//! The pods of a StatefulSet and their claims.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec};
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, Pod, PodTemplateSpec, Volume,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::{Resource as _, ResourceExt as _};

use crate::workloads::owned::pod_of;
use crate::workloads::revisions::REVISION_LABEL;

const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// The ordinal in a pod's name.
pub(super) fn ordinal(set: &str, pod: &str) -> Option<i32> {
    let text = pod.strip_prefix(set)?.strip_prefix('-')?;
    let number: i32 = text.parse().ok()?;
    // One name per ordinal: `web-01` is somebody else's.
    (number >= 0 && number.to_string() == text).then_some(number)
}

pub(super) fn pod_name(set: &StatefulSet, ordinal: i32) -> String {
    format!("{}-{ordinal}", set.name_any())
}

pub(super) fn claim_name(template: &PersistentVolumeClaim, set: &StatefulSet, ordinal: i32) -> String {
    format!("{}-{}", template.name_any(), pod_name(set, ordinal))
}

/// The claims of one pod, as they are to be made.
pub(super) fn claims(set: &StatefulSet, spec: &StatefulSetSpec, ordinal: i32) -> Vec<PersistentVolumeClaim> {
    let labels = spec.selector.match_labels.clone().unwrap_or_default();
    let policy = spec.persistent_volume_claim_retention_policy.as_ref();
    let with_set = policy.and_then(|policy| policy.when_deleted.as_deref()) == Some("Delete");
    let templates = spec.volume_claim_templates.iter().flatten();
    let made = templates.map(|template| {
        let mut all: BTreeMap<String, String> = template.labels().clone();
        all.extend(labels.clone());
        PersistentVolumeClaim {
            metadata: ObjectMeta {
                name: Some(claim_name(template, set, ordinal)),
                namespace: set.namespace(),
                labels: Some(all),
                annotations: template.metadata.annotations.clone(),
                owner_references: with_set.then(|| {
                    let owner = set.controller_owner_ref(&()).unwrap_or_default();
                    vec![OwnerReference { controller: None, block_owner_deletion: Some(true), ..owner }]
                }),
                ..ObjectMeta::default()
            },
            spec: template.spec.clone(),
            status: None,
        }
    });
    made.collect()
}

/// The pod of an ordinal, from the template of a revision.
pub(super) fn pod(
    set: &StatefulSet,
    spec: &StatefulSetSpec,
    ordinal: i32,
    revision: &str,
    template: &PodTemplateSpec,
    node: &str,
) -> Pod {
    let name = pod_name(set, ordinal);
    let owner = set.controller_owner_ref(&()).unwrap_or_default();
    let mut pod = pod_of(template, owner, set.namespace(), name.clone(), node);
    let labels = pod.metadata.labels.get_or_insert_default();
    labels.insert(POD_NAME.to_owned(), name.clone());
    labels.insert(POD_INDEX.to_owned(), ordinal.to_string());
    labels.insert(REVISION_LABEL.to_owned(), revision.to_owned());
    if let Some(pod_spec) = &mut pod.spec {
        pod_spec.hostname = Some(name);
        pod_spec.subdomain = spec.service_name.clone().filter(|service| !service.is_empty());
        let templates = spec.volume_claim_templates.as_deref().unwrap_or_default();
        let volumes = pod_spec.volumes.get_or_insert_default();
        // A claim takes the place of the template's volume of its name.
        volumes.retain(|volume| templates.iter().all(|template| template.name_any() != volume.name));
        volumes.extend(templates.iter().map(|template| Volume {
            name: template.name_any(),
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: claim_name(template, set, ordinal),
                read_only: None,
            }),
            ..Volume::default()
        }));
    }
    pod
}
