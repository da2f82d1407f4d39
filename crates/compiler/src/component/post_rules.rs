//! Rules on the rendered resources: those of the type first, then each trait instance's.

use super::Item;
use super::base::describe;
use super::traits::Instance;
use crate::evaluate::{each, holds};
use crate::problem::{Code, Place, Problem, Problems, Stage};
use crate::program::{ComponentTypeProgram, PostRule};
use crate::template::{Bindings, to_cel};
use crate::tree::Tree;

/// All rules that do not hold, or none.
pub(super) fn check(
    program: &ComponentTypeProgram,
    place: &Place,
    bindings: &Bindings,
    instances: &[Instance],
    items: &[Item],
) -> Result<(), Problems> {
    let mut problems = Vec::new();
    check_all(&program.post_rules, &place.object, bindings, place, items, &mut problems);
    for instance in instances {
        let label = format!("Trait {}", instance.label);
        check_all(&instance.program.post_rules, &label, &instance.bindings, &instance.place, items, &mut problems);
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(Problems::prefixed(Stage::Finish, "post-render validation failed: ".to_owned(), problems))
}

fn check_all(
    rules: &[PostRule],
    label: &str,
    bindings: &Bindings,
    place: &Place,
    items: &[Item],
    problems: &mut Vec<Problem>,
) {
    for (at, rule) in rules.iter().enumerate() {
        let check = Check { rule, label, place: place.below(&format!("spec.postRenderValidations[{at}]")), items };
        check.run(bindings, problems);
    }
}

struct Check<'c> {
    rule: &'c PostRule,
    label: &'c str,
    place: Place,
    items: &'c [Item],
}

impl Check<'_> {
    fn run(&self, bindings: &Bindings, problems: &mut Vec<Problem>) {
        let prefix = format!("\"{}\" post-render validation: ", self.label);
        match holds(self.rule.when.as_ref(), bindings) {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                problems.push(error.problem(&self.place.below("when"), &format!("{prefix}when evaluation error: ")));
                return;
            }
        }
        match each(self.rule.for_each.as_deref(), bindings) {
            Ok(rounds) => {
                for bindings in rounds.iter() {
                    let before = problems.len();
                    self.round(bindings, &prefix, problems);
                    if let Some(for_each) = &self.rule.for_each {
                        let item = for_each.scope.expression(&for_each.variable).evaluate(bindings);
                        let suffix = format!(
                            " (forEach {}={})",
                            for_each.variable,
                            item.map_or_else(|_| String::new(), |item| item.to_shown())
                        );
                        problems[before..].iter_mut().for_each(|problem| problem.message.push_str(&suffix));
                    }
                }
            }
            Err(error) => {
                problems
                    .push(error.problem(&self.place.below("forEach"), &format!("{prefix}forEach evaluation error: ")));
            }
        }
    }

    fn round(&self, bindings: &Bindings, prefix: &str, problems: &mut Vec<Problem>) {
        let target = &self.rule.target;
        let mut matched = false;
        for item in self.items.iter().filter(|item| target.matches(item.plane.as_str(), &item.tree)) {
            let bindings = self.rule.scope.widen(bindings, "resource", to_cel(&item.tree));
            match self.selects(&bindings, prefix) {
                Ok(true) => {
                    matched = true;
                    problems.extend(self.broken(item, &bindings));
                }
                Ok(false) => {}
                Err(problem) => {
                    problems.push(problem);
                    return;
                }
            }
        }
        if !matched && self.rule.must_match {
            let message =
                format!("{prefix}no resource matched target {}/{}/{}", target.group, target.version, target.kind);
            problems.push(Problem::new(Code::Rule, &self.place.below("target"), message));
        }
    }

    fn selects(&self, bindings: &Bindings, prefix: &str) -> Result<bool, Problem> {
        let target = &self.rule.target;
        let Some(condition) = &target.condition else { return Ok(true) };
        let place = self.place.below("target.where");
        let text = &target.condition_text;
        match condition.evaluate(bindings) {
            Ok(Tree::Bool(selected)) => Ok(selected),
            Ok(other) => Err(Problem::new(
                Code::Type,
                &place,
                format!("{prefix}where clause {text:?} must evaluate to boolean, got {}", other.type_name()),
            )),
            Err(error) => {
                Err(Problem::template(&place, &format!("{prefix}where clause {text:?} evaluation error: "), &error))
            }
        }
    }

    fn broken(&self, item: &Item, bindings: &Bindings) -> Option<Problem> {
        let name = describe(&item.tree);
        let label = self.label;
        let place = self.place.below("rule");
        match self.rule.rule.evaluate(bindings) {
            Ok(Tree::Bool(true)) => None,
            Ok(Tree::Bool(false)) => Some(Problem::new(
                Code::Rule,
                &place,
                format!("\"{label}\" post-render validation on {name} failed: {}", self.rule.message),
            )),
            Ok(other) => Some(Problem::new(
                Code::Type,
                &place,
                format!("\"{label}\" post-render rule on {name} must evaluate to boolean, got {}", other.type_name()),
            )),
            Err(error) => Some(Problem::template(
                &place,
                &format!("\"{label}\" post-render rule evaluation error on {name}: "),
                &error,
            )),
        }
    }
}
