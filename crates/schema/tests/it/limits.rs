//! Schemas and values that are too deep, too large or too slow end with an error.

use schema::{Definitions, Schema};
use serde_json::{Value, json};

fn told(schema: &Value) -> String {
    match Schema::parse_plain(schema) {
        Ok(_) => String::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    }
}

#[test]
fn a_schema_cannot_nest_without_end() {
    let of = |depth: usize| {
        (0..depth).fold(json!({"type": "string"}), |inner, _| json!({"type": "object", "properties": {"a": inner}}))
    };
    assert_eq!(told(&of(60)), "");
    assert!(told(&of(70)).contains("schemas nest deeper than 64 levels"), "{}", told(&of(70)));
    let lists = (0..1_000).fold(json!({"type": "string"}), |inner, _| json!({"type": "array", "items": inner}));
    assert!(told(&lists).contains("schemas nest deeper than 64 levels"));
    let choices = (0..1_000).fold(json!({"minimum": 1}), |inner, _| json!({"allOf": [inner]}));
    assert!(!told(&json!({"type": "integer", "allOf": [choices]})).is_empty());
}

#[test]
fn patterns_that_explode_are_refused() {
    for pattern in ["((a{100}){100}){100}", "(a{1000}){1000}", &"(".repeat(10_000), &"[a-z]{500}".repeat(3_000)] {
        let schema = json!({"type": "string", "pattern": pattern});
        let found = told(&schema);
        assert!(!found.is_empty(), "{}", &pattern[..pattern.len().min(40)]);
        assert!(found.len() < 10_000, "the message is {} long", found.len());
    }
}

#[test]
fn many_large_patterns_are_refused() {
    let large: serde_json::Map<_, _> = (0..700)
        .map(|at| (format!("p{at}"), json!({"type": "string", "pattern": format!("^[a-z]{{900}}\\pL{{9}}{at}$")})))
        .collect();
    let found = told(&json!({"type": "object", "properties": large}));
    assert!(found.contains("the patterns of the schema are too large together"), "{}", &found[..found.len().min(300)]);
}

#[test]
fn a_pattern_that_backtracks_elsewhere_takes_no_time_here() {
    let schema = Schema::parse_plain(&json!({"type": "string", "pattern": "^(a+)+$"})).unwrap();
    let text = "a".repeat(50_000) + "!";
    assert_eq!(schema.validate(&json!(text), None).len(), 1);
}

#[test]
fn rules_that_cost_too_much_end_with_an_error_of_their_field() {
    let schema = Schema::parse_plain(&json!({
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"type": "integer"}}},
        "x-kubernetes-validations": [
            {"rule": "self.a.all(x, self.a.all(y, self.a.all(z, x + y + z >= 0)))"},
            {"rule": "self.a.size() > 1000", "message": "is never asked"},
        ],
    }))
    .unwrap_or_else(|problems| panic!("{problems:?}"));
    let numbers: Vec<usize> = (0..300).collect();
    let errors: Vec<String> = schema.validate(&json!({"a": numbers}), None).iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "<nil>: Invalid value: \"object\": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: self.a.all(x, self.a.all(y, self.a.all(z, x + y + z >= 0)))"
        ]
    );
}

#[test]
fn references_in_circles_are_followed_as_far_as_the_value_goes() {
    let tree = json!({"tree": {"type": "object", "properties": {
        "name": {"type": "string", "default": "x"},
        "children": {"type": "array", "items": {"$ref": "#/components/schemas/tree"}},
    }}});
    let definitions = Definitions::parse(tree.as_object().unwrap()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let schema = definitions.schema("tree").unwrap();
    let mut value = (0..100).fold(json!({"children": [], "more": 1}), |inner, _| json!({"children": [inner]}));
    assert_eq!(schema.prune(&mut value).len(), 1);
    schema.default_in_place(&mut value);
    assert_eq!(schema.validate(&value, None), []);
    // A definition that is only itself.
    let circle = json!({"a": {"$ref": "#/components/schemas/b"}, "b": {"$ref": "#/components/schemas/a"}});
    if let Ok(definitions) = Definitions::parse(circle.as_object().unwrap()) {
        let schema = definitions.schema("a").unwrap();
        let mut value = json!({"x": [{}]});
        schema.prune(&mut value);
        schema.default_in_place(&mut value);
        let _ = schema.validate(&value, None);
    }
}

#[test]
fn defaults_inside_defaults_end() {
    let schema = (0..60).fold(json!({"type": "string", "default": "x"}), |inner, _| {
        json!({"type": "object", "default": {}, "properties": {"a": inner, "b": {"type": "string", "default": "y"}}})
    });
    let schema = Schema::parse_plain(&schema).unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut value = json!({});
    schema.default_in_place(&mut value);
    assert_eq!(schema.validate(&value, None), []);
}

#[test]
fn many_errors_of_a_value_are_all_told() {
    let schema = Schema::parse_plain(&json!({"type": "array", "items": {"type": "integer"}})).unwrap();
    let texts: Vec<Value> = (0..2_000).map(|_| json!("x")).collect();
    assert_eq!(schema.validate(&Value::from(texts), None).len(), 2_000);
}
