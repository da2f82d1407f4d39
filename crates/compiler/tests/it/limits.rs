//! Input that is too large, too deep or too slow ends with an error.

use compiler::Compiler;
use compiler::patch::{self, Op, Path};
use compiler::tree::Tree;
use rstest::rstest;
use serde_json::{Value, json};

use crate::sample::Sample;

/// The error of the sample with an expression in a ConfigMap, and of its check.
fn failure_of(expression: &str) -> (String, String) {
    let mut sample = Sample::new();
    sample.type_spec["resources"][1]["template"]["data"]["level"] = json!(format!("${{{expression}}}"));
    let checked = compiler::check::component_type("x", &sample.type_spec);
    let problems = sample.compile(&Compiler::new()).unwrap_err();
    (problems.to_string(), checked.problems.first().map(|problem| problem.message.clone()).unwrap_or_default())
}

#[rstest]
#[case("a megabyte", "1 + ".repeat(250_000) + "1", "expression code point size exceeds limit", true)]
#[case("nested lists", "[".repeat(10_000) + &"]".repeat(10_000), "", true)]
#[case("nested calls", "size(".repeat(10_000) + "'a'" + &")".repeat(10_000), "", true)]
#[case("a long sum", "1".to_owned() + &" + 1".repeat(20_000), "", true)]
#[case("a tower of loops", tower(6), "cost limit exceeded", false)]
#[case("a text doubled and doubled", doubled(60), "cost limit exceeded", false)]
#[case("an endless pattern", "'a'.matches('((a{100}){100}){100}')".to_owned(), "error parsing regexp", false)]
fn bombs_in_expressions_end_with_an_error(
    #[case] name: &str,
    #[case] expression: String,
    #[case] expected: &str,
    #[case] seen_before_it_runs: bool,
) {
    let (rendered, checked) = failure_of(&expression);
    assert!(rendered.contains(expected), "{name}: {}", &rendered[..rendered.len().min(500)]);
    assert_eq!(!checked.is_empty(), seen_before_it_runs, "{name}");
    assert!(checked.contains(expected) || !seen_before_it_runs, "{name}: {}", &checked[..checked.len().min(500)]);
}

/// Loops over ten items inside loops over ten items, in each of which every item is a list of ten again.
fn tower(height: usize) -> String {
    let ten = "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1]";
    (0..height).fold("1".to_owned(), |body, at| format!("{ten}.map(v{at}, {ten}.map(w{at}, {body}))"))
}

fn doubled(times: usize) -> String {
    format!("['0123456789']{}[0]", ".map(t, t + t)".repeat(times))
}

#[test]
fn a_pattern_that_backtracks_elsewhere_takes_no_time_here() {
    let mut sample = Sample::new();
    let subject = "a".repeat(5_000);
    sample.type_spec["resources"][1]["template"]["data"]["level"] =
        json!(format!("${{string('{subject}!'.matches('^(a+)+$'))}}"));
    let rendered = sample.compile(&Compiler::new()).unwrap();
    assert_eq!(rendered.resources[0].object["data"]["level"], "false");
}

#[test]
fn references_in_circles_end_with_an_error() {
    let mut sample = Sample::new();
    sample.type_spec["parameters"]["openAPIV3Schema"] = json!({
        "type": "object", "properties": {"level": {"$ref": "#/$defs/A"}, "replicas": {"type": "integer"}},
        "$defs": {"A": {"type": "object", "properties": {"b": {"$ref": "#/$defs/B"}}}, "B": {"$ref": "#/$defs/A"}},
    });
    assert_eq!(
        sample.compile(&Compiler::new()).unwrap_err().to_string(),
        "failed to build component context: failed to build schemas: failed to create parameters schema: failed to resolve $ref: circular $ref: A → B → A"
    );
    assert_eq!(compiler::check::component_type("x", &sample.type_spec).problems[0].message, "circular $ref: A → B → A");
}

#[test]
fn references_that_multiply_end_with_an_error() {
    let mut definitions = serde_json::Map::new();
    definitions.insert("d0".into(), json!({"type": "string"}));
    for at in 1..40 {
        let below = json!({"$ref": format!("#/$defs/d{}", at - 1)});
        definitions.insert(format!("d{at}"), json!({"type": "object", "properties": {"a": below, "b": below}}));
    }
    let mut sample = Sample::new();
    sample.type_spec["parameters"]["openAPIV3Schema"] =
        json!({"type": "object", "properties": {"level": {"$ref": "#/$defs/d39"}}, "$defs": definitions});
    let problems = sample.compile(&Compiler::new()).unwrap_err();
    assert!(problems.to_string().contains("the schema has more than 100000 nodes"), "{problems}");
}

#[test]
fn a_loop_over_more_than_there_is_room_for_ends_with_an_error() {
    let mut sample = Sample::new();
    sample.type_spec["resources"][1]["forEach"] = json!("${lists.range(100000000)}");
    assert!(sample.compile(&Compiler::new()).is_err());
}

#[test]
fn a_patch_path_cannot_nest_without_end() {
    let message = "path has more than 500 segments";
    assert_eq!(Path::parse(&"/a".repeat(501)).unwrap_err().to_string(), message);
    assert_eq!(Path::parse(&"[0]".repeat(100_000)).unwrap_err().to_string(), message);
    let mut object = Tree::from(&json!({}));
    patch::apply(&mut object, Op::Add, &Path::parse(&"/a".repeat(500)).unwrap(), &Tree::from(&json!(1))).unwrap();
    assert!(object.to_json().is_ok());
}

#[test]
fn a_patch_of_too_many_places_ends_with_an_error() {
    let list: Value = vec![Value::from(vec![1; 50]); 50].into();
    let mut object = Tree::from(&json!({"a": vec![list; 50]}));
    let path = Path::parse("/a[*][*][*]").unwrap();
    assert_eq!(
        patch::apply(&mut object, Op::Remove, &path, &Tree::Null).unwrap_err().to_string(),
        "path \"/a[*][*][*]\" matches more than 65536 places"
    );
}

/// What is read from outside is JSON or YAML text, and neither can be so deep.
#[test]
fn documents_cannot_nest_without_end() {
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    assert!(serde_json::from_str::<Value>(&deep).is_err());
    assert!(serde_saphyr::from_str::<Value>(&deep).is_err());
}

#[rstest]
#[case("proto", "message A { ".repeat(50_000))]
#[case("proto", "service S { rpc M (".repeat(20_000))]
#[case("openapi", "{a: ".repeat(10_000))]
#[case("openapi", yaml_of_aliases())]
fn interface_definitions_that_explode_give_no_routes(#[case] kind: &str, #[case] content: String) {
    let mut sample = Sample::new();
    sample.workload["endpoints"]["http"]["schema"] = json!({"type": kind, "content": content});
    sample.type_spec["resources"][1]["template"]["data"]["level"] =
        json!("${string(workload.toEndpointResources('http').hasValue())}");
    let rendered = sample.compile(&Compiler::new()).unwrap();
    assert_eq!(rendered.resources[0].object["data"]["level"], "false");
}

/// A document of a few lines that would be ten to the twentieth of nodes.
fn yaml_of_aliases() -> String {
    let mut text = "a0: &a0 [x]\n".to_owned();
    for at in 1..20 {
        let below = format!("*a{}", at - 1);
        text.push_str(&format!("a{at}: &a{at} [{}]\n", vec![below; 10].join(", ")));
    }
    text + "paths: *a19\n"
}

#[test]
fn a_spec_of_many_mistakes_is_told_in_part() {
    let mut sample = Sample::new();
    let data: serde_json::Map<_, _> = (0..5_000).map(|n| (format!("k{n:04}"), json!("${nothing}"))).collect();
    sample.type_spec["resources"][1]["template"]["data"] = data.into();
    let checked = compiler::check::component_type("x", &sample.type_spec);
    let shown = checked.to_string();
    assert_eq!(checked.problems.len(), 5_000);
    assert_eq!(shown.matches("error[").count(), 50);
    assert!(shown.contains("\nand 4950 more errors\n") && shown.ends_with("5000 errors, 1 warning\n"), "{shown}");
}
