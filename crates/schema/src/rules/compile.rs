//! Compiles the rules of a whole schema.

use std::sync::LazyLock;

use cel::{Env, Issue, Program, Type, libraries};

use super::declare::Declarations;
use super::{OLD_SELF, Reason, Rule, SELF, field_path};
use crate::node::{Additional, Arena, NodeData, NodeId, RuleText};
use crate::parse::SchemaProblem;

/// What one evaluation may cost at most.
const PER_CALL_LIMIT: u64 = 1_000_000;

static BASE: LazyLock<Env> = LazyLock::new(|| {
    Env::builder().libraries(kubernetes()).optional_syntax(true).escaped_fields(true).cost_limit(PER_CALL_LIMIT).build()
});

/// Compiles every rule below `root` in place and marks the places that have rules at or below them.
pub(crate) fn compile(arena: &mut Arena, root: NodeId, problems: &mut Vec<SchemaProblem>) {
    let mut compiled = Vec::new();
    {
        let mut walker = Walker { arena, types: Declarations::new(arena), problems, compiled: &mut compiled };
        walker.place(root, "", None);
    }
    for (id, rules, below) in compiled {
        let node = &mut arena.nodes[id as usize];
        node.compiled = rules;
        node.rules_below = below;
    }
}

struct Walker<'a> {
    arena: &'a Arena,
    types: Declarations<'a>,
    problems: &'a mut Vec<SchemaProblem>,
    compiled: &'a mut Vec<(NodeId, Vec<Rule>, bool)>,
}

impl Walker<'_> {
    /// Returns whether there are rules at the place or below it. `uncorrelated` is the list above that does not tell its items apart.
    fn place(&mut self, id: NodeId, path: &str, uncorrelated: Option<&str>) -> bool {
        let arena = self.arena;
        let node = arena.get(id);
        let mut below = false;
        for (name, property) in &node.properties {
            below |= self.place(*property, &format!("{}[{name}]", child(path, "properties")), uncorrelated);
        }
        if let Some(items) = node.items {
            let place = child(path, "items");
            let correlated = node.list_type == Some(crate::node::ListType::Map);
            let uncorrelated = if correlated { uncorrelated } else { uncorrelated.or(Some(path)) };
            below |= self.place(items, &place, uncorrelated);
        }
        if let Additional::Schema(entries) = node.additional {
            let atomic = node.map_type == Some(crate::node::MapType::Atomic);
            let uncorrelated = if atomic { uncorrelated.or(Some(path)) } else { uncorrelated };
            below |= self.place(entries, &child(path, "additionalProperties"), uncorrelated);
        }
        let mut rules = self.rules(id, node, path, uncorrelated);
        for (index, branch) in node.checks.all_of.iter().enumerate() {
            rules.extend(self.rules(
                id,
                arena.get(*branch),
                &format!("{}[{index}]", child(path, "allOf")),
                uncorrelated,
            ));
        }
        self.refuse_in_branches(node, path);
        let any = below || !rules.is_empty();
        if any {
            self.compiled.push((id, rules, true));
        }
        any
    }

    /// Rules inside value validations are evaluated only directly in `allOf`.
    fn refuse_in_branches(&mut self, node: &NodeData, path: &str) {
        let checks = &node.checks;
        let mut stack: Vec<(NodeId, bool)> = checks.all_of.iter().map(|id| (*id, true)).collect();
        stack.extend(checks.any_of.iter().chain(&checks.one_of).chain(&checks.not).map(|id| (*id, false)));
        while let Some((id, allowed)) = stack.pop() {
            let branch = self.arena.get(id);
            if !allowed && !branch.rules.is_empty() {
                self.problems.push(SchemaProblem {
                    path: child(path, "x-kubernetes-validations"),
                    detail:
                        "rules inside anyOf, oneOf, not, or below allOf are not supported; put them beside the type"
                            .to_owned(),
                });
            }
            let inner = &branch.checks;
            stack.extend(branch.properties.values().chain(&branch.items).map(|id| (*id, false)));
            let branches = inner.all_of.iter().chain(&inner.any_of).chain(&inner.one_of).chain(&inner.not);
            stack.extend(branches.map(|id| (*id, false)));
        }
    }

    fn rules(&mut self, place: NodeId, source: &NodeData, path: &str, uncorrelated: Option<&str>) -> Vec<Rule> {
        if source.rules.is_empty() {
            return Vec::new();
        }
        let path = child(path, "x-kubernetes-validations");
        let Some(declared) = self.types.of(place) else {
            self.problem(&path, "rules need a place with a type");
            return Vec::new();
        };
        let plain = environment(&declared, declared.clone());
        let optional = source
            .rules
            .iter()
            .any(|rule| rule.optional_old_self)
            .then(|| environment(&declared, Type::optional(declared.clone())));
        let mut rules = Vec::with_capacity(source.rules.len());
        for (index, text) in source.rules.iter().enumerate() {
            let env = if text.optional_old_self { optional.as_ref().unwrap_or(&plain) } else { &plain };
            rules.extend(self.rule(place, text, env, &format!("{path}[{index}]"), uncorrelated));
        }
        rules
    }

    fn problem(&mut self, path: &str, detail: impl Into<String>) {
        self.problems.push(SchemaProblem { path: path.to_owned(), detail: detail.into() });
    }

    fn rule(
        &mut self,
        place: NodeId,
        text: &RuleText,
        env: &Env,
        path: &str,
        uncorrelated: Option<&str>,
    ) -> Option<Rule> {
        let rule_path = child(path, "rule");
        let program = match env.compile(&text.rule) {
            Ok(program) => program,
            Err(issues) => {
                self.problem(&rule_path, format!("compilation failed: {}", joined(&issues)));
                return None;
            }
        };
        if *program.output_type() != Type::Bool {
            self.problem(&rule_path, "cel expression must evaluate to a bool");
            return None;
        }
        let uses_old = uses_old(env, &program);
        if let (true, Some(above)) = (uses_old, uncorrelated) {
            let detail = format!("oldSelf cannot be used on the uncorrelatable portion of the schema within {above}");
            self.problem(&rule_path, detail);
            return None;
        }
        if text.optional_old_self && !uses_old {
            self.problem(&child(path, "optionalOldSelf"), "may not be set if oldSelf is not used in rule");
            return None;
        }
        let message_expression = match &text.message_expression {
            None => None,
            Some(expression) => match env.compile(expression) {
                Ok(program) if *program.output_type() == Type::String => Some(program),
                Ok(_) => {
                    self.problem(&child(path, "messageExpression"), "messageExpression must evaluate to a string");
                    return None;
                }
                Err(issues) => {
                    let detail = format!("messageExpression compilation failed: {}", joined(&issues));
                    self.problem(&child(path, "messageExpression"), detail);
                    return None;
                }
            },
        };
        let field_path = match text.field_path.as_deref().map(|path| field_path::normalize(self.arena, place, path)) {
            None => None,
            Some(Ok(path)) => Some(path),
            Some(Err(why)) => {
                self.problem(&child(path, "fieldPath"), format!("must be a valid path: {why}"));
                return None;
            }
        };
        let reason = match text.reason.as_deref() {
            None | Some("FieldValueInvalid") => Reason::Invalid,
            Some("FieldValueForbidden") => Reason::Forbidden,
            Some("FieldValueRequired") => Reason::Required,
            Some("FieldValueDuplicate") => Reason::Duplicate,
            Some(other) => {
                let detail = format!(
                    "unknown reason \"{other}\"; use FieldValueDuplicate, FieldValueForbidden, FieldValueInvalid or FieldValueRequired"
                );
                self.problem(&child(path, "reason"), detail);
                return None;
            }
        };
        let message = text.message.as_deref().map(|message| message.trim().to_owned());
        if text.rule.trim().contains(['\n', '\r']) && message.is_none() {
            self.problem(&child(path, "message"), "message must be specified if rule contains line breaks");
            return None;
        }
        Some(Rule {
            text: message.clone().unwrap_or_else(|| text.rule.trim().to_owned()),
            message,
            program,
            message_expression,
            reason,
            field_path,
            uses_old,
            optional_old: text.optional_old_self,
            blank: env.activation(),
        })
    }
}

fn environment(place: &Type, old: Type) -> Env {
    BASE.extend().variable(SELF, place.clone()).variable(OLD_SELF, old).build()
}

fn uses_old(env: &Env, program: &Program) -> bool {
    env.slot(OLD_SELF).is_some_and(|slot| program.slots().contains(&slot))
}

fn joined(issues: &[Issue]) -> String {
    issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn child(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The libraries of Kubernetes' expression environment.
fn kubernetes() -> Vec<cel::Library> {
    let mut all = libraries::kubernetes::all();
    all.extend([libraries::strings(), libraries::sets(), libraries::two_variables(), libraries::optionals()]);
    all
}
