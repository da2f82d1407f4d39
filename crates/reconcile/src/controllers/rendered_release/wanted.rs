//! The manifests of a release as they are to be on the plane.

use super::autoscaled::{self, Scaled};
use crate::engine::{ClusterId, Gvk, ObjectKey, ObjectRef};
use model::{Kind, RenderedRelease, annotations, labels};
use serde_json::{Map, Value};

/// One manifest with the labels by which the release finds it again.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    pub(super) id: String,
    pub(super) object: ObjectRef,
    pub(super) manifest: Value,
    /// The number of replicas that was taken out of the manifest, because an autoscaler of the release sets it.
    pub(super) replicas: Option<i64>,
}

/// All manifests, or the first that cannot be applied and why.
pub(super) fn all(release: &RenderedRelease, cluster: &ClusterId) -> Result<Vec<Wanted>, String> {
    let scaled = autoscaled::targets(release);
    release.spec.resources.iter().map(|entry| one(release, cluster, &scaled, &entry.id, &entry.object.0)).collect()
}

fn one(
    release: &RenderedRelease,
    cluster: &ClusterId,
    scaled: &[Scaled],
    id: &str,
    manifest: &Value,
) -> Result<Wanted, String> {
    let gvk = Gvk::of(manifest).ok_or_else(|| format!("resource {id} has no apiVersion or kind"))?;
    let key = ObjectKey::of(manifest).ok_or_else(|| format!("resource {id} has no metadata.name"))?;
    let mut manifest = manifest.clone();
    let metadata = member(&mut manifest, "metadata");
    let own = member(metadata, "labels");
    if let Value::Object(own) = own {
        for (label, value) in tracking(release, id) {
            own.insert(label.to_owned(), value.into());
        }
    }
    if let Some(at) = release.annotation(annotations::RESTARTED_AT)
        && let Some(template) = pod_template(&gvk, &mut manifest)
        && let Value::Object(notes) = member(member(template, "metadata"), "annotations")
    {
        notes.insert(annotations::RESTARTED_AT.to_owned(), at.into());
    }
    let replicas = autoscaled::take(scaled, &gvk, &mut manifest);
    // What is on the plane says by this which manifest it was made from, so that no status speaks of an older one.
    let made_from = model::hash::content_of_value(&manifest);
    if let Value::Object(notes) = member(member(&mut manifest, "metadata"), "annotations") {
        notes.insert(annotations::APPLIED_HASH.to_owned(), made_from.into());
    }
    Ok(Wanted { id: id.to_owned(), object: ObjectRef { cluster: cluster.clone(), gvk, key }, manifest, replicas })
}

/// The labels by which a release finds its objects.
fn tracking<'r>(release: &'r RenderedRelease, id: &'r str) -> [(&'static str, &'r str); 5] {
    [
        (labels::MANAGED_BY, labels::MANAGED_BY_RENDERED_RELEASE),
        (labels::RENDERED_RELEASE_RESOURCE_ID, id),
        (labels::RENDERED_RELEASE_UID, release.uid()),
        (labels::RENDERED_RELEASE_NAME, release.name()),
        (labels::RENDERED_RELEASE_NAMESPACE, release.namespace()),
    ]
}

/// The pod template whose annotations restart a workload. v1.2 restarts Deployments only; the others are meant as well.
fn pod_template<'m>(gvk: &Gvk, manifest: &'m mut Value) -> Option<&'m mut Value> {
    let pointer = match (gvk.group(), &*gvk.kind) {
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet") => "/spec/template",
        _ => return None,
    };
    manifest.pointer_mut(pointer)
}

/// A member that is an object, made if it is missing.
fn member<'v>(value: &'v mut Value, name: &str) -> &'v mut Value {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let member = &mut value[name];
    if !member.is_object() {
        *member = Value::Object(Map::new());
    }
    member
}
