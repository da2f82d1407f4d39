//! `allOf`, `anyOf`, `oneOf` and `not`.

use serde_json::Value;

use super::outcome::Outcome;
use super::ratchet::Old;
use super::walk;
use crate::error::FieldError;
use crate::go_text::quote;
use crate::node::{Arena, NodeData, NodeId};
use crate::path::Path;

pub(crate) fn check(
    arena: &Arena,
    node: &NodeData,
    value: &Value,
    old: Old<'_>,
    path: &Path<'_>,
    outcome: &mut Outcome,
) {
    let checks = &node.checks;
    if checks.any_of.is_empty() && checks.one_of.is_empty() && checks.all_of.is_empty() && checks.not.is_none() {
        outcome.matched += 2;
        return;
    }
    let run = |branch: NodeId| walk::check(arena, branch, value, old, path);
    // These errors belong to no field in Kubernetes' eyes; the text names the place.
    let no_field = |detail: String| FieldError::invalid("<nil>", Value::from(""), detail);
    let place = || quote(&path.to_string());
    if !checks.any_of.is_empty() {
        let (valid, best) = closest(checks.any_of.iter().map(|id| run(*id)), true);
        if valid == 0 {
            outcome.add(no_field(format!("{} must validate at least one schema (anyOf)", place())));
        }
        outcome.merge(best);
    }
    if !checks.one_of.is_empty() {
        let (valid, best) = closest(checks.one_of.iter().map(|id| run(*id)), false);
        match valid {
            1 => outcome.merge(best),
            0 => {
                outcome.add(no_field(format!(
                    "{} must validate one and only one schema (oneOf). Found none valid",
                    place()
                )));
                outcome.merge(best);
            }
            n => outcome.add(no_field(format!(
                "{} must validate one and only one schema (oneOf). Found {n} valid alternatives",
                place()
            ))),
        }
    }
    if !checks.all_of.is_empty() {
        let mut valid = 0;
        for branch in &checks.all_of {
            let result = run(*branch);
            valid += usize::from(result.is_valid());
            outcome.merge(result);
        }
        if valid != checks.all_of.len() {
            let more = if valid == 0 { ". None validated" } else { "" };
            outcome.add(no_field(format!("{} must validate all the schemas (allOf){more}", place())));
        }
    }
    if checks.not.is_some_and(|not| run(not).is_valid()) {
        outcome.add(no_field(format!("{} must not validate the schema (not)", place())));
    }
    outcome.matched += 2;
}

/// How many branches accept the value, and the first that does, else the one that came closest.
fn closest(branches: impl Iterator<Item = Outcome>, stop_at_first: bool) -> (usize, Outcome) {
    let mut valid = 0;
    let mut best: Option<Outcome> = None;
    for result in branches {
        if result.is_valid() {
            valid += 1;
            if valid == 1 {
                best = Some(result);
            }
            if stop_at_first {
                break;
            }
        } else if valid == 0 && best.as_ref().is_none_or(|best| result.matched > best.matched) {
            best = Some(result);
        }
    }
    (valid, best.unwrap_or_default())
}
