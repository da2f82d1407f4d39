//! What is on the plane for a release, wanted or not.

use super::wanted::Wanted;
use crate::engine::{ClusterId, Gvk, ObjectKey, ObjectRef, Unseen, World};
use model::{Kind, RenderedRelease, labels};
use serde_json::Value;

/// An object on the plane that carries the release's label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tracked {
    pub(super) object: ObjectRef,
    pub(super) uid: String,
    pub(super) deleting: bool,
}

/// Kinds that are looked through in any case: a manifest of theirs may have been wanted by an earlier version of the
/// release that its status does not tell of any more.
const USUAL: &[(&str, &str)] = &[
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "ServiceAccount"),
    ("v1", "Namespace"),
    ("v1", "PersistentVolumeClaim"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("external-secrets.io/v1", "ExternalSecret"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
];

/// The objects of a release on its plane.
pub(super) fn tracked(
    release: &RenderedRelease,
    world: &World,
    cluster: &ClusterId,
    wanted: &[Wanted],
) -> Result<Vec<Tracked>, Unseen> {
    let mut found = Vec::new();
    for gvk in kinds(release, wanted) {
        let listed = match world.list_dynamic(cluster, &gvk, labels::RENDERED_RELEASE_UID, release.uid()) {
            Ok(listed) => listed,
            // A kind that the plane does not have holds nothing of ours.
            Err(Unseen::NotServed { .. }) => continue,
            Err(unseen) => return Err(unseen),
        };
        for object in &listed {
            let Some(key) = ObjectKey::of(object) else { continue };
            if is_made_by_another(object) {
                continue;
            }
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
            found.push(Tracked {
                object: ObjectRef { cluster: cluster.clone(), gvk: gvk.clone(), key },
                uid: text("/metadata/uid").unwrap_or_default().to_owned(),
                deleting: text("/metadata/deletionTimestamp").is_some(),
            });
        }
    }
    Ok(found)
}

/// Whether another object made this one. Such makers pass their own labels on, ours included: the Secret of an
/// ExternalSecret, for one. It goes with its maker.
fn is_made_by_another(object: &Value) -> bool {
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| owner["controller"] == true)
}

/// The kinds to look through: wanted, told by the status, usual.
fn kinds(release: &RenderedRelease, wanted: &[Wanted]) -> Vec<Gvk> {
    let told = release.status.iter().flat_map(|status| &status.resources).map(|entry| {
        let version =
            if entry.group.is_empty() { entry.version.clone() } else { format!("{}/{}", entry.group, entry.version) };
        Gvk::new(version, entry.kind.clone())
    });
    let mut kinds: Vec<Gvk> = wanted
        .iter()
        .map(|one| one.object.gvk.clone())
        .chain(told)
        .chain(USUAL.iter().map(|(version, kind)| Gvk::new(*version, *kind)))
        .collect();
    kinds.sort();
    kinds.dedup();
    kinds
}
