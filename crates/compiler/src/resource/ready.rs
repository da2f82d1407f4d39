//! Whether a manifest is ready, by the rule of the resource type.

use crate::problem::{Code, Place, Problem};
use crate::program::SharedTypeProgram;
use crate::template::Bindings;
use crate::tree::Tree;

pub(super) fn is_ready(
    program: &SharedTypeProgram,
    id: &str,
    applied: &Bindings,
    place: &Place,
) -> Option<Result<bool, Problem>> {
    let (at, resource) = program.resources.iter().enumerate().find(|(_, resource)| *resource.id == *id)?;
    let rule = resource.ready_when.as_ref()?;
    let place = place.below(&format!("spec.resources[{at}].readyWhen"));
    Some(match rule.evaluate(applied) {
        Ok(Tree::Bool(ready)) => Ok(ready),
        Ok(other) => {
            Err(Problem::new(Code::Type, &place, format!("readyWhen must evaluate to bool, got {}", other.type_name())))
        }
        Err(error) => Err(Problem::template(&place, "", &error)),
    })
}
