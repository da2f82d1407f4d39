use compiler::{Code, Compiler, Stage};
use serde_json::json;

use crate::sample::Sample;

#[test]
fn all_failing_fields_of_all_resources_are_told_with_their_places() {
    let mut sample = Sample::new();
    sample.type_spec["resources"][0]["template"]["spec"]["replicas"] = json!("${parameters.replica}");
    sample.type_spec["resources"][1]["template"]["data"]["level"] = json!("${nothing +}");
    sample.type_spec["resources"][1]["template"]["data"]["fixed"] = json!("a ${b ${c}}");
    let problems = sample.compile(&Compiler::new()).unwrap_err();
    assert_eq!(problems.stage(), Stage::Evaluate);
    let told: Vec<_> = problems
        .list()
        .iter()
        .map(|p| (p.code, p.place.object.as_str(), p.place.path.as_str(), p.place.expression.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (
                Code::Evaluation,
                "ComponentType deployment/small",
                "spec.resources[0].template.spec.replicas",
                Some("parameters.replica")
            ),
            (Code::Expression, "ComponentType deployment/small", "spec.resources[1].template.data.fixed", None),
            (
                Code::Expression,
                "ComponentType deployment/small",
                "spec.resources[1].template.data.level",
                Some("nothing +")
            ),
        ]
    );
}

#[test]
fn more_than_fifty_problems_are_counted() {
    let mut sample = Sample::new();
    let data: serde_json::Map<_, _> = (0..70).map(|n| (format!("k{n:02}"), json!("${nothing}"))).collect();
    sample.type_spec["resources"][1]["template"]["data"] = data.into();
    let problems = sample.compile(&Compiler::new()).unwrap_err();
    assert_eq!((problems.list().len(), problems.more()), (50, 20));
    assert!(problems.to_string().ends_with("; and 20 more"));
}

#[test]
fn a_spec_of_the_wrong_shape_is_an_error_with_its_reason() {
    let mut sample = Sample::new();
    sample.type_spec["resources"] = json!("none");
    let problems = sample.compile(&Compiler::new()).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "the spec of ComponentType deployment/small cannot be read: invalid type: string \"none\", expected a sequence"
    );
}

#[test]
fn expressions_that_would_not_end_stop_with_an_error() {
    let mut sample = Sample::new();
    let tower = "lists.range(1000).map(a, lists.range(1000).map(b, lists.range(1000).map(c, a + b + c)))";
    sample.type_spec["resources"][1]["template"]["data"]["level"] = json!(format!("${{{tower}}}"));
    assert!(sample.compile(&Compiler::new()).is_err());
}

/// Of two things that are wrong the one that comes first in the flow is told: values, rules of the type, its templates,
/// then for each trait in turn its values, rules and templates, then the rules on what was rendered, the type's first.
#[test]
fn what_is_wrong_is_told_in_the_order_of_the_flow() {
    let broken = |message: &str| json!([{"rule": "${false}", "message": message}]);
    let on_config = |message: &str| json!([{"target": {"version": "v1", "kind": "ConfigMap"}, "rule": "${false}", "message": message}]);
    let mut sample = Sample::new();
    let fine = sample.clone();
    sample.parameters = json!({"replicas": "many"});
    sample.type_spec["preRenderValidations"] = broken("a rule of the type");
    sample.type_spec["resources"][0]["template"]["spec"]["replicas"] = json!("${parameters.none}");
    sample.type_spec["postRenderValidations"] = on_config("a rule of the type on what was rendered");
    sample.traits[0].parameters = Some(json!({}));
    let spec = &mut sample.trait_specs[0].1;
    spec["preRenderValidations"] = broken("a rule of the trait");
    spec["creates"][0]["template"]["spec"]["size"] = json!("${parameters.nothing}");
    spec["postRenderValidations"] = on_config("a rule of the trait on what was rendered");
    let told = |sample: &Sample| sample.compile(&Compiler::new()).unwrap_err().to_string();

    let mut seen = vec![told(&sample)];
    sample.parameters = fine.parameters.clone();
    seen.push(told(&sample));
    sample.type_spec["preRenderValidations"] = json!([]);
    seen.push(told(&sample));
    sample.type_spec["resources"] = fine.type_spec["resources"].clone();
    seen.push(told(&sample));
    sample.traits = fine.traits.clone();
    seen.push(told(&sample));
    sample.trait_specs[0].1["preRenderValidations"] = json!([]);
    seen.push(told(&sample));
    sample.trait_specs[0].1["creates"] = fine.trait_specs[0].1["creates"].clone();
    seen.push(told(&sample));
    sample.type_spec["postRenderValidations"] = json!([]);
    seen.push(told(&sample));
    let expected = [
        "parameters validation failed",
        "a rule of the type",
        "no such key: none",
        "parameters validation failed",
        "a rule of the trait",
        "no such key: nothing",
        "a rule of the type on what was rendered",
        "a rule of the trait on what was rendered",
    ];
    for (seen, expected) in seen.iter().zip(expected) {
        assert!(seen.contains(expected), "{expected}: {seen}");
    }
    assert!(seen[6].find(expected[6]) < seen[6].find(expected[7]), "{}", seen[6]);
    sample.trait_specs[0].1["postRenderValidations"] = json!([]);
    assert!(sample.compile(&Compiler::new()).is_ok());
}
