//! What a plane says of NetworkPolicies that it does not enforce. They have no status: the embedded node says it in an
//! annotation. A plane that says nothing is not known to enforce less than what was written.

use serde_json::Value;

/// Where the embedded node says what of a NetworkPolicy it does not enforce.
const NOT_ENFORCED: &str = "node.local/not-enforced";

/// What of a NetworkPolicy its plane does not enforce, why, and the way out; the words go on after "not enforced".
pub fn not_enforced(object: &Value) -> Option<&str> {
    if object["kind"] != "NetworkPolicy" {
        return None;
    }
    object.pointer("/metadata/annotations")?.get(NOT_ENFORCED)?.as_str().filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case(json!({"kind": "NetworkPolicy", "metadata": {"annotations": {NOT_ENFORCED: "at all: no filter"}}}), Some("at all: no filter"))]
    #[case(json!({"kind": "NetworkPolicy", "metadata": {"annotations": {NOT_ENFORCED: ""}}}), None)]
    #[case(json!({"kind": "NetworkPolicy", "metadata": {}}), None)]
    #[case(json!({"kind": "Service", "metadata": {"annotations": {NOT_ENFORCED: "at all"}}}), None)]
    fn only_a_policy_says_it(#[case] object: Value, #[case] expected: Option<&str>) {
        assert_eq!(not_enforced(&object), expected);
    }
}
