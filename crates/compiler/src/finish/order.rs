//! The order of a component's manifests.

use crate::tree::Tree;

/// Kind, API version, namespace and name: resources are sorted by these, in byte order.
pub(crate) fn sort_key(object: &Tree) -> (&str, &str, &str, &str) {
    let text = |path: &[&str]| object.text_at(path).unwrap_or_default();
    (text(&["kind"]), text(&["apiVersion"]), text(&["metadata", "namespace"]), text(&["metadata", "name"]))
}
