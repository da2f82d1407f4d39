//! A claim and what it asks for in, what to write out. Pure.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{
    HostPathVolumeSource, ObjectReference, PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec,
    PersistentVolumeClaimStatus, PersistentVolumeSpec,
};
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt as _;

use crate::recorder::Tone;

/// Who makes volumes of a storage class: this node, in its data folder.
pub(crate) const PROVISIONER: &str = "node.local/folder";
/// Keeps a claim for as long as a pod uses it.
pub(super) const FINALIZER: &str = "kubernetes.io/pvc-protection";
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

/// Everything known about a claim.
pub(super) struct ClaimWorld<'a> {
    pub(super) claim: &'a PersistentVolumeClaim,
    pub(super) classes: &'a [Arc<StorageClass>],
    /// The volume of the claim's own name, where it is made.
    pub(super) volume: Option<&'a PersistentVolume>,
    /// Whether a pod that is not over names it.
    pub(super) used: bool,
    /// Where its folder lies.
    pub(super) folder: &'a Path,
}

/// What to do about a claim, in this order.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ClaimPlan {
    pub(super) protect: bool,
    /// The folder's volume.
    pub(super) make: Option<PersistentVolume>,
    /// The claim's storage class, where it is filled in, and its volume's name.
    pub(super) bind: Option<(String, String)>,
    pub(super) status: Option<PersistentVolumeClaimStatus>,
    pub(super) tell: Option<(Tone, &'static str, String)>,
    pub(super) end: Option<End>,
}

/// How a claim ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With its folder.
    Delete,
    /// The folder and its volume stay, as the storage class says.
    Retain,
}

/// The name of a claim's volume.
pub(super) fn volume_name(claim: &PersistentVolumeClaim) -> String {
    format!("pvc-{}", claim.uid().unwrap_or_default())
}

pub(super) fn plan(world: &ClaimWorld<'_>) -> ClaimPlan {
    let claim = world.claim;
    let mut plan = ClaimPlan::default();
    let protected = claim.finalizers().iter().any(|finalizer| finalizer == FINALIZER);
    if claim.metadata.deletion_timestamp.is_some() {
        let policy = world.volume.and_then(|volume| volume.spec.as_ref()?.persistent_volume_reclaim_policy.clone());
        let end = if policy.as_deref() == Some("Retain") { End::Retain } else { End::Delete };
        plan.end = (protected && !world.used).then_some(end);
        return plan;
    }
    plan.protect = !protected;
    let spec = claim.spec.clone().unwrap_or_default();
    let class = match class_of(world, &spec) {
        Ok(class) => class,
        Err((reason, words)) => {
            plan.tell = Some((Tone::Warning, reason, words));
            return plan;
        }
    };
    let name = volume_name(claim);
    if world.volume.is_none() {
        plan.make = Some(volume(world, &spec, class, &name));
        let words = format!("Successfully provisioned volume {name}");
        plan.tell = Some((Tone::Normal, "ProvisioningSucceeded", words));
    }
    if spec.volume_name.as_deref() != Some(&name) || spec.storage_class_name.as_deref() != Some(&class.name_any()) {
        plan.bind = Some((class.name_any(), name));
    }
    let status = PersistentVolumeClaimStatus {
        phase: Some("Bound".to_owned()),
        access_modes: spec.access_modes.clone(),
        capacity: spec.resources.as_ref().and_then(|resources| resources.requests.clone()),
        ..claim.status.clone().unwrap_or_default()
    };
    plan.status = (claim.status.as_ref() != Some(&status)).then_some(status);
    plan
}

/// The storage class by which the claim is served; or the Event's reason and words on why it is not.
fn class_of<'a>(
    world: &ClaimWorld<'a>,
    spec: &PersistentVolumeClaimSpec,
) -> Result<&'a StorageClass, (&'static str, String)> {
    if let Some(field) = unsupported(world.claim, spec) {
        return Err(("ProvisioningFailed", format!("{field}: not supported on this node")));
    }
    let found = match spec.storage_class_name.as_deref() {
        Some("") => {
            let words = "no persistent volumes available for this claim and no storage class is set: \
                         spec.storageClassName is empty, and volumes made by hand are not supported on this node";
            return Err(("FailedBinding", words.to_owned()));
        }
        Some(name) => world.classes.iter().find(|class| class.name_any() == name).ok_or_else(|| {
            let known: Vec<String> = world.classes.iter().map(|class| class.name_any()).collect();
            format!(
                "storageclass.storage.k8s.io {name:?} not found; known are [{}]; create one of that name with provisioner {PROVISIONER}, or leave spec.storageClassName out",
                known.join(", ")
            )
        }),
        None => {
            let default = |class: &&Arc<StorageClass>| class.annotations().get(DEFAULT_CLASS).is_some_and(|is| is == "true");
            let newest = world.classes.iter().filter(default).max_by_key(|class| {
                class.metadata.creation_timestamp.as_ref().map(|time| time.0)
            });
            newest.ok_or_else(|| "spec.storageClassName is not set and no storage class is the default".to_owned())
        }
    };
    let class = found.map_err(|words| ("ProvisioningFailed", words))?;
    if class.provisioner == PROVISIONER {
        return Ok(class);
    }
    let words = format!(
        "storage class {:?} names provisioner {:?}, which does not run here; this node serves {PROVISIONER}",
        class.name_any(),
        class.provisioner
    );
    Err(("ProvisioningFailed", words))
}

/// The first field that asks for what a folder is not.
fn unsupported(claim: &PersistentVolumeClaim, spec: &PersistentVolumeClaimSpec) -> Option<&'static str> {
    let single = spec.access_modes.iter().flatten().any(|mode| mode == "ReadWriteOncePod");
    let block = spec.volume_mode.as_deref() == Some("Block");
    let by_hand = spec.volume_name.as_deref().is_some_and(|name| !name.is_empty() && name != volume_name(claim));
    [
        ("spec.selector", spec.selector.is_some()),
        ("spec.dataSource", spec.data_source.is_some()),
        ("spec.dataSourceRef", spec.data_source_ref.is_some()),
        ("spec.volumeMode Block", block),
        ("spec.volumeName of a volume made by hand", by_hand),
        ("spec.volumeAttributesClassName", spec.volume_attributes_class_name.is_some()),
        ("spec.accessModes ReadWriteOncePod", single),
    ]
    .into_iter()
    .find_map(|(field, given)| given.then_some(field))
}

fn volume(
    world: &ClaimWorld<'_>,
    spec: &PersistentVolumeClaimSpec,
    class: &StorageClass,
    name: &str,
) -> PersistentVolume {
    let claim = world.claim;
    let provisioned = ("pv.kubernetes.io/provisioned-by".to_owned(), PROVISIONER.to_owned());
    PersistentVolume {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            annotations: Some(BTreeMap::from([provisioned])),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeSpec {
            capacity: spec.resources.as_ref().and_then(|resources| resources.requests.clone()),
            access_modes: spec.access_modes.clone(),
            claim_ref: Some(ObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("PersistentVolumeClaim".to_owned()),
                namespace: claim.namespace(),
                name: Some(claim.name_any()),
                uid: claim.uid(),
                ..ObjectReference::default()
            }),
            host_path: Some(HostPathVolumeSource {
                path: world.folder.display().to_string(),
                type_: Some("Directory".to_owned()),
            }),
            persistent_volume_reclaim_policy: Some(class.reclaim_policy.clone().unwrap_or_else(|| "Delete".to_owned())),
            storage_class_name: Some(class.name_any()),
            volume_mode: Some("Filesystem".to_owned()),
            ..PersistentVolumeSpec::default()
        }),
        status: None,
    }
}
