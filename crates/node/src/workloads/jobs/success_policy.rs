//! What a Job's `successPolicy` says of the indexes that are complete.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::SuccessPolicy;

use super::indexes;

/// The first rule that is met, in words.
pub(super) fn met(policy: Option<&SuccessPolicy>, completed: &BTreeSet<i32>) -> Option<String> {
    let mut rules = policy?.rules.iter();
    let met = rules.position(|rule| {
        let named = rule.succeeded_indexes.as_deref().map(indexes::parse);
        let done = named.as_ref().map_or(completed.len(), |named| named.intersection(completed).count());
        match (rule.succeeded_count, &named) {
            (Some(count), _) => done >= usize::try_from(count).unwrap_or_default(),
            (None, Some(named)) => done == named.len(),
            (None, None) => false,
        }
    })?;
    Some(format!("Matched rules at index {met}"))
}

#[cfg(test)]
mod tests {
    use super::{indexes, met};
    use serde_json::json;

    #[test]
    fn the_first_rule_that_is_met_is_named() {
        let policy = json!({"rules": [
            {"succeededIndexes": "0-1"}, {"succeededIndexes": "2-5", "succeededCount": 2}, {"succeededCount": 4}]});
        let policy = serde_json::from_value(policy).expect("a policy");
        for (completed, expected) in
            [("", None), ("0", None), ("0,1", Some(0)), ("0,2,4", Some(1)), ("1,6-8", Some(2)), ("0,6,7", None)]
        {
            let words = expected.map(|index: i32| format!("Matched rules at index {index}"));
            assert_eq!(met(Some(&policy), &indexes::parse(completed)), words, "{completed}");
        }
        assert_eq!(met(None, &indexes::parse("0")), None);
    }
}
