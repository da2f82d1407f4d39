//! What an API server says to values that do not fit: schema, value, errors.

use schema::Schema;
use serde_json::{Value, json};

fn errors(schema: &Value, value: &Value, old: Option<&Value>) -> Vec<String> {
    let schema = Schema::parse(schema).unwrap_or_else(|problems| panic!("{problems:#?}"));
    schema.validate(value, old).iter().map(ToString::to_string).collect()
}

/// An object schema with the one field `spec.x`.
fn field(x: &Value) -> Value {
    json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {"x": x}}}})
}

#[test]
fn one_field_messages() {
    for (schema, value, expected) in [
        (
            json!({"type": "integer"}),
            json!("a"),
            vec![r#"spec.x: Invalid value: "string": spec.x in body must be of type integer: "string""#],
        ),
        (
            json!({"type": "string"}),
            json!(null),
            vec![r#"spec.x: Invalid value: "null": spec.x in body must be of type string: "null""#],
        ),
        (json!({"type": "string", "nullable": true}), json!(null), vec![]),
        (
            json!({"type": "integer", "format": "int32"}),
            json!(true),
            vec![r#"spec.x: Invalid value: "": spec.x in body must be of type int32: """#],
        ),
        (
            json!({"type": "integer"}),
            json!(1.5),
            vec![
                r#"spec.x: Invalid value: "number": spec.x in body must be of type integer: "number""#,
                r#"<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.x"#,
            ],
        ),
        (json!({"type": "integer"}), json!(2.0), vec![]),
        (
            json!({"type": "integer", "format": "int32"}),
            json!(3_000_000_000_i64),
            vec![r#"<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.x"#],
        ),
        (
            json!({"type": "string", "pattern": "^a+$"}),
            json!("b"),
            vec![r#"spec.x: Invalid value: "b": spec.x in body should match '^a+$'"#],
        ),
        (
            json!({"type": "integer", "maximum": 10}),
            json!(15),
            vec!["spec.x: Invalid value: 15: spec.x in body should be less than or equal to 10"],
        ),
        (
            json!({"type": "number", "minimum": 0.5, "exclusiveMinimum": true}),
            json!(0.5),
            vec!["spec.x: Invalid value: 0.5: spec.x in body should be greater than 0.5"],
        ),
        (
            json!({"type": "integer", "multipleOf": 5}),
            json!(7),
            vec!["spec.x: Invalid value: 7: spec.x in body should be a multiple of 5"],
        ),
        (
            json!({"type": "string", "minLength": 1}),
            json!(""),
            vec![r#"spec.x: Invalid value: "": spec.x in body should be at least 1 chars long"#],
        ),
        (
            json!({"type": "string", "maxLength": 2}),
            json!("abc"),
            vec!["spec.x: Too long: may not be more than 2 bytes"],
        ),
        (
            json!({"type": "string", "enum": ["a", "b"]}),
            json!("c"),
            vec![r#"spec.x: Unsupported value: "c": supported values: "a", "b""#],
        ),
        (json!({"type": "integer", "enum": [1, 2]}), json!(1), vec![]),
        (
            json!({"type": "string", "format": "date-time"}),
            json!("now"),
            vec![r#"spec.x: Invalid value: "now": spec.x in body must be of type date-time: "now""#],
        ),
        (json!({"type": "string", "format": "of-no-meaning"}), json!("now"), vec![]),
        (
            json!({"type": "array", "maxItems": 1, "items": {"type": "string"}}),
            json!(["a", "b"]),
            vec!["spec.x: Too many: 2: must have at most 1 item"],
        ),
        (
            json!({"type": "array", "minItems": 1, "items": {"type": "string"}}),
            json!([]),
            vec!["spec.x: Invalid value: 0: spec.x in body should have at least 1 items"],
        ),
        (
            json!({"type": "array", "items": {"type": "string"}}),
            json!(["a", 1]),
            vec![r#"spec.x[1]: Invalid value: "integer": spec.x[1] in body must be of type string: "integer""#],
        ),
        (
            json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}),
            json!(["a", "b", "a", "a"]),
            vec![r#"spec.x[2]: Duplicate value: "a""#],
        ),
        (
            json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k", "l"], "items": {"type": "object",
                "required": ["k", "l"], "properties": {"k": {"type": "string"}, "l": {"type": "integer"}}}}),
            json!([{"k": "a", "l": 1}, {"k": "a", "l": 1}]),
            vec![r#"spec.x[1]: Duplicate value: {"k":"a","l":1}"#],
        ),
        (
            json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}),
            json!({}),
            vec!["spec.x.a: Required value"],
        ),
        (
            json!({"type": "object", "maxProperties": 1, "additionalProperties": {"type": "string"}}),
            json!({"a": "", "b": ""}),
            vec!["spec.x: Too many: 2: must have at most 1 item"],
        ),
        (
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
            json!({"a": 1}),
            vec![r#"spec.x.a: Invalid value: "integer": spec.x.a in body must be of type string: "integer""#],
        ),
        (
            json!({"x-kubernetes-int-or-string": true}),
            json!(true),
            vec![r#"spec.x: Invalid value: "boolean": spec.x in body must be of type integer,string: "boolean""#],
        ),
        (json!({"x-kubernetes-int-or-string": true}), json!("80%"), vec![]),
        (
            json!({"type": "integer", "oneOf": [{"minimum": 10}, {"maximum": 0}]}),
            json!(5),
            vec![
                r#"<nil>: Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found none valid"#,
                "spec.x: Invalid value: 5: spec.x in body should be greater than or equal to 10",
            ],
        ),
        (
            json!({"type": "integer", "oneOf": [{"minimum": 1}, {"minimum": 2}]}),
            json!(5),
            vec![
                r#"<nil>: Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found 2 valid alternatives"#,
            ],
        ),
        (
            json!({"type": "integer", "not": {"enum": [4]}}),
            json!(4),
            vec![r#"<nil>: Invalid value: "": "spec.x" must not validate the schema (not)"#],
        ),
        (
            json!({"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true}),
            json!({"kind": "a b"}),
            vec![
                "spec.x.apiVersion: Required value",
                "spec.x.kind: Invalid value: \"a b\": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
            ],
        ),
    ] {
        assert_eq!(errors(&field(&schema), &json!({"spec": {"x": value}}), None), expected, "{schema} of {value}");
    }
}

#[test]
fn what_did_not_change_is_not_held_against_an_update() {
    let schema = json!({"type": "object", "properties": {
        "a": {"type": "string", "maxLength": 1},
        "list": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": {"type": "object",
            "required": ["k"], "properties": {"k": {"type": "string"}, "v": {"type": "integer", "maximum": 1}}}},
    }});
    let old = json!({"a": "long", "list": [{"k": "x", "v": 9}]});
    let moved = json!({"a": "long", "list": [{"k": "y", "v": 7}, {"k": "x", "v": 9}]});
    assert_eq!(
        errors(&schema, &moved, Some(&old)),
        ["list[0].v: Invalid value: 7: list[0].v in body should be less than or equal to 1"]
    );
    assert_eq!(errors(&schema, &json!({"a": "longer"}), Some(&old)), ["a: Too long: may not be more than 1 byte"]);
}

#[test]
fn pruning_tells_what_it_drops() {
    let schema = Schema::parse(&json!({"type": "object", "properties": {
        "known": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
        "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"closed": {"type": "object"}}},
        "none": {"type": "string"},
    }}))
    .unwrap();
    let mut value = json!({
        "apiVersion": "v1", "kind": "X", "metadata": {"name": "n"},
        "known": [{"a": "", "b": 1}], "open": {"x": {"y": 1}, "closed": {"z": 1}}, "none": null, "other": {},
    });
    let mut dropped = schema.prune(&mut value);
    dropped.sort();
    assert_eq!(dropped, ["known[0].b", "open.closed.z", "other"]);
    assert_eq!(
        value,
        json!({"apiVersion": "v1", "kind": "X", "metadata": {"name": "n"}, "known": [{"a": ""}], "open": {"x": {"y": 1}, "closed": {}}})
    );
}

#[test]
fn schemas_that_are_not_structural_are_refused_with_their_places() {
    for (schema, expected) in [
        (
            json!({"properties": {"a": {}}, "type": "object"}),
            "properties[a].type: must not be empty for specified object fields",
        ),
        (json!({"type": "array", "items": {"type": "string"}}), "type: must be object at the root"),
        (field(&json!({"type": "array"})), "properties[spec].properties[x].items: must be specified"),
        (
            field(
                &json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}}),
            ),
            "properties[spec].properties[x].additionalProperties: additionalProperties and properties are mutual exclusive",
        ),
        (
            field(&json!({"type": "integer", "default": "a"})),
            r#"properties[spec].properties[x].default: <nil>: Invalid value: "string":  in body must be of type integer: "string""#,
        ),
        (
            field(&json!({"type": "string", "anyOf": [{"type": "string"}]})),
            "properties[spec].properties[x].anyOf[0].type: must be empty to be structural",
        ),
        (
            field(&json!({"$ref": "#/definitions/x", "type": "string"})),
            "properties[spec].properties[x].$ref: references are not supported here; put the schema in place",
        ),
    ] {
        let problems: Vec<String> =
            Schema::parse(&schema).expect_err("problems").iter().map(ToString::to_string).collect();
        assert_eq!(problems, [expected]);
    }
}

#[test]
fn explain_walks_lists_and_maps() {
    let schema = Schema::parse(&field(
        &json!({"type": "array", "description": "All of them.", "items": {"type": "object", "required": ["a"],
        "properties": {"a": {"type": "object", "additionalProperties": {"type": "string"}}}}}),
    ))
    .unwrap();
    let explained = schema.explain("spec.x").unwrap();
    assert_eq!(explained.type_name, "[]Object");
    assert_eq!(explained.description, "All of them.");
    assert_eq!(explained.fields[0].type_name, "map[string]string");
    assert!(explained.fields[0].required);
    assert_eq!(schema.explain("spec.y").unwrap_err().to_string(), r#"field "y" does not exist in "spec""#);
}
