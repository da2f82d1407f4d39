//! A resource's outputs, from what the plane reported.

use crate::output::{OutputKeyRef, ResolvedOutput, ResolvedOutputs, ResolvedValue};
use crate::problem::{Code, Place, Problem};
use crate::program::{OutputSource, SharedTypeProgram};
use crate::template::{Bindings, Template};
use crate::tree::Tree;

/// Every output by itself: one that fails does not keep the others back.
pub(super) fn resolve(program: &SharedTypeProgram, applied: &Bindings, place: &Place) -> ResolvedOutputs {
    let mut resolved = ResolvedOutputs::default();
    for (at, output) in program.outputs.iter().enumerate() {
        let place = place.below(&format!("spec.outputs[{at}]"));
        let prefix = format!("output {:?}: ", output.name);
        let key_ref = |name: &Template, key: &Template, field: &str| {
            let name = text(name, applied, &place.below(&format!("{field}.name")), &format!("{prefix}name: "))?;
            let key = text(key, applied, &place.below(&format!("{field}.key")), &format!("{prefix}key: "))?;
            Ok(OutputKeyRef { name, key })
        };
        let value = match &output.source {
            OutputSource::Value(template) => {
                text(template, applied, &place.below("value"), &prefix).map(ResolvedValue::Value)
            }
            OutputSource::Secret { name, key } => key_ref(name, key, "secretKeyRef").map(ResolvedValue::SecretKeyRef),
            OutputSource::ConfigMap { name, key } => {
                key_ref(name, key, "configMapKeyRef").map(ResolvedValue::ConfigMapKeyRef)
            }
            OutputSource::None => {
                let message = format!("{prefix}no source kind set (value, secretKeyRef, or configMapKeyRef)");
                Err(Problem::new(Code::Spec, &place, message))
            }
        };
        match value {
            Ok(value) => resolved.outputs.push(ResolvedOutput { name: output.name.clone(), value }),
            Err(problem) => resolved.problems.push(problem),
        }
    }
    resolved
}

fn text(template: &Template, applied: &Bindings, place: &Place, prefix: &str) -> Result<String, Problem> {
    match template.evaluate(applied) {
        Ok(Tree::Text(text)) => Ok(text.to_string()),
        Ok(other) => {
            Err(Problem::new(Code::Type, place, format!("{prefix}expected string, got {}", other.type_name())))
        }
        Err(error) => Err(Problem::template(place, prefix, &error)),
    }
}
