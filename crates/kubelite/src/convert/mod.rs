//! One object in several versions: the version's name and the fields that its schema knows for custom kinds, fields for Kubernetes'
//! two kinds of Event and of HorizontalPodAutoscaler.

mod autoscaling;

use schema::Schema;
use serde_json::{Map, Value};

use crate::{
    kinds::{Kind, Origin, Version},
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

/// Makes a stored object one of that kind's version. Of a custom kind it first gets what its own version's schema says by default; the
/// other version then takes away what it does not know, and adds nothing.
pub(crate) fn from_stored(kind: &Kind, object: &mut Value) {
    if kind.origin == Origin::Builtin {
        return to(kind, object);
    }
    let stored = object["apiVersion"].as_str().and_then(|stored| stored.rsplit('/').next()).unwrap_or_default();
    let same = *stored == *kind.version;
    complete(kind.named_version(stored).and_then(Version::schema), object);
    if !same {
        to(kind, object);
        if let Some(schema) = kind.schema() {
            schema.prune(object);
        }
    }
}

/// Makes the object one of the version that its shelf holds.
pub(crate) fn to_stored(call: &Call, object: &mut Value) {
    if let Some(version) = call.kind.other_storage() {
        object["apiVersion"] = format!("{}/{}", call.kind.group, version.name).into();
        complete(version.schema(), object);
    } else if call.kind.origin == Origin::Builtin
        && let Some(home) = call
            .kinds
            .shelf(&call.kind.shelf)
            .filter(|home| home.group != call.kind.group || home.version != call.kind.version)
    {
        to(home, object);
    }
}

/// Takes away what the schema does not know, and adds what it says by default.
fn complete(schema: Option<&Schema>, object: &mut Value) {
    if let Some(schema) = schema {
        schema.prune(object);
        schema.default_in_place(object);
    }
}

fn to(kind: &Kind, object: &mut Value) {
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

fn event(map: &mut Map<String, Value>, to_core: bool) {
    for (core, other) in EVENT_FIELDS {
        let (from, to) = if to_core { (other, core) } else { (core, other) };
        if let Some(value) = map.remove(*from) {
            map.insert((*to).into(), value);
        }
    }
}
