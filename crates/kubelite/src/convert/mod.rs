//! One object in several versions: the version's name for custom kinds, fields for Kubernetes' two kinds of Event and of
//! HorizontalPodAutoscaler.

mod autoscaling;

use serde_json::{Map, Value};

use crate::{
    kinds::{Kind, Origin},
    verbs::Call,
};

/// Fields of `v1 Event` and their names in `events.k8s.io/v1`.
const EVENT_FIELDS: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("source", "deprecatedSource"),
    ("reportingComponent", "reportingController"),
];

/// Makes the object one of that kind's version.
pub(crate) fn to(kind: &Kind, object: &mut Value) {
    let Some(map) = object.as_object_mut() else { return };
    if *kind.kind == *"Event" && *kind.shelf == *"events" {
        event(map, kind.group.is_empty());
    }
    let version = kind.api_version();
    if *kind.group == *"autoscaling" && map.get("apiVersion").is_some_and(|given| *given != *version) {
        match &*kind.version {
            "v1" => autoscaling::first(map),
            _ => autoscaling::second(map),
        }
    }
    map.insert("apiVersion".into(), version.into());
}

/// Makes the object one of the version that its shelf holds.
pub(crate) fn to_stored(call: &Call, object: &mut Value) {
    // Custom kinds differ between versions in nothing but the name, so they stay as they came.
    if call.kind.origin == Origin::Builtin
        && let Some(home) = call
            .kinds
            .shelf(&call.kind.shelf)
            .filter(|home| home.group != call.kind.group || home.version != call.kind.version)
    {
        to(home, object);
    }
}

fn event(map: &mut Map<String, Value>, to_core: bool) {
    for (core, other) in EVENT_FIELDS {
        let (from, to) = if to_core { (other, core) } else { (core, other) };
        if let Some(value) = map.remove(*from) {
            map.insert((*to).into(), value);
        }
    }
}
