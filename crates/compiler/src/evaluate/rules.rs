//! Rules before rendering: all are evaluated, all that are broken are told.

use crate::problem::{Code, Place, Problem};
use crate::program::Rule;
use crate::template::Bindings;
use crate::tree::Tree;

/// Longer rules are cut in messages.
const SHOWN: usize = 120;

/// The problems of the rules that do not hold. `place` is the object that has them.
pub(crate) fn broken_rules(rules: &[Rule], bindings: &Bindings, place: &Place) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let answer = rule.condition.evaluate(bindings);
        if answer == Ok(Tree::Bool(true)) {
            continue;
        }
        let place = place.below(&rule.path);
        let name = format!("rule[{at}] {}", quoted_rule(&rule.text));
        match answer {
            Ok(Tree::Bool(false)) => {
                problems.push(Problem::new(Code::Rule, &place, format!("{name} evaluated to false: {}", rule.message)));
            }
            Ok(other) => problems.push(Problem::new(
                Code::Type,
                &place,
                format!("{name} must evaluate to boolean, got {}", other.type_name()),
            )),
            Err(error) => problems.push(Problem::template(&place, &format!("{name} evaluation error: "), &error)),
        }
    }
    problems
}

/// The rule's text in quotes, cut where it is long.
fn quoted_rule(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => schema::go_quote(&format!("{}...", &text[..end])),
        None => schema::go_quote(text),
    }
}
