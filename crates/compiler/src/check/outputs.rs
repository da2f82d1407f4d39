//! Outputs and readiness of resource types: read from resources that the type makes.

use std::fmt::Write as _;

use super::expressions::{expressions, problem};
use super::reads::reads;
use super::{Checked, controls, hint};
use crate::problem::{Code, Place};
use crate::program::{OutputSource, SharedTypeProgram};
use crate::template::Template;

/// Tells outputs without a source, and those that read a manifest that there is not.
pub(super) fn outputs(program: &SharedTypeProgram, place: &Place, checked: &mut Checked) {
    let ids: Vec<&str> = program.resources.iter().map(|resource| &*resource.id).collect();
    for (at, resource) in program.resources.iter().enumerate() {
        let place = place.below(&format!("spec.resources[{at}].readyWhen"));
        controls::condition(resource.ready_when.as_ref(), &place, checked);
        resource.ready_when.iter().for_each(|rule| applied(rule, &ids, &place, checked));
    }
    for (at, output) in program.outputs.iter().enumerate() {
        let place = place.below(&format!("spec.outputs[{at}]"));
        if program.outputs[..at].iter().any(|other| other.name == output.name) {
            checked.add(Code::Output, &place.below("name"), format!("the output {:?} is given twice", output.name));
        }
        let templates = match &output.source {
            OutputSource::Value(value) => vec![(value, "value")],
            OutputSource::Secret { name, key } => vec![(name, "secretKeyRef.name"), (key, "secretKeyRef.key")],
            OutputSource::ConfigMap { name, key } => vec![(name, "configMapKeyRef.name"), (key, "configMapKeyRef.key")],
            OutputSource::None => {
                let message = format!("output {:?} has no source: value, secretKeyRef or configMapKeyRef", output.name);
                checked.add(Code::Output, &place, message);
                continue;
            }
        };
        for (template, field) in templates {
            expressions(template, &place.below(field), checked);
            applied(template, &ids, &place.below(field), checked);
        }
    }
}

/// `applied.ID` must name a manifest of the type.
fn applied(template: &Template, ids: &[&str], place: &Place, checked: &mut Checked) {
    template.each_expression(&mut |_, expression| {
        let Ok(program) = expression.program() else { return };
        let mut found = Vec::new();
        reads(&program.ast().root, &mut found);
        let mut unknown: Vec<&str> = found
            .iter()
            .filter(|read| read[0] == "applied")
            .filter_map(|read| read.get(1))
            .map(String::as_str)
            .filter(|id| !ids.contains(id))
            .collect();
        unknown.dedup();
        for id in unknown {
            let mut message = format!("applied.{id} names no resource of this type");
            if let Some(near) = hint::nearest(id, ids.iter().copied()) {
                let _ = write!(message, "; did you mean {near}?");
            }
            problem(Code::Output, place, expression, None, message, checked);
        }
    });
}
