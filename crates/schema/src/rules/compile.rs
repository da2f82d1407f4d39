//! Compiles the rules of a whole schema.

use std::sync::LazyLock;

use cel::{Env, Issue, Program, Type, libraries};

use super::declare::Declarations;
use super::{OLD_SELF, Rule, SELF, field_path, form};
use crate::go_text;
use crate::node::{Additional, Arena, NodeData, NodeId, RuleText};
use crate::parse::SchemaProblem;

/// What one evaluation may cost at most.
const PER_CALL_LIMIT: u64 = 1_000_000;

static BASE: LazyLock<Env> = LazyLock::new(|| {
    Env::builder()
        .libraries(kubernetes())
        .optional_syntax(true)
        .escaped_fields(true)
        .strict_literals(true)
        .cost_limit(PER_CALL_LIMIT)
        .build()
});

/// Compiles every rule below `root` in place and marks the places that have rules at or below them.
pub(crate) fn compile(arena: &mut Arena, root: NodeId, problems: &mut Vec<SchemaProblem>) {
    let mut compiled = Vec::new();
    {
        let mut walker = Walker { arena, problems, compiled: &mut compiled };
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
        let rules = self.rules(id, node, path, uncorrelated);
        let any = below || !rules.is_empty();
        if any {
            self.compiled.push((id, rules, true));
        }
        any
    }

    fn rules(&mut self, place: NodeId, source: &NodeData, path: &str, uncorrelated: Option<&str>) -> Vec<Rule> {
        if source.rules.is_empty() {
            return Vec::new();
        }
        let path = child(path, "x-kubernetes-validations");
        let Some(declared) = Declarations::new(self.arena).of(place, "selfType") else {
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
        self.problems.push(SchemaProblem::invalid(path, detail));
    }

    /// Something wrong with a rule as a whole.
    fn broken(&mut self, path: String, rule: &RuleText, detail: impl Into<String>) {
        self.problems.push(SchemaProblem { shown: Some(form::shown(rule)), ..SchemaProblem::invalid(path, detail) });
    }

    /// Something wrong with one text of a rule.
    fn wrong(&mut self, path: String, text: &str, detail: impl Into<String>) {
        self.problems.push(SchemaProblem { shown: Some(go_text::quote(text)), ..SchemaProblem::invalid(path, detail) });
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
        let malformed = form::problems(text, path);
        if !malformed.is_empty() {
            self.problems.extend(malformed);
            return None;
        }
        let program = match env.compile(&text.rule) {
            Ok(program) => program,
            Err(issues) => {
                self.broken(rule_path, text, format!("compilation failed: {}", joined(&issues)));
                return None;
            }
        };
        if *program.output_type() != Type::Bool {
            self.broken(rule_path, text, "cel expression must evaluate to a bool");
            return None;
        }
        let uses_old = uses_old(env, &program);
        if let (true, Some(above)) = (uses_old, uncorrelated) {
            self.problems.push(SchemaProblem {
                shown: Some(go_text::quote(&text.rule)),
                within: Some(above.to_owned()),
                ..SchemaProblem::invalid(
                    rule_path,
                    "oldSelf cannot be used on the uncorrelatable portion of the schema within ",
                )
            });
            return None;
        }
        if text.optional_old_self && !uses_old {
            self.problems.push(SchemaProblem {
                shown: Some("true".to_owned()),
                ..SchemaProblem::invalid(
                    child(path, "optionalOldSelf"),
                    "may not be set if oldSelf is not used in rule",
                )
            });
            return None;
        }
        let message_expression = match &text.message_expression {
            None => None,
            Some(expression) => match env.compile(expression) {
                Ok(program) if *program.output_type() == Type::String => Some(program),
                Ok(_) => {
                    let detail = "messageExpression must evaluate to a string";
                    self.broken(child(path, "messageExpression"), text, detail);
                    return None;
                }
                Err(issues) => {
                    let detail = format!("messageExpression compilation failed: {}", joined(&issues));
                    self.broken(child(path, "messageExpression"), text, detail);
                    return None;
                }
            },
        };
        let field_path = match text.field_path.as_deref().map(|path| field_path::normalize(self.arena, place, path)) {
            None => None,
            Some(Ok(path)) => Some(path),
            Some(Err(why)) => {
                let given = text.field_path.as_deref().unwrap_or_default();
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                self.wrong(child(path, "fieldPath"), given, format!("must be a valid path{why}"));
                return None;
            }
        };
        let reason = form::reason(text.reason.as_deref())?;
        let message = text.message.as_deref().map(|message| message.trim().to_owned());
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
    let mut strings = libraries::strings();
    // It has the strings of a version before that one came.
    strings.functions.retain(|function| function.name() != "reverse");
    all.extend([strings, libraries::sets(), libraries::lists(), libraries::two_variables(), libraries::optionals()]);
    all
}
