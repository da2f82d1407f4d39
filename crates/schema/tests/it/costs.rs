//! What rules may cost at most, by the limits that their schema sets.

use schema::Schema;
use serde_json::{Value, json};

use crate::contract::{fixtures, raw_schemas};

/// What is said of the rules of a schema whose `spec` has these properties and these rules.
fn told(properties: &Value, rules: &[&str]) -> Vec<String> {
    let rules: Vec<Value> = rules.iter().map(|rule| json!({"rule": rule})).collect();
    let schema = json!({"type": "object", "properties": {"spec": {
        "type": "object", "properties": properties, "x-kubernetes-validations": rules,
    }}});
    let schema = Schema::parse(&schema).unwrap_or_else(|problems| panic!("{problems:#?}"));
    schema.costs().iter().map(ToString::to_string).collect()
}

const HINT: &str = "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
const RULE: &str = "properties[spec].x-kubernetes-validations[0].rule";

#[test]
fn limits_make_rules_affordable() {
    let names = |list: Value, item: Value| {
        let mut property = json!({"type": "array", "items": {"type": "string"}});
        property.as_object_mut().unwrap().extend(list.as_object().unwrap().clone());
        property["items"].as_object_mut().unwrap().extend(item.as_object().unwrap().clone());
        json!({"names": property})
    };
    let unique = "self.names.all(a, self.names.exists_one(b, a == b))";
    let exceeds =
        |factor: &str| format!("{RULE}: Forbidden: estimated rule cost exceeds budget by factor of {factor} {HINT}");
    // Without limits a rule may go through all that fits into a request.
    let endless = told(&names(json!({}), json!({})), &[unique]);
    assert_eq!(endless[0], exceeds("more than 100x"));
    assert_eq!(endless.len(), 3, "{endless:?}");
    assert_eq!(told(&names(json!({"maxItems": 50}), json!({"maxLength": 63})), &[unique]), [] as [&str; 0]);
    // A thousand items twice, each compared in twenty-six steps of four octets a character.
    let dear = told(&names(json!({"maxItems": 1000}), json!({"maxLength": 63})), &[unique]);
    assert!(dear.len() == 1 && dear[0].starts_with(&exceeds("3.1x")[..101]), "{dear:?}");
    // Words that are listed are as long as the longest.
    assert_eq!(told(&names(json!({"maxItems": 500}), json!({"enum": ["a", "bb"]})), &[unique]), [] as [&str; 0]);
    // What says nothing of its size costs what a request can hold.
    assert_eq!(told(&json!({"text": {"type": "string"}}), &["self.text.startsWith('a')"]), [] as [&str; 0]);
    let pattern = told(&json!({"text": {"type": "string"}}), &[&format!("self.text.matches('{}')", "a".repeat(180))]);
    assert_eq!(pattern, [exceeds("1.415579x")]);
}

#[test]
fn a_rule_below_lists_and_maps_is_counted_once_for_each_place() {
    let schema = |limits: Value| {
        let mut items = json!({"type": "array", "items": {"type": "object", "properties": {
            "size": {"type": "integer"},
            "text": {"type": "string", "maxLength": 1000},
        }, "x-kubernetes-validations": [{"rule": "self.text.contains('a long word to be looked for')"}]}});
        items.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
        json!({"type": "object", "properties": {"lists": {"type": "object", "maxProperties": 100, "additionalProperties": items}}})
    };
    let told = |limits: Value| {
        let schema = Schema::parse(&schema(limits)).unwrap_or_else(|problems| panic!("{problems:#?}"));
        schema.costs().iter().map(|problem| (problem.path.clone(), problem.detail.clone())).collect::<Vec<_>>()
    };
    let path = "properties[lists].additionalProperties.items.x-kubernetes-validations[0].rule".to_owned();
    // 100 lists of 50 items: 5,000 times about 1,200.
    assert_eq!(told(json!({"maxItems": 50})), []);
    let dear = told(json!({"maxItems": 100}));
    assert_eq!(dear.len(), 1, "{dear:?}");
    assert_eq!(dear[0].0, path);
    let endless = told(json!({}));
    assert_eq!(
        endless.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(),
        [path.as_str(), path.as_str(), ""],
        "{endless:?}"
    );
    assert_eq!(
        endless[1].1,
        "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
    );
    assert!(
        endless[2].1.starts_with("x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of "),
        "{endless:?}"
    );
}

#[test]
fn cheap_rules_are_too_many_together() {
    let text = json!({"type": "string", "maxLength": 100_000});
    let rule = "self.text.contains('twenty-two characters.')";
    let few: Vec<&str> = vec![rule; 50];
    assert_eq!(told(&json!({"text": text}), &few), [] as [&str; 0]);
    let many: Vec<&str> = vec![rule; 900];
    let told = told(&json!({"text": text}), &many);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("Forbidden: x-kubernetes-validations estimated rule"), "{told:?}");
}

#[test]
fn the_rules_of_the_contract_are_affordable() {
    let Some(fixtures) = fixtures() else { return };
    let mut rules = 0;
    for folder in ["contract/crds", "contract/third-party-crds"] {
        for raw in raw_schemas(&fixtures.join(folder)) {
            rules += raw.to_string().matches("x-kubernetes-validations").count();
            let schema = Schema::parse(&raw).unwrap_or_else(|problems| panic!("{problems:#?}"));
            assert_eq!(schema.costs(), []);
        }
    }
    assert!(rules > 80, "{rules}");
}
