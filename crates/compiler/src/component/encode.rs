//! Manifests as JSON.

use super::Item;
use super::base::describe;
use crate::output::{RenderedResource, manifest_id};
use crate::problem::{Code, Place, Problem, Problems, Stage};
use crate::tree::{Map, Tree};

/// The manifests, or those that JSON has no form for.
pub(super) fn encode(items: Vec<Item>) -> Result<Vec<RenderedResource>, Problems> {
    let mut resources = Vec::with_capacity(items.len());
    let mut problems = Vec::new();
    for (at, item) in items.into_iter().enumerate() {
        match item.tree.to_json() {
            Ok(object) => resources.push(RenderedResource { target_plane: item.plane, object }),
            Err(error) => {
                let message = format!(
                    "failed to convert {} resources: failed to marshal resource to JSON (resourceID: {}): {error}",
                    item.plane,
                    manifest_id(&head(&item.tree), at),
                );
                problems.push(Problem::new(Code::Encoding, &Place::new(describe(&item.tree), ""), message));
            }
        }
    }
    if problems.is_empty() { Ok(resources) } else { Err(Problems::new(Stage::Encode, problems)) }
}

/// The part of an object that its id is made of.
fn head(tree: &Tree) -> serde_json::Value {
    let name = tree.text_at(&["metadata", "name"]).map_or(Tree::Null, Tree::text);
    let kind = tree.text_at(&["kind"]).map_or(Tree::Null, Tree::text);
    let metadata: Map = [("name", name)].into_iter().collect();
    let head: Map = [("kind", kind), ("metadata", Tree::Map(metadata))].into_iter().collect();
    Tree::Map(head).to_json().unwrap_or_default()
}
