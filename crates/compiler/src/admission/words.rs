//! Findings as field errors, in the words that users of v1.2 know.

use schema::{ErrorKind, FieldError};
use serde_json::Value;

use crate::problem::{Code, Problem};

/// Adds what is told of a problem.
pub(super) fn errors(problem: Problem, path: String, spec: &Value, errors: &mut Vec<FieldError>) {
    let missing = problem.code == Code::Manifest && problem.message.ends_with(" is required in resource template");
    if missing {
        return errors.push(FieldError { kind: ErrorKind::Required, path, value: None, detail: problem.message });
    }
    let mut value = problem.place.expression.clone().map(Value::from);
    if problem.code == Code::Manifest {
        value = at(spec, &path).cloned();
        if value.is_none() {
            return errors.push(FieldError { kind: ErrorKind::Required, path, value: None, detail: problem.message });
        }
        if problem.message.starts_with("metadata.namespace must be set") {
            // Once as for every template, once as for workflows, which must have it.
            let detail = "if metadata.namespace is specified, it must be \"${metadata.namespace}\"".to_owned();
            errors.push(FieldError { kind: ErrorKind::Invalid, path: path.clone(), value: value.clone(), detail });
        }
    }
    errors.push(FieldError { kind: ErrorKind::Invalid, path, value, detail: problem.message });
}

/// The value at a path such as `spec.resources[0].template`, whose keys are plain.
fn at<'v>(spec: &'v Value, path: &str) -> Option<&'v Value> {
    let mut found = spec;
    for step in path.split(['.', '[', ']']).filter(|step| !step.is_empty()).skip(1) {
        found = match found {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?)?,
            other => other.get(step)?,
        };
    }
    Some(found)
}
