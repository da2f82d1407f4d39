//! Values in messages: Go writes fields in the order of its structs, not of their names.

use serde_json::Value;

/// Fields of an owner reference.
pub(super) const OWNER: &[&str] = &["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];
/// Fields of a label selector and of its expressions.
pub(super) const SELECTOR: &[&str] = &["matchLabels", "matchExpressions", "key", "operator", "values"];

/// Fields of metadata and of the entries of `managedFields`.
const METADATA: &[&str] = &[
    "manager",
    "operation",
    "apiVersion",
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
    "time",
    "fieldsType",
    "fieldsV1",
    "subresource",
];

/// The metadata of an object.
pub(crate) fn metadata_json(metadata: &Value) -> String {
    go_json(metadata, METADATA)
}

/// JSON with those fields first, in that order.
pub(super) fn go_json(value: &Value, order: &[&str]) -> String {
    match value {
        Value::Object(map) => {
            let first = order.iter().filter_map(|name| map.get_key_value(*name));
            let rest = map.iter().filter(|(name, _)| !order.contains(&name.as_str()));
            let fields: Vec<String> = first
                .chain(rest)
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), go_json(value, order)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| go_json(item, order)).collect();
            format!("[{}]", items.join(","))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_come_in_the_order_of_their_struct() {
        let selector = json!({"matchExpressions": [{"key": "a", "operator": "Exists"}], "matchLabels": {"b": "c"}});
        assert_eq!(
            go_json(&selector, SELECTOR),
            r#"{"matchLabels":{"b":"c"},"matchExpressions":[{"key":"a","operator":"Exists"}]}"#
        );
    }
}
