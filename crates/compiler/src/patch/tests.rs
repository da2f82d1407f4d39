use rstest::rstest;
use serde_json::{Value, json};

use super::*;

fn run(object: &Value, op: &str, path: &str, value: &Value) -> Result<Value, String> {
    let mut tree = Tree::from(object);
    let op = Op::parse(op).map_err(|e| e.to_string())?;
    let path = Path::parse(path).map_err(|e| e.to_string())?;
    apply(&mut tree, op, &path, &Tree::from(value)).map_err(|e| e.to_string())?;
    tree.to_json().map_err(|e| e.to_string())
}

#[rstest]
#[case(json!({}), "add", "/a/b", json!(1), json!({"a": {"b": 1}}))]
#[case(json!({}), "ADD", "a/-", json!(1), json!({"a": [1]}))]
#[case(json!({"a": [1, 2]}), "add", "/a/1", json!(9), json!({"a": [1, 9, 2]}))]
#[case(json!({"a": [1, 2]}), "add", "/a/-", json!(9), json!({"a": [1, 2, 9]}))]
#[case(json!({"a": [1, 2]}), "replace", "a[1]", json!(9), json!({"a": [1, 9]}))]
#[case(json!({"a": [{"n": "x"}, {"n": "y"}]}), "add", "/a/[?(@.n=='y')]/v", json!(1), json!({"a": [{"n": "x"}, {"n": "y", "v": 1}]}))]
#[case(json!({"a": [{"n": "x"}, {"n": "y"}]}), "add", "/a[*]/v", json!(1), json!({"a": [{"n": "x", "v": 1}, {"n": "y", "v": 1}]}))]
#[case(json!({"a": 1}), "remove", "/a", json!(null), json!({}))]
#[case(json!({"a": 1}), "remove", "/b", json!(null), json!({"a": 1}))]
#[case(json!({"a": {"x": 1, "y": 2}}), "mergeShallow", "/a", json!({"y": {}, "z": 3}), json!({"a": {"x": 1, "y": {}, "z": 3}}))]
#[case(json!({"a~b/c": 1}), "replace", "/a~0b~1c", json!(2), json!({"a~b/c": 2}))]
#[case(json!({"a": [{"n": {"m": 1_000_000}}]}), "add", "/a/[?(@.n.m==\"1e+06\")]/v", json!(1), json!({"a": [{"n": {"m": 1_000_000}, "v": 1}]}))]
fn operations_change_what_their_path_names(
    #[case] object: Value,
    #[case] op: &str,
    #[case] path: &str,
    #[case] value: Value,
    #[case] expected: Value,
) {
    assert_eq!(run(&object, op, path, &value), Ok(expected));
}

#[rstest]
#[case(json!({}), "copy", "/a", "unsupported patch operation \"copy\" (supported: add, replace, remove, mergeShallow)")]
#[case(json!({}), "add", "", "cannot apply add operation to root document")]
#[case(json!({}), "replace", "/", "cannot apply replace operation to root document")]
#[case(json!({"a": [1]}), "add", "/a/1", "array index 1 out of bounds")]
#[case(json!({}), "add", "/a/0", "path segment expects an array, got <nil>")]
#[case(json!({"a": []}), "add", "/a/b", "path segment \"b\" expects an object, got []interface {}")]
#[case(json!({}), "replace", "/a/b", "path does not exist at segment \"a\"")]
#[case(json!({}), "replace", "/a", "replace operation failed: key \"a\" does not exist")]
#[case(json!({"a": []}), "remove", "/a/-", "remove operation cannot target append marker '-'")]
#[case(json!({"a": []}), "add", "/a/[?(@.n=='x')]/b", "path \"/a/[?(@.n=='x')]/b\" contains a filter or wildcard but matched 0 elements (filter criteria not met or target does not exist)")]
#[case(json!({"a": []}), "add", "/a/[?(@.n=x)]/b", "unsupported filter expression: @.n=x (supported: @.field=='text')")]
#[case(json!({"a": [1, 2]}), "remove", "/a/[*]", "array index 1 out of bounds for remove (length 1)")]
#[case(json!({}), "add", "/a[", "invalid path segment \"a[\": missing ']'")]
fn operations_that_cannot_be_done_say_why(
    #[case] object: Value,
    #[case] op: &str,
    #[case] path: &str,
    #[case] expected: &str,
) {
    assert_eq!(run(&object, op, path, &json!(1)), Err(expected.to_owned()));
}

proptest::proptest! {
    #[test]
    fn no_path_panics(path in r"[/\-\[\]a-c0-9?(@.=')*~ü]{0,30}") {
        let object = json!({"a": [{"b": [1, 2]}, {"b": "x"}], "b": {"c": null}});
        for op in ["add", "replace", "remove", "mergeShallow"] {
            let _ = run(&object, op, &path, &json!({"k": 1}));
        }
    }

    #[test]
    fn what_is_done_to_a_key_twice_is_done_once(path in r"(/[a-c]){1,4}", value in 0..9) {
        for op in ["add", "replace", "remove", "mergeShallow"] {
            let value = if op == "mergeShallow" { json!({"k": value}) } else { json!(value) };
            let once = run(&json!({"b": {"c": 1}}), op, &path, &value);
            if let Ok(once) = once {
                assert_eq!(run(&once, op, &path, &value), Ok(once));
            }
        }
    }
}
