//! Rules before and after rendering, compiled.

use std::sync::Arc;

use super::{Loop, Target, condition};
use crate::spec;
use crate::template::{Scope, Template};

/// A rule before rendering.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Where it stands in the spec.
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) message: String,
    pub(crate) condition: Template,
}

impl Rule {
    /// Rules of `preRenderValidations`, else of their old name `validations`.
    pub(super) fn parse_all(rules: &[spec::Rule], old: &[spec::Rule], scope: &Arc<Scope>) -> Vec<Self> {
        let (rules, field) = if rules.is_empty() { (old, "validations") } else { (rules, "preRenderValidations") };
        rules
            .iter()
            .enumerate()
            .map(|(at, rule)| Self {
                path: format!("spec.{field}[{at}].rule"),
                text: rule.rule.clone(),
                message: rule.message.clone(),
                condition: Template::parse_text(&rule.rule, scope),
            })
            .collect()
    }
}

/// A rule on rendered resources.
#[derive(Debug)]
pub(crate) struct PostRule {
    pub(crate) when: Option<Template>,
    pub(crate) for_each: Option<Arc<Loop>>,
    pub(crate) target: Target,
    pub(crate) must_match: bool,
    pub(crate) rule: Template,
    /// The scope of the rule: that of the loop, and `resource`.
    pub(crate) scope: Arc<Scope>,
    pub(crate) message: String,
}

impl PostRule {
    pub(super) fn parse_all(rules: &[spec::PostRule], scope: &Arc<Scope>) -> Vec<Self> {
        rules
            .iter()
            .map(|rule| {
                let (for_each, inside) = Loop::parse(&rule.for_each, &rule.var, scope);
                let target_plane = if rule.target_plane.is_empty() { "dataplane" } else { &rule.target_plane };
                let target = Target::parse(&rule.target, target_plane, &inside);
                let with_resource = target.scope.clone();
                Self {
                    when: condition(&rule.when, scope),
                    for_each,
                    must_match: rule.target.must_match.unwrap_or(true),
                    rule: Template::parse_text(&rule.rule, &with_resource),
                    scope: with_resource,
                    target,
                    message: rule.message.clone(),
                }
            })
            .collect()
    }
}
