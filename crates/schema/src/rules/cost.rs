//! What the rules of a schema may cost at most, known before any object is checked: the limits that the schema sets on
//! lists, maps and texts bound what a rule can go through, and how often it is evaluated. As an API server estimates it
//! before it takes a custom resource definition.

use std::sync::Arc;

use cel::Type;
use cel::cost::{Estimate, ITEMS, KEYS, Sizes, VALUES};

use crate::node::{Additional, Arena, Kind, NodeData, NodeId};
use crate::parse::SchemaProblem;

/// One expression may cost so much, over all the places that it is evaluated for.
const PER_EXPRESSION: u64 = 10_000_000;

/// All expressions of a schema may cost so much together.
const PER_SCHEMA: u64 = 100_000_000;

/// No object is larger than a request: in bytes.
const LARGEST_REQUEST: u64 = 3 << 20;

/// Of a schema that costs too much so many expressions are named, if each is a hundredth of what is allowed.
const NAMED: usize = 4;

/// Expressions that cost too much, alone or together; empty where the rules are affordable.
pub(crate) fn problems(arena: &Arena, root: NodeId) -> Vec<SchemaProblem> {
    let mut total = Total { arena, cost: 0, dear: Vec::new(), problems: Vec::new() };
    total.place(root, "", Some(1));
    total.finish()
}

struct Total<'a> {
    arena: &'a Arena,
    cost: u64,
    /// The dearest expressions and their paths, dearest first.
    dear: Vec<(u64, String)>,
    problems: Vec<SchemaProblem>,
}

impl Total<'_> {
    /// `times` is how often the place may occur; `None` where no limit says it.
    fn place(&mut self, id: NodeId, path: &str, times: Option<u64>) {
        let node = self.arena.get(id);
        if !node.rules_below {
            return;
        }
        self.rules(id, node, path, times);
        for (name, property) in &node.properties {
            self.place(*property, &format!("{}[{name}]", child(path, "properties")), times);
        }
        if let Some(items) = node.items {
            self.place(items, &child(path, "items"), many(times, node.checks.max_items));
        }
        if let Additional::Schema(entries) = node.additional {
            self.place(entries, &child(path, "additionalProperties"), many(times, node.checks.max_properties));
        }
    }

    fn rules(&mut self, id: NodeId, node: &NodeData, path: &str, times: Option<u64>) {
        let times = times.unwrap_or_else(|| LARGEST_REQUEST / (smallest(self.arena, id) + 1));
        let sizes = Limits { arena: self.arena, place: id };
        for (index, rule) in node.compiled.iter().enumerate() {
            let path = format!("{}[{index}]", child(path, "x-kubernetes-validations"));
            let cost = rule.program.estimate(&sizes).max.saturating_mul(times);
            self.expression(child(&path, "rule"), "estimated rule cost", cost);
            if let Some(message) = &rule.message_expression {
                let cost = message.estimate(&sizes).max;
                self.expression(child(&path, "messageExpression"), "estimated messageExpression cost", cost);
            }
        }
    }

    fn expression(&mut self, path: String, what: &str, cost: u64) {
        if cost > PER_EXPRESSION {
            self.problems.push(SchemaProblem::forbidden(&path, exceeds(what, cost, PER_EXPRESSION)));
        }
        self.cost = self.cost.saturating_add(cost);
        if cost >= PER_SCHEMA / 100 {
            self.dear.push((cost, path));
            self.dear.sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
            self.dear.truncate(NAMED);
        }
    }

    fn finish(mut self) -> Vec<SchemaProblem> {
        if self.cost > PER_SCHEMA {
            let detail = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
            let named = self.dear.into_iter().map(|(_, path)| SchemaProblem::forbidden(path, detail));
            self.problems.extend(named);
            let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
            self.problems.push(SchemaProblem::forbidden("", exceeds(what, self.cost, PER_SCHEMA)));
        }
        self.problems
    }
}

/// How often what lies below may occur.
fn many(times: Option<u64>, limit: Option<i64>) -> Option<u64> {
    Some(times?.saturating_mul(size(limit?)))
}

/// A limit as a size; none is below zero.
fn size(limit: i64) -> u64 {
    u64::try_from(limit).unwrap_or(0)
}

fn child(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn exceeds(what: &str, cost: u64, limit: u64) -> String {
    let factor = cost as f64 / limit as f64;
    let factor = match factor {
        factor if factor > 100.0 => "more than 100x".to_owned(),
        // In full, so that it is never told as a factor of one.
        factor if factor < 1.5 => format!("{factor:.6}x"),
        factor => format!("{factor:.1}x"),
    };
    format!(
        "{what} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"
    )
}

/// The sizes of what a rule's variables hold, by the limits of the schema below its place.
struct Limits<'a> {
    arena: &'a Arena,
    place: NodeId,
}

impl Sizes for Limits<'_> {
    fn size(&self, path: &[Arc<str>], _: &Type) -> Option<Estimate> {
        let mut at = self.place;
        for (index, step) in path.iter().enumerate().skip(1) {
            let node = self.arena.get(at);
            at = match &**step {
                ITEMS => node.items?,
                VALUES => match (node.items, node.additional) {
                    (Some(items), _) => items,
                    (None, Additional::Schema(entries)) => entries,
                    _ => return None,
                },
                // Keys count as nothing.
                KEYS => return matches!(node.additional, Additional::Schema(_)).then_some(Estimate::exactly(0)),
                name => match node.properties.get(name) {
                    Some(property) => *property,
                    // What every resource has, even where the schema does not say it.
                    None if node.embedded && matches!(name, "apiVersion" | "kind") => {
                        return Some(Estimate::up_to(LARGEST_REQUEST - 2));
                    }
                    None => return metadata(node, path.get(index..).unwrap_or_default()),
                },
            };
        }
        Some(Estimate::up_to(largest(self.arena, at)))
    }
}

/// The names in the metadata of a resource.
fn metadata(node: &NodeData, rest: &[Arc<str>]) -> Option<Estimate> {
    match rest {
        [metadata] if node.embedded && &**metadata == "metadata" => Some(Estimate::exactly(0)),
        [metadata, name] if node.embedded && &**metadata == "metadata" => {
            matches!(&**name, "name" | "generateName").then_some(Estimate::up_to(LARGEST_REQUEST - 2))
        }
        _ => None,
    }
}

/// The size of the largest value at a place: octets of a text, items of a list, entries of a map.
fn largest(arena: &Arena, id: NodeId) -> u64 {
    /// A character is four octets at most.
    const OCTETS: u64 = 4;
    let node = arena.get(id);
    let checks = &node.checks;
    // The quotes are not part of it.
    let text = LARGEST_REQUEST - 2;
    let limited = checks.max_length.map(|limit| size(limit).saturating_mul(OCTETS));
    match node.kind {
        Kind::IntOrString => limited.unwrap_or(text),
        Kind::String => match checks.format.as_deref() {
            Some("byte") => checks.max_length.map_or(text, size),
            Some("duration" | "date-time") => 32,
            Some("date") => 12,
            _ => limited.unwrap_or_else(|| {
                let words = checks.enumeration.iter().filter_map(|word| word.as_str());
                words.map(|word| word.len() as u64).max().unwrap_or(text)
            }),
        },
        Kind::Array => {
            let item = node.items.map_or(0, |items| smallest(arena, items));
            checks.max_items.map_or_else(|| (LARGEST_REQUEST - 2) / (item + 1), size)
        }
        Kind::Object => match node.additional {
            // Each entry has a key in quotes, a colon and a comma.
            Additional::Schema(entries) => {
                checks.max_properties.map_or_else(|| (LARGEST_REQUEST - 2) / (smallest(arena, entries) + 6), size)
            }
            _ => 0,
        },
        Kind::Any | Kind::Boolean | Kind::Integer | Kind::Number => 0,
    }
}

/// The length of the shortest JSON that a place can hold, in octets.
fn smallest(arena: &Arena, id: NodeId) -> u64 {
    let node = arena.get(id);
    match node.kind {
        Kind::Boolean => 4,
        Kind::IntOrString | Kind::Integer | Kind::Number | Kind::Any => 1,
        Kind::String => match node.checks.format.as_deref() {
            Some("duration") => 3,
            Some("date") => 12,
            Some("date-time") => 21,
            _ => 2,
        },
        Kind::Array => 2,
        Kind::Object if matches!(node.additional, Additional::Schema(_)) => 2,
        Kind::Object => {
            let required = node.checks.required.iter().filter_map(|name| Some((name, *node.properties.get(name)?)));
            // What has a default need not be sent.
            let sent = required.filter(|(_, id)| arena.get(*id).default.is_none());
            2 + sent.map(|(name, id)| name.len() as u64 + smallest(arena, id) + 4).sum::<u64>()
        }
    }
}
