//! The operations of a patch, as far as they can be judged without what they change.

use super::Checked;
use super::expressions::expressions;
use crate::patch::{Op, Path};
use crate::problem::{Code, Place};
use crate::program::Operation;
use crate::template::Template;

/// Tells operations that there are not, paths that do not parse, and values that are missing or are not read.
pub(super) fn alone(operations: &[Operation], place: &Place, checked: &mut Checked) {
    for (at, operation) in operations.iter().enumerate() {
        let place = place.below(&format!("operations[{at}]"));
        match Op::parse(&operation.op) {
            Err(error) => checked.add(Code::Spec, &place.below("op"), error.to_string()),
            Ok(Op::Remove) if operation.value.is_some() => {
                checked.add(Code::Spec, &place.below("value"), "a remove operation takes no value");
            }
            Ok(Op::Remove) => {}
            Ok(op) if operation.value.is_none() => {
                let message = format!("{} {} operation needs a value", article(op), op.name());
                checked.add(Code::Spec, &place.below("value"), message);
            }
            Ok(_) => {}
        }
        path(operation, &place.below("path"), checked);
        operation.value.iter().for_each(|value| expressions(value, &place.below("value"), checked));
    }
}

fn article(op: Op) -> &'static str {
    if op == Op::Add { "an" } else { "a" }
}

fn path(operation: &Operation, place: &Place, checked: &mut Checked) {
    expressions(&operation.path, place, checked);
    if operation.path_text.is_empty() {
        checked.add(Code::Spec, place, "an operation needs a path");
        return;
    }
    if !matches!(operation.path, Template::Literal(_)) {
        return;
    }
    match Path::parse(&operation.path_text) {
        Ok(path) if path.steps().is_empty() => {
            checked.add(Code::Patch, place, "a patch cannot be applied to the whole object");
        }
        Ok(_) => {}
        Err(error) => checked.add(Code::Patch, place, error.to_string()),
    }
}
