//! Laws that hold for any JSON value.

use proptest::prelude::*;
use schema::Schema;
use serde_json::{Map, Value, json};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3i64..12).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-d]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[a-f]", inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A schema that uses everything, over the field names of [`any_json`].
fn busy() -> Schema {
    Schema::parse(&json!({
        "type": "object",
        "required": ["a"],
        "properties": {
            "a": {"type": "object", "default": {}, "properties": {
                "a": {"type": "string", "default": "x", "pattern": "^x"},
                "b": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "integer", "minimum": 2, "default": 3}},
                "c": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
            }},
            "b": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"], "items": {
                "type": "object", "required": ["a"],
                "properties": {"a": {"type": "string", "maxLength": 2}, "b": {"type": "number", "nullable": true, "default": 1.5}},
            }},
            "c": {"type": "object", "additionalProperties": {"type": "object", "default": {"d": true},
                "properties": {"d": {"type": "boolean", "default": false}}}},
            "d": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"a": {"type": "object",
                "properties": {"b": {"type": "string", "format": "date-time", "enum": ["a", "b"]}}}}},
            "e": {"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true},
            "f": {"type": "integer", "format": "int32", "multipleOf": 3, "oneOf": [{"minimum": 1}, {"maximum": 5}], "not": {"enum": [4]}},
        },
    }))
    .unwrap_or_else(|problems| panic!("{problems:#?}"))
}

proptest! {
    #[test]
    fn defaulting_twice_changes_nothing_more(value in any_json()) {
        let schema = busy();
        let mut once = value;
        schema.default_in_place(&mut once);
        let mut twice = once.clone();
        schema.default_in_place(&mut twice);
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn pruning_twice_drops_nothing_more(value in any_json()) {
        let schema = busy();
        let mut once = value;
        schema.prune(&mut once);
        let mut twice = once.clone();
        prop_assert_eq!(schema.prune(&mut twice), Vec::<String>::new());
        prop_assert_eq!(once, twice);
    }

    /// Pruning takes out what nobody knows, so it makes nothing wrong that was right.
    #[test]
    fn what_is_valid_stays_valid_when_it_is_pruned(value in any_json()) {
        let schema = busy();
        let mut value = value;
        schema.default_in_place(&mut value);
        if schema.validate(&value, None).is_empty() {
            let mut pruned = value.clone();
            schema.prune(&mut pruned);
            prop_assert_eq!(schema.validate(&pruned, None), Vec::new(), "{} from {}", pruned, value);
        }
    }

    /// As an API server does it: what is pruned has no field left that the schema does not know, whatever was defaulted.
    #[test]
    fn what_was_pruned_and_defaulted_has_no_unknown_fields(value in any_json()) {
        let schema = busy();
        let mut value = value;
        schema.prune(&mut value);
        schema.default_in_place(&mut value);
        prop_assert_eq!(schema.prune(&mut value), Vec::<String>::new());
        let errors = schema.validate(&value, None);
        prop_assert!(errors.iter().all(|error| !error.detail.contains("unknown field") && !error.detail.contains("forbidden property")), "{errors:?}");
    }

    #[test]
    fn validation_says_the_same_again_and_ratchets_what_is_unchanged(value in any_json(), old in any_json()) {
        let schema = busy();
        prop_assert_eq!(schema.validate(&value, Some(&old)), schema.validate(&value, Some(&old)));
        let unchanged = schema.validate(&value, Some(&value));
        prop_assert!(unchanged.iter().all(|error| error.path.starts_with('e')), "{:?}", unchanged);
    }

    #[test]
    fn parsing_any_json_as_a_schema_does_not_panic(value in any_json()) {
        let _ = Schema::parse(&value);
        let _ = Schema::parse_plain(&json!({"type": "object", "properties": {"a": value}}));
    }
}
