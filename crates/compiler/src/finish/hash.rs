//! The resource hash: an annotation on the pod template that changes when anything the pods may read changes.

use model::hash::safe_encode;

use super::{dump, order};
use crate::tree::{Map, Tree};

/// The annotation's name.
pub(crate) const ANNOTATION: &str = "openchoreo.dev/dp-resource-hash";

/// The kind whose pod template carries the hash, for the workload types that have one.
pub(crate) fn main_kind(workload_type: &str) -> Option<&'static str> {
    match workload_type.to_lowercase().as_str() {
        "deployment" => Some("Deployment"),
        "statefulset" => Some("StatefulSet"),
        _ => None,
    }
}

/// The hash of the data plane's resources other than `kind`; `None` where there are no others.
pub(crate) fn of<'t>(resources: impl Iterator<Item = &'t Tree>, kind: &str) -> Option<String> {
    let mut others: Vec<&Tree> = resources.filter(|object| object.text_at(&["kind"]) != Some(kind)).collect();
    if others.is_empty() {
        return None;
    }
    others.sort_by(|a, b| order::compare(a, b));
    Some(safe_encode(&dump::hash(&others).to_string()))
}

/// Puts the annotation on the workload's pod template, making what is missing above it. `false` where there is no `spec`.
pub(crate) fn annotate(workload: &mut Tree, hash: &str) -> bool {
    let Some(spec) = workload.as_map_mut().and_then(|o| o.get_mut("spec")).filter(|spec| spec.as_map().is_some())
    else {
        return false;
    };
    let mut node = spec;
    for key in ["template", "metadata", "annotations"] {
        let Some(map) = node.as_map_mut() else { return false };
        node = map.entry(key);
        if node.as_map().is_none() {
            *node = Tree::Map(Map::new());
        }
    }
    if let Some(map) = node.as_map_mut() {
        map.insert(ANNOTATION, Tree::text(hash));
    }
    true
}
