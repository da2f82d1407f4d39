//! Rendering the type's own resources.

use super::Item;
use crate::evaluate::{ControlError, each, holds};
use crate::finish::{Missing, missing_field};
use crate::origins::{self, Recorder, Writer};
use crate::problem::{Code, Place, Problem, Problems, Stage};
use crate::program::Resource;
use crate::template::{Bindings, Faults};
use crate::tree::Tree;

const REQUIRED: [Missing; 4] = [Missing::Kind, Missing::ApiVersion, Missing::Metadata, Missing::Name];

/// All resources in the type's order; all that is wrong with any of them.
pub(super) fn render(
    resources: &[Resource],
    bindings: &Bindings,
    place: &Place,
    recorder: &mut Option<Recorder>,
) -> Result<Vec<Item>, Problems> {
    let mut items = Vec::with_capacity(resources.len());
    let mut problems = Vec::new();
    for (at, resource) in resources.iter().enumerate() {
        let place = || place.below(&format!("spec.resources[{at}]"));
        if let Err(found) = render_one(resource, bindings, &place, &mut items, recorder) {
            problems.extend(found);
        }
    }
    if problems.is_empty() {
        return Ok(items);
    }
    Err(Problems::prefixed(Stage::Evaluate, "failed to render base resources: ".to_owned(), problems))
}

fn render_one(
    resource: &Resource,
    bindings: &Bindings,
    place: &dyn Fn() -> Place,
    items: &mut Vec<Item>,
    recorder: &mut Option<Recorder>,
) -> Result<(), Vec<Problem>> {
    let id = &resource.id;
    let control = |field: &str, error: &ControlError| {
        vec![error.problem(&place().below(field), &format!("failed to evaluate {field} for resource {id}: "))]
    };
    if !holds(resource.include_when.as_ref(), bindings).map_err(|error| control("includeWhen", &error))? {
        return Ok(());
    }
    let rounds = each(resource.for_each.as_deref(), bindings).map_err(|error| control("forEach", &error))?;
    let template = || place().below("template");
    for round in rounds.iter() {
        if let Some(recorder) = recorder {
            recorder.turn(resource.for_each.as_ref(), bindings);
        }
        let mut faults = Faults::new();
        let source = Some(&resource.template);
        let (tree, track) = origins::render(source, round, &mut faults, recorder.as_mut(), Writer::Template, template);
        if !faults.is_empty() {
            let place = template();
            let prefix = format!("failed to render template for resource {id}: ");
            return Err(faults.into_vec().iter().map(|fault| Problem::fault(&place, &prefix, fault)).collect());
        }
        if tree.as_map().is_none() {
            let message = format!("template must render to object for resource {id}, got {}", tree.type_name());
            return Err(vec![Problem::new(Code::Type, &template(), message)]);
        }
        if let Some(field) = missing_field(&tree, REQUIRED) {
            let message = format!("resource {id} missing required field '{field}'");
            return Err(vec![Problem::new(Code::Manifest, &template().below(&field.to_string()), message)]);
        }
        items.push(Item { plane: resource.target_plane.clone(), tree, track });
    }
    Ok(())
}

/// What a message calls a rendered object.
pub(super) fn describe(tree: &Tree) -> String {
    format!(
        "{}/{}",
        tree.text_at(&["kind"]).unwrap_or_default(),
        tree.text_at(&["metadata", "name"]).unwrap_or_default()
    )
}
