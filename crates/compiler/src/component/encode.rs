//! Manifests as JSON.

use super::Item;
use super::base::describe;
use crate::output::{RenderedResource, id_of};
use crate::problem::{Code, Place, Problem, Problems, Stage};

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
                    id_of(item.tree.text_at(&["kind"]), item.tree.text_at(&["metadata", "name"]), at),
                );
                problems.push(Problem::new(Code::Encoding, &Place::new(describe(&item.tree), ""), message));
            }
        }
    }
    if problems.is_empty() { Ok(resources) } else { Err(Problems::new(Stage::Encode, problems)) }
}
