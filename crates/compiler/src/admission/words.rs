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
    if problem.code == Code::Expression && problem.message.starts_with("ERROR: ") {
        return errors.push(expression(&problem, &path, spec));
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

/// An expression that does not compile: the whole text of its field, then what is wrong with it.
fn expression(problem: &Problem, path: &str, spec: &Value) -> FieldError {
    let source = problem.place.expression.as_deref().unwrap_or_default();
    let text = at(spec, path).and_then(Value::as_str).map_or_else(|| format!("${{{source}}}"), str::to_owned);
    let stage = if problem.message.contains(": Syntax error") { "parse error" } else { "type check error" };
    let about = match path.rsplit('.').next() {
        Some(field @ ("rule" | "includeWhen")) => format!("{field} must return boolean"),
        _ => format!("invalid CEL expression '{source}'"),
    };
    FieldError::invalid(bracketed(path), text.into(), format!("{about}: {stage}: {}", problem.message))
}

/// The path with each key inside a template in brackets: `spec.resources[0].template[metadata][name]`.
fn bracketed(path: &str) -> String {
    let Some((before, inside)) = path.split_once(".template.") else { return path.to_owned() };
    let keys: String = steps(inside).iter().map(|key| format!("[{key}]")).collect();
    format!("{before}.template{keys}")
}

/// The keys and indices of a path; keys that are no plain words stand in brackets and quotes.
fn steps(path: &str) -> Vec<&str> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (step, after) = match rest.strip_prefix("[\"") {
            Some(inside) => inside.split_once("\"]").unwrap_or((inside, "")),
            None => match rest.strip_prefix('[') {
                Some(inside) => inside.split_once(']').unwrap_or((inside, "")),
                None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
            },
        };
        steps.push(step);
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    steps
}

/// The value at a path such as `spec.resources[0].template`.
fn at<'v>(spec: &'v Value, path: &str) -> Option<&'v Value> {
    steps(path).into_iter().skip(1).try_fold(spec, |found, step| match found {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    })
}
