//! Tables: an object, what is said of it.

use serde_json::{Value, json};

use super::{complete, judge};

fn said(kind: &str, spec: &Value) -> Vec<String> {
    let object = json!({"metadata": {"name": "x"}, "spec": spec});
    judge(kind, None, &object).errors.iter().map(ToString::to_string).collect()
}

fn release(parameters: &Value) -> Value {
    let schema = json!({"openAPIV3Schema": {
        "type": "object", "required": ["tier"],
        "properties": {"tier": {"type": "string", "enum": ["gold", "silver"]}, "port": {"type": "integer", "default": 1}},
    }});
    json!({
        "componentType": {"spec": {"workloadType": "deployment", "parameters": schema}},
        "componentProfile": {"parameters": parameters},
        "workload": {"container": {"image": "i"}},
    })
}

#[test]
fn a_trait_instance_has_a_name_of_its_own() {
    let spec = json!({"traits": [{"instanceName": "a"}, {"instanceName": "a"}, {"instanceName": "b"}]});
    assert_eq!(said("Component", &spec), ["spec.traits[1].instanceName: Duplicate value: \"a\""]);
}

#[test]
fn parameters_of_a_release_fit_its_type() {
    let why = |parameters: Value| said("ComponentRelease", &release(&parameters));
    let start = "spec.componentProfile.parameters: Invalid value: parameters do not match ComponentType schema:";
    assert_eq!(why(json!({"tier": "gold"})), [] as [String; 0]);
    assert_eq!(why(json!({"tier": "iron"})), [format!("{start} tier should be one of [gold silver]")]);
    assert_eq!(why(json!({})), [format!("{start} .tier is required")]);
    assert_eq!(
        why(json!({"tier": "gold", "port": "x"})),
        [format!("{start} port must be of type integer: \"string\"")]
    );
    let mut without = release(&json!({}));
    without.as_object_mut().map(|spec| spec.remove("componentProfile"));
    assert_eq!(said("ComponentRelease", &without), [format!("{start} .tier is required")]);
}

#[test]
fn a_release_uses_only_traits_that_were_frozen_with_it() {
    let mut spec = release(&json!({"tier": "gold"}));
    spec["componentProfile"]["traits"] = json!([{"kind": "Trait", "name": "t", "instanceName": "a"}]);
    assert_eq!(
        said("ComponentRelease", &spec),
        [
            "spec.componentProfile.traits[0].name: Invalid value: \"t\": Trait \"t\" is referenced in componentProfile but not found in traits snapshot"
        ]
    );
}

#[test]
fn a_type_makes_the_workload_that_it_declares() {
    let template = |kind: &str| json!({"id": kind, "template": {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "${metadata.name}"}}});
    let spec = json!({"workloadType": "deployment", "resources": [template("StatefulSet")]});
    assert_eq!(
        said("ComponentType", &spec)[..2],
        [
            "spec.resources[0].template.kind: Forbidden: resource kind \"StatefulSet\" is a workload type that does not match the declared workloadType \"deployment\"; only one workload resource is allowed",
            "spec.resources: Required value: must have exactly one resource with kind matching workloadType \"deployment\"",
        ]
    );
}

#[test]
fn what_did_not_change_is_not_judged_again() {
    let object = json!({"metadata": {"name": "x"}, "spec": {"traits": [{"instanceName": "a"}, {"instanceName": "a"}]}});
    assert_eq!(judge("Component", Some(&object), &object).errors, []);
}

#[test]
fn an_update_without_a_pin_keeps_the_pin() {
    let old = json!({"spec": {"releaseName": "r-1"}});
    let mut object = json!({"spec": {"state": "Undeploy"}});
    complete("ReleaseBinding", Some(&old), &mut object);
    assert_eq!(object, json!({"spec": {"state": "Undeploy", "releaseName": "r-1"}}));
}
