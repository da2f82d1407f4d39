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
