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
fn a_part_is_told_by_its_place_and_named_without_it() {
    let schema = Schema::parse(&json!({"type": "object", "properties": {
        "spec": {"type": "integer"},
        "status": {"type": "object", "required": ["ready"], "properties": {
            "size": {"type": "integer", "maximum": 3, "x-kubernetes-validations": [{"rule": "self == 1"}]},
            "ready": {"type": "boolean"},
        }},
    }}))
    .unwrap();
    let told = |value: &Value, old: &Value| -> Vec<String> {
        schema.validate_part("status", value, Some(old), false).iter().map(ToString::to_string).collect()
    };
    let old = json!({"spec": "wrong before", "status": {"ready": true, "size": 5}});
    let moved = json!({"spec": "wrong before", "status": {"ready": false, "size": 5}});
    assert_eq!(told(&moved, &old), [] as [&str; 0], "what did not change is left alone");
    assert_eq!(told(&json!({"spec": 1}), &old), [] as [&str; 0]);
    assert_eq!(
        told(&json!({"status": {"ready": true, "size": 4}}), &old),
        [
            "status.size: Invalid value: 4: size in body should be less than or equal to 3",
            "status.size: Invalid value: 4: failed rule: self == 1",
        ]
    );
    assert_eq!(
        told(&json!({"status": {"size": "x"}}), &old),
        [
            r#"status.size: Invalid value: "string": size in body must be of type integer: "string""#,
            "status.ready: Required value",
            "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
        ]
    );
    assert_eq!(
        told(&json!({"status": 1}), &old)[0],
        r#"status: Invalid value: "integer":  in body must be of type object: "integer""#
    );
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
    let at = |place: &str, told: &str| format!("properties[spec].properties[x]{place}: {told}");
    let required = "Required value: must not be empty for specified";
    let structural = "must be empty to be structural";
    for (schema, expected) in [
        (
            json!({"properties": {"a": {}}}),
            vec![
                format!("properties[a].type: {required} object fields"),
                "type: Required value: must not be empty at the root".to_owned(),
            ],
        ),
        (
            json!({"type": "array", "items": {"type": "string"}}),
            vec![r#"type: Invalid value: "array": must be object at the root"#.to_owned()],
        ),
        (field(&json!({"type": "array"})), vec![at(".items", "Required value: must be specified")]),
        (field(&json!({"type": "array", "items": {}})), vec![at(".items.type", &format!("{required} array items"))]),
        (
            field(&json!({"type": "thing"})),
            vec![at(
                ".type",
                r#"Unsupported value: "thing": supported values: "array", "boolean", "integer", "number", "object", "string""#,
            )],
        ),
        (
            field(&json!({"type": "string", "pattern": "("})),
            vec![at(
                ".pattern",
                r#"Invalid value: "(": must be a valid regular expression, but isn't: error parsing regexp: missing closing ): `(`"#,
            )],
        ),
        (
            field(&json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false})),
            vec![at(".additionalProperties", "Forbidden: additionalProperties and properties are mutual exclusive")],
        ),
        (
            field(&json!({"type": "integer", "default": "a"})),
            vec![at(".default", r#"Invalid value: "string":  in body must be of type integer: "string""#)],
        ),
        (
            field(&json!({"type": "object", "properties": {"n": {"type": "integer"}}, "default": {"n": "a", "m": 1}})),
            vec![
                at(".default.n", r#"Invalid value: "string": n in body must be of type integer: "string""#),
                at(".default", r#"Invalid value: {"m":1,"n":"a"}: must not have unknown fields"#),
            ],
        ),
        (
            json!({"type": "object", "properties": {"metadata": {"type": "object", "properties": {"name": {"type": "string", "default": "a"}}}}}),
            vec![
                "properties[metadata].properties[name].default: Forbidden: must not be set in top-level metadata"
                    .to_owned(),
            ],
        ),
        (
            field(&json!({"type": "string", "anyOf": [{"type": "string"}, {"default": "a"}]})),
            vec![
                at(".anyOf[0].type", &format!("Forbidden: {structural}")),
                at(".anyOf[1].default", "Forbidden: must be undefined to be structural"),
            ],
        ),
        (
            json!({"type": "object", "not": {"properties": {"a": {"minimum": 1}}}}),
            vec!["properties[a]: Required value: because it is defined in not.properties[a]".to_owned()],
        ),
        (
            field(&json!({"type": "array", "x-kubernetes-list-type": "map", "items": {"type": "object"}})),
            vec![at(
                ".x-kubernetes-list-map-keys",
                "Required value: must not be empty if x-kubernetes-list-type is map",
            )],
        ),
        (
            field(&json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "b"],
                "items": {"type": "object", "properties": {"a": {"type": "string", "nullable": true}}}})),
            vec![
                at(
                    ".items.properties[a].default",
                    "Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
                ),
                at(
                    ".items.properties[a].nullable",
                    "Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable",
                ),
                at(
                    ".x-kubernetes-list-map-keys",
                    r#"Invalid value: ["a","b"]: entries must all be names of item properties"#,
                ),
            ],
        ),
        (
            field(&json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "object"}})),
            vec![at(
                ".items.x-kubernetes-map-type",
                "Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set",
            )],
        ),
        (
            field(&json!({"type": "string", "x-kubernetes-list-type": "bag", "x-kubernetes-map-type": "atomic"})),
            vec![
                at(".type", r#"Invalid value: "string": must be object if x-kubernetes-map-type is specified"#),
                at(".x-kubernetes-list-type", r#"Unsupported value: "bag": supported values: "atomic", "set", "map""#),
            ],
        ),
        (
            field(&json!({"$ref": "#/definitions/x", "type": "string"})),
            vec![at(".$ref", "Forbidden: $ref is not supported")],
        ),
        (
            field(&json!({"type": "array", "uniqueItems": true, "items": {"type": "string"}})),
            vec![at(
                ".uniqueItems",
                "Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
            )],
        ),
    ] {
        let mut problems: Vec<String> =
            Schema::parse(&schema).expect_err("problems").iter().map(ToString::to_string).collect();
        problems.sort();
        assert_eq!(problems, expected, "{schema}");
    }
}

#[test]
fn an_integer_or_a_string_is_told_by_its_alternatives_alone() {
    let either = json!([{"type": "integer"}, {"type": "string"}]);
    for schema in [
        json!({"x-kubernetes-int-or-string": true, "anyOf": either}),
        json!({"x-kubernetes-int-or-string": true, "allOf": [{"anyOf": either}, {"maxLength": 5}]}),
    ] {
        assert!(Schema::parse(&field(&schema)).is_ok(), "{schema}");
    }
    let second = json!({"x-kubernetes-int-or-string": true, "allOf": [{"maxLength": 5}, {"anyOf": either}]});
    assert_eq!(Schema::parse(&field(&second)).expect_err("types in the second").len(), 2);
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
