//! Answers of a template engine: those whose whole text is one `${expression}`.

use serde_json::Value as Json;

use super::Outcome;
use crate::{Env, Issue, Numbers, Type, Value, libraries};

pub(super) fn run(case: &Json) -> Outcome {
    let Some(source) = case.get("tpl").and_then(Json::as_str).and_then(whole_expression) else {
        return Outcome::Skipped;
    };
    if of_the_host(source) || leaks(case) {
        return Outcome::Skipped;
    }
    match judge(case, source) {
        Ok(()) => Outcome::Passed,
        Err(why) => Outcome::Failed(format!("{source}: {why}")),
    }
}

/// Functions that the host of the language added.
fn of_the_host(source: &str) -> bool {
    ["oc_", "toVolumes", "toEndpointResources"].iter().any(|name| source.contains(name))
}

/// Results in which the recorded engine shows its insides.
fn leaks(case: &Json) -> bool {
    let optional = case.get("tpl").and_then(Json::as_str).is_some_and(|tpl| tpl.starts_with("${optional.of({"));
    let adapter = case.get("val").is_some_and(|value| value.to_string().contains("\"Adapter\""));
    optional || adapter
}

/// The expression of a text that is `${expression}` and nothing else.
fn whole_expression(template: &str) -> Option<&str> {
    let template = template.trim();
    let inner = template.strip_prefix("${")?;
    let (mut depth, mut quote, mut escaped) = (1_u32, None, false);
    for (at, c) in inner.char_indices() {
        match (quote, c) {
            (Some(_), '\\') => escaped = !escaped,
            (Some(open), c) if c == open && !escaped => quote = None,
            (Some(_), _) => escaped = false,
            (None, '\'' | '"') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') => {
                depth -= 1;
                if depth == 0 {
                    return (at + 1 == inner.len()).then(|| inner.get(..at)).flatten();
                }
            }
            _ => {}
        }
    }
    None
}

fn judge(case: &Json, source: &str) -> Result<(), String> {
    let inputs = case.get("in").and_then(Json::as_object);
    let mut builder = Env::builder()
        .libraries([
            libraries::strings(),
            libraries::encoders(),
            libraries::math(),
            libraries::lists(),
            libraries::sets(),
            libraries::optionals(),
            libraries::two_variables(),
        ])
        .optional_syntax(true);
    for name in inputs.into_iter().flatten().map(|(name, _)| name) {
        builder = builder.variable(name, Type::Dyn);
    }
    let env = builder.build();
    let mut activation = env.activation();
    for (name, json) in inputs.into_iter().flatten() {
        activation.set(name, Value::from_json(json, Numbers::AsDouble));
    }
    let expected_error = case.get("err").and_then(Json::as_str);
    let found = match env.compile(source) {
        Err(issues) => Err(compile_error(source, &issues)),
        Ok(program) => {
            program.eval(&activation).map_err(|error| format!("CEL evaluation error in expression '{source}': {error}"))
        }
    };
    match (found, expected_error) {
        (Err(error), Some(expected)) if same_error(&error, expected) => Ok(()),
        (Err(error), Some(expected)) => Err(format!("fails with\n    {error}\n  expected\n    {expected}")),
        (Err(error), None) => Err(format!("fails: {error}")),
        (Ok(value), Some(expected)) => Err(format!("gives {value}, expected {expected}")),
        (Ok(value), None) => same_value(case, &value),
    }
}

fn compile_error(source: &str, issues: &[Issue]) -> String {
    let first = issues.first().map(Issue::headline).unwrap_or_default();
    format!("CEL compilation error in expression '{source}': {first}")
}

/// Recorded texts are cut after 200 characters.
fn same_error(found: &str, expected: &str) -> bool {
    found == expected || expected.chars().count() >= 180 && found.starts_with(expected)
}

fn same_value(case: &Json, value: &Value) -> Result<(), String> {
    let found = value.to_json();
    if case.get("unmarshalable").is_some() {
        return found.map_or(Ok(()), |json| Err(format!("gives {json}, expected no JSON form")));
    }
    let found = found.map_err(|error| error.to_string())?;
    let expected = case.get("val").unwrap_or(&Json::Null);
    let kind = case.get("goType").and_then(Json::as_str).unwrap_or("");
    let fits = match kind {
        "int64" => matches!(value, Value::Int(_)) || matches!(value, Value::Optional(Some(_))),
        "float64" => matches!(value, Value::Double(_)),
        "bool" => matches!(value, Value::Bool(_)),
        "[]uint8" => matches!(value, Value::Bytes(_)),
        _ => true,
    };
    if !fits {
        return Err(format!("gives {value} of type {}, expected {kind}", value.type_name()));
    }
    if equal(&found, expected) { Ok(()) } else { Err(format!("gives {found}, expected {expected}")) }
}

/// Numbers by value, and the recorded engine's `0` for null.
fn equal(found: &Json, expected: &Json) -> bool {
    match (found, expected) {
        (Json::Null, Json::Number(number)) => number.as_i64() == Some(0),
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| equal(value, other)))
        }
        (a, b) => a == b,
    }
}
