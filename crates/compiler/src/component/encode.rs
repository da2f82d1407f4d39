//! Manifests as JSON.

use super::Item;
use crate::output::{RenderedResource, id_of};
use crate::problem::{Code, Place, Problem, Problems, Stage};
use crate::tree::Tree;

/// The manifests, or those that JSON has no form for.
pub(super) fn encode(items: Vec<Item>) -> Result<Vec<RenderedResource>, Problems> {
    let mut resources = Vec::with_capacity(items.len());
    let mut problems = Vec::new();
    for (at, item) in items.into_iter().enumerate() {
        // Taken before the tree becomes JSON, for the case that it does not.
        let text = |path: &[&str]| path.iter().try_fold(&item.tree, |tree, key| tree.get(key)).cloned();
        let (kind, name) = (text(&["kind"]), text(&["metadata", "name"]));
        match item.tree.into_json() {
            Ok(object) => resources.push(RenderedResource { target_plane: item.plane, object }),
            Err(error) => {
                let kind = kind.as_ref().and_then(Tree::as_text);
                let name = name.as_ref().and_then(Tree::as_text);
                let message = format!(
                    "failed to convert {} resources: failed to marshal resource to JSON (resourceID: {}): {error}",
                    item.plane,
                    id_of(kind, name, at),
                );
                let place = Place::new(format!("{}/{}", kind.unwrap_or_default(), name.unwrap_or_default()), "");
                problems.push(Problem::new(Code::Encoding, &place, message));
            }
        }
    }
    if problems.is_empty() { Ok(resources) } else { Err(Problems::new(Stage::Encode, problems)) }
}
