//! Types, traits and workflows checked alone: tables of mistakes, and how each looks to a person.

mod alone;
mod shipped;
mod together;

use compiler::check::{self, Checked};
use serde_json::Value;

/// A mistake: its name, where it is made, what is put there.
type Case = (&'static str, &'static str, Value);

/// What a person reads of each mistake, made one at a time in `base`.
fn table(base: &Value, check: impl Fn(&Value) -> Checked, cases: &[Case]) -> String {
    let clean = check(base);
    assert_eq!(clean, Checked::default(), "{clean}");
    let mut told = String::new();
    for (name, pointer, value) in cases {
        let mut spec = base.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        match spec.pointer_mut(parent).unwrap() {
            Value::Array(items) if key == "-" => items.push(value.clone()),
            Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
            other if value.is_null() => _ = other.as_object_mut().unwrap().remove(key),
            other => other[key] = value.clone(),
        }
        let checked = check(&spec);
        assert_ne!(checked, Checked::default(), "{name}");
        told.push_str(&format!("== {name}\n{checked}\n"));
    }
    told
}

fn check_object(object: &Value) -> Option<Checked> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let spec = &object["spec"];
    Some(match object["kind"].as_str()?.trim_start_matches("Cluster") {
        "ComponentType" => check::component_type(name, spec),
        "Trait" => check::trait_(name, spec),
        "ProjectType" => check::project_type(name, spec),
        "ResourceType" => check::resource_type(name, spec),
        "Workflow" if object["apiVersion"] == "openchoreo.dev/v1alpha1" => check::workflow(name, spec),
        _ => return None,
    })
}
