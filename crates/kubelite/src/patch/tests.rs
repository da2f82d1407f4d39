use schema::Schema;
use serde_json::{Value, json};

use super::{PatchError, json as json_patch, merge, strategic};

#[test]
fn json_patches() {
    let original = json!({"a": {"b/c": 1}, "l": [1, 2, 3]});
    for (patch, expected) in [
        (
            json!([{"op": "add", "path": "/a/x", "value": null}]),
            Ok(json!({"a": {"b/c": 1, "x": null}, "l": [1, 2, 3]})),
        ),
        (json!([{"op": "remove", "path": "/a/b~1c"}]), Ok(json!({"a": {}, "l": [1, 2, 3]}))),
        (json!([{"op": "add", "path": "/l/-", "value": 4}]), Ok(json!({"a": {"b/c": 1}, "l": [1, 2, 3, 4]}))),
        (json!([{"op": "add", "path": "/l/1", "value": 9}]), Ok(json!({"a": {"b/c": 1}, "l": [1, 9, 2, 3]}))),
        (json!([{"op": "replace", "path": "/l/-1", "value": 9}]), Ok(json!({"a": {"b/c": 1}, "l": [1, 2, 9]}))),
        (json!([{"op": "move", "from": "/l/0", "path": "/m"}]), Ok(json!({"a": {"b/c": 1}, "l": [2, 3], "m": 1}))),
        (json!([{"op": "copy", "from": "/l/0", "path": "/l/0"}]), Ok(json!({"a": {"b/c": 1}, "l": [1, 1, 2, 3]}))),
        (
            json!([{"op": "test", "path": "/l/0", "value": 1.0}, {"op": "remove", "path": "/l"}]),
            Ok(json!({"a": {"b/c": 1}})),
        ),
        (json!([{"op": "test", "path": "/none", "value": null}]), Ok(original.clone())),
        (
            json!([{"op": "remove", "path": "/l"}, {"op": "test", "path": "/a", "value": 2}]),
            Err(PatchError::Unprocessable("operation 1 (test /a): test failed".to_owned())),
        ),
        (
            json!([{"op": "remove", "path": "/x"}]),
            Err(PatchError::Unprocessable("operation 0 (remove /x): there is no \"x\"".to_owned())),
        ),
        (
            json!([{"op": "add", "path": "/l/9", "value": 1}]),
            Err(PatchError::Unprocessable(
                "operation 0 (add /l/9): index 9 is out of bounds of a list of 4".to_owned(),
            )),
        ),
        (
            json!({}),
            Err(PatchError::BadRequest(
                "error decoding patch: a JSON patch must be a list of operations, not object".to_owned(),
            )),
        ),
        (
            json!([{"op": "replace", "path": "/a/new", "value": 1}]),
            Ok(json!({"a": {"b/c": 1, "new": 1}, "l": [1, 2, 3]})),
        ),
        (
            json!([{"op": "frob", "path": "/x"}]),
            Err(PatchError::Unprocessable("operation 0: Unexpected kind: frob".to_owned())),
        ),
    ] {
        assert_eq!(json_patch(&original, &patch), expected, "{patch}");
    }
}

#[test]
fn merge_patches() {
    for (original, patch, expected) in [
        (
            json!({"a": {"b": 1, "c": 2}}),
            json!({"a": {"b": null, "d": {"e": null}}}),
            Ok(json!({"a": {"c": 2, "d": {}}})),
        ),
        (json!({"a": [1, 2]}), json!({"a": [3]}), Ok(json!({"a": [3]}))),
        (json!({"a": "x"}), json!({"a": {"b": 1}}), Ok(json!({"a": {"b": 1}}))),
        (json!({}), json!(null), Err(PatchError::BadRequest("Invalid JSON Patch".to_owned()))),
        (
            json!({}),
            json!([]),
            Err(PatchError::BadRequest(
                "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"
                    .to_owned(),
            )),
        ),
    ] {
        assert_eq!(merge(&original, &patch), expected, "{patch}");
    }
}

fn pod() -> Schema {
    let merging = |key: &str, strategy: &str, items: Value| json!({"type": "array", "x-kubernetes-patch-merge-key": key, "x-kubernetes-patch-strategy": strategy, "items": items});
    let text = json!({"type": "string"});
    Schema::parse_plain(&json!({"type": "object", "properties": {
        "containers": merging("name", "merge", json!({"type": "object", "properties": {
            "name": text, "image": text,
            "args": {"type": "array", "items": text},
            "env": merging("name", "merge", json!({"type": "object", "properties": {"name": text, "value": text}})),
        }})),
        "volumes": merging("name", "merge,retainKeys", json!({"type": "object", "properties": {
            "name": text, "emptyDir": {"type": "object"}, "hostPath": {"type": "object", "properties": {"path": text}}}})),
        "finalizers": {"type": "array", "x-kubernetes-patch-strategy": "merge", "items": text},
        "strategy": {"type": "object", "x-kubernetes-patch-strategy": "retainKeys", "properties": {
            "type": text, "rollingUpdate": {"type": "object", "properties": {"max": text}}}},
        "replaced": {"type": "object", "x-kubernetes-patch-strategy": "replace", "additionalProperties": text},
        "labels": {"type": "object", "additionalProperties": text},
    }}))
    .unwrap()
}

#[test]
fn strategic_merge_patches() {
    let schema = pod();
    let a = json!({"name": "a", "image": "1", "args": ["x"], "env": [{"name": "E", "value": "1"}]});
    let b = json!({"name": "b", "image": "1"});
    for (original, patch, expected) in [
        // Lists with a merge key merge by it, others are replaced, new items come after.
        (
            json!({"containers": [a, b]}),
            json!({"containers": [{"name": "c"}, {"name": "a", "image": "2", "args": ["y"], "env": [{"name": "F"}]}]}),
            json!({"containers": [
                {"name": "c"},
                {"name": "a", "image": "2", "args": ["y"], "env": [{"name": "F"}, {"name": "E", "value": "1"}]},
                b,
            ]}),
        ),
        (
            json!({"containers": [a, b]}),
            json!({"containers": [{"name": "a", "$patch": "delete"}]}),
            json!({"containers": [b]}),
        ),
        (
            json!({"containers": [a, b]}),
            json!({"containers": [{"name": "z"}, {"$patch": "replace"}]}),
            json!({"containers": [{"name": "z"}]}),
        ),
        (
            json!({"containers": [a, b]}),
            json!({"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}], "containers": [{"name": "b", "image": null}]}),
            json!({"containers": [{"name": "b"}, a]}),
        ),
        (
            json!({"finalizers": ["a", "b", "c"]}),
            json!({"$deleteFromPrimitiveList/finalizers": ["b"], "$setElementOrder/finalizers": ["c", "d", "a"], "finalizers": ["d"]}),
            json!({"finalizers": ["c", "d", "a"]}),
        ),
        (json!({"finalizers": ["a"]}), json!({"finalizers": ["b", "a"]}), json!({"finalizers": ["b", "a"]})),
        (
            json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"max": "1"}}}),
            json!({"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}),
            json!({"strategy": {"type": "Recreate"}}),
        ),
        (
            json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
            json!({"volumes": [{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/x"}}]}),
            json!({"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]}),
        ),
        (
            json!({"labels": {"a": "1", "b": "2"}}),
            json!({"labels": {"a": null, "c": "3"}}),
            json!({"labels": {"b": "2", "c": "3"}}),
        ),
        (
            json!({"labels": {"a": "1"}}),
            json!({"labels": {"$patch": "replace", "c": "3"}}),
            json!({"labels": {"c": "3"}}),
        ),
        // Directives never end up in the object.
        (
            json!({"strategy": {"type": "x"}}),
            json!({"strategy": {"$patch": "replace", "$retainKeys": ["type"], "type": "y", "rollingUpdate": null}}),
            json!({"strategy": {"type": "y"}}),
        ),
        (json!({"labels": {"a": "1"}}), json!({"labels": {"$patch": "delete"}}), json!({"labels": {}})),
        (json!({"replaced": {"a": "1"}}), json!({"replaced": {"b": "1"}}), json!({"replaced": {"b": "1"}})),
        (
            json!({}),
            json!({"labels": {"a": null, "b": "1"}, "strategy": {"$patch": "delete"}}),
            json!({"labels": {"b": "1"}}),
        ),
    ] {
        assert_eq!(strategic(&original, &patch, &schema), Ok(expected), "{patch}");
    }
}

#[test]
fn strategic_merge_patches_that_are_refused() {
    let schema = pod();
    let original = json!({"containers": [{"name": "a"}], "strategy": {"type": "x"}});
    for (patch, expected) in [
        (
            json!({"containers": [{"image": "x"}]}),
            PatchError::Failure("map: map[image:x] does not contain declared merge key: name".to_owned()),
        ),
        (
            json!({"strategy": {"$patch": "frob"}}),
            PatchError::Failure("unknown patch type: frob in map: map[$patch:frob]".to_owned()),
        ),
        (
            json!({"strategy": {"$retainKeys": ["type"], "other": 1}}),
            PatchError::BadRequest("invalid patch format of retainKeys".to_owned()),
        ),
        (
            json!({"$setElementOrder/containers": 1}),
            PatchError::BadRequest("invalid patch format of setElementOrder list".to_owned()),
        ),
        (
            json!([]),
            PatchError::BadRequest(
                "json: cannot unmarshal array into Go value of type map[string]interface {}".to_owned(),
            ),
        ),
    ] {
        assert_eq!(strategic(&original, &patch, &schema), Err(expected), "{patch}");
    }
}
