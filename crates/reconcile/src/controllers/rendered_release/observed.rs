//! What the plane shows of the wanted objects.

use super::wanted::Wanted;
use crate::controllers::enforcement;
use crate::engine::{ClusterId, Unseen, World};
use model::{Condition, FreeForm, Kind, ManifestStatus, RenderedRelease, RenderedReleaseStatus, Time, labels};
use serde_json::Value;
use std::sync::Arc;

/// Whether every wanted object is on the plane as this release's.
pub(super) fn all_applied(
    release: &RenderedRelease,
    world: &World,
    cluster: &ClusterId,
    wanted: &[Wanted],
) -> Result<bool, Unseen> {
    for one in wanted {
        match live(world, cluster, one)? {
            Some(object) if is_of(&object, release, one) => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Whether the object was made from this manifest of this release.
fn is_of(object: &Value, release: &RenderedRelease, wanted: &Wanted) -> bool {
    let label =
        |name: &str| object.pointer("/metadata/labels").and_then(|labels| labels.get(name)).and_then(Value::as_str);
    label(labels::RENDERED_RELEASE_UID) == Some(release.uid())
        && label(labels::RENDERED_RELEASE_RESOURCE_ID) == Some(wanted.id.as_str())
        && made_from(object) == made_from(&wanted.manifest)
}

fn made_from(object: &Value) -> Option<&str> {
    object.pointer("/metadata/annotations")?.get(model::annotations::APPLIED_HASH)?.as_str()
}

fn live(world: &World, cluster: &ClusterId, one: &Wanted) -> Result<Option<Arc<Value>>, Unseen> {
    match world.get_dynamic(cluster, &one.object.gvk, one.object.key.clone()) {
        Err(Unseen::NotServed { .. }) => Ok(None),
        other => other,
    }
}

/// One entry for each wanted object, with its health now.
pub(super) fn status(
    release: &RenderedRelease,
    world: &World,
    cluster: &ClusterId,
    wanted: &[Wanted],
    told: Condition,
) -> Result<RenderedReleaseStatus, Unseen> {
    let before = release.status.as_ref();
    let mut resources = Vec::with_capacity(wanted.len());
    let mut objects = Vec::with_capacity(wanted.len());
    for one in wanted {
        let object = live(world, cluster, one)?;
        let health = object.as_deref().map_or_else(plane::health::missing, plane::assess).health.to_string();
        let status = object
            .as_deref()
            .and_then(|object| object.get("status"))
            .filter(|status| !is_empty(status))
            .cloned()
            .map(FreeForm);
        let known = before.and_then(|before| before.resources.iter().find(|entry| entry.id == one.id));
        let same = known.is_some_and(|known| known.health_status == health && known.status == status);
        resources.push(ManifestStatus {
            id: one.id.clone(),
            group: one.object.gvk.group().to_owned(),
            version: one.object.gvk.version().to_owned(),
            kind: one.object.gvk.kind.to_string(),
            name: one.object.key.name.to_string(),
            namespace: one.object.key.namespace.as_deref().unwrap_or_default().to_owned(),
            status,
            health_status: health,
            last_observed_time: if same {
                known.and_then(|known| known.last_observed_time.clone())
            } else {
                Some(Time(world.now()))
            },
        });
        objects.extend(object);
    }
    let conditions = [told].into_iter().chain(enforcement::of_objects(&objects, release.generation())).collect();
    Ok(RenderedReleaseStatus { resources, conditions })
}

fn is_empty(status: &Value) -> bool {
    status.is_null() || status.as_object().is_some_and(serde_json::Map::is_empty)
}
