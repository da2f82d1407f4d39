//! `--set PATH=VALUE`: one field of a binding.

use crate::failure::Failure;
use crate::noun::nearest;
use serde_json::{Map, Value};

/// Sets a field of an object of this kind. A path that begins with neither `spec` nor `metadata` is one in `spec`;
/// numbers in brackets are places in lists. The field must be one that the kind has.
pub(crate) fn set(kind: &str, object: &mut Value, assignment: &str) -> Result<(), Failure> {
    let wrong = |text: String| Failure::Input(format!("--set {assignment}: {text}"));
    let Some((path, value)) = assignment.split_once('=') else {
        return Err(wrong("expected PATH=VALUE".into()));
    };
    let mut steps = steps(path).ok_or_else(|| wrong(format!("{path:?} is not a path of a field")))?;
    if !matches!(steps.first(), Some(Step::Member(first)) if first == "spec" || first == "metadata") {
        steps.insert(0, Step::Member("spec".into()));
    }
    known(kind, &steps).map_err(wrong)?;
    let mut here = object;
    for step in &steps {
        here = match step {
            Step::Member(name) => {
                if here.is_null() {
                    *here = Value::Object(Map::new());
                }
                let members =
                    here.as_object_mut().ok_or_else(|| wrong(format!("what has the field {name:?} is not a map")))?;
                members.entry(name.clone()).or_insert(Value::Null)
            }
            Step::Item(place) => {
                if here.is_null() {
                    *here = Value::Array(Vec::new());
                }
                let items =
                    here.as_array_mut().ok_or_else(|| wrong(format!("[{place}] is asked of what is not a list")))?;
                if *place == items.len() {
                    items.push(Value::Null);
                }
                let length = items.len();
                items
                    .get_mut(*place)
                    .ok_or_else(|| wrong(format!("the list has {length} items, so [{place}] is not its next")))?
            }
        };
    }
    *here = typed(value);
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Item(usize),
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
        if name.is_empty() {
            return None;
        }
        steps.push(Step::Member(name.to_owned()));
        while let Some(inside) = rest.strip_prefix('[') {
            let (place, after) = inside.split_once(']')?;
            steps.push(Step::Item(place.parse().ok()?));
            rest = after;
        }
        if !rest.is_empty() {
            return None;
        }
    }
    Some(steps)
}

/// Whether the kind's schema has such a field; below a free-form one everything is.
fn known(kind: &str, steps: &[Step]) -> Result<(), String> {
    let Some(row) = model::kind_row(kind) else { return Ok(()) };
    let definition = model::crd(row);
    let mut schema = definition.pointer("/spec/versions/0/schema/openAPIV3Schema");
    for step in steps {
        let Some(here) = schema else { return Ok(()) };
        schema = match step {
            Step::Item(_) => here.get("items"),
            Step::Member(name) => match here.get("properties").and_then(Value::as_object) {
                Some(properties) => match properties.get(name) {
                    Some(member) => Some(member),
                    None => {
                        let hint = match nearest(name, properties.keys().map(String::as_str)) {
                            Some(near) => format!("did you mean {near:?}?"),
                            None => format!("it has {}", properties.keys().cloned().collect::<Vec<_>>().join(", ")),
                        };
                        return Err(format!("{kind} has no field {name:?} there; {hint}"));
                    }
                },
                None => here.get("additionalProperties").filter(|schema| schema.is_object()),
            },
        };
    }
    Ok(())
}

/// A boolean, a number or null where the text is one; else a string.
fn typed(text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(value @ (Value::Bool(_) | Value::Number(_) | Value::Null)) => value,
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case("componentTypeEnvironmentConfigs.replicas=2", json!({"spec": {"componentTypeEnvironmentConfigs": {"replicas": 2}}}))]
    #[case("spec.state=Active", json!({"spec": {"state": "Active"}}))]
    #[case("spec.workloadOverrides.container.env[0].key=A=B", json!({"spec": {"workloadOverrides": {"container": {"env": [{"key": "A=B"}]}}}}))]
    #[case("metadata.labels.a=true", json!({"metadata": {"labels": {"a": true}}}))]
    fn a_field_is_set(#[case] assignment: &str, #[case] expected: Value) {
        let mut object = Value::Null;
        assert_eq!(set("ReleaseBinding", &mut object, assignment), Ok(()));
        assert_eq!(object, expected);
    }

    #[rstest]
    #[case("nope=1")]
    #[case("componentTypeEnvironmentConfig.replicas=1")]
    #[case("spec")]
    #[case("spec..x=1")]
    #[case("spec.state[0]=1")]
    #[case("spec.workloadOverrides.container.env[3].key=A")]
    fn a_field_that_there_is_not_is_refused(#[case] assignment: &str) {
        let mut object = json!({"spec": {"state": "Active"}});
        let refused = set("ReleaseBinding", &mut object, assignment).expect_err("refused");
        assert!(refused.to_string().starts_with(&format!("--set {assignment}: ")), "{refused}");
    }
}
