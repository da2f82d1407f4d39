//! The order of a component's manifests.

use std::cmp::Ordering;

use crate::tree::Tree;

/// What resources are sorted by, in byte order: kind, API version, namespace and name.
const KEYS: [&[&str]; 4] = [&["kind"], &["apiVersion"], &["metadata", "namespace"], &["metadata", "name"]];

/// Which of two objects comes first. Few are of one kind, so the later keys are seldom looked up.
pub(crate) fn compare(a: &Tree, b: &Tree) -> Ordering {
    let by = |path: &&[&str]| a.text_at(path).unwrap_or_default().cmp(b.text_at(path).unwrap_or_default());
    KEYS.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
