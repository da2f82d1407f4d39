//! Evaluates rules over an object.

use cel::{Activation, EvalErrorKind, Value as Cel};
use serde_json::Value;

use super::{OLD_SELF, Reason, Rule, SELF, values};
use crate::error::{ErrorKind, FieldError};
use crate::node::{Additional, Arena, Kind, MapType, NodeData, NodeId};
use crate::path::{Path, field_text};
use crate::validate::map_item;

/// What all rules of one object may cost together.
const BUDGET: u64 = 10_000_000;

/// What one evaluation may cost.
const PER_CALL_LIMIT: u64 = 1_000_000;

const MAX_MESSAGE_BYTES: usize = 5 << 10;

/// Evaluates all rules; errors of parts that did not change are left out unless the rule is about the change.
pub(crate) fn check(arena: &Arena, root: NodeId, value: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let mut run = Run { arena, budget: BUDGET, stopped: false, errors };
    run.place(root, value, old, None, &Path::Root);
}

struct Run<'a> {
    arena: &'a Arena,
    budget: u64,
    stopped: bool,
    errors: &'a mut Vec<FieldError>,
}

impl Run<'_> {
    /// `old` is the correlated old value; `above` the nearest place above that has one, as (old, new).
    fn place(
        &mut self,
        id: NodeId,
        value: &Value,
        old: Option<&Value>,
        above: Option<(&Value, &Value)>,
        path: &Path<'_>,
    ) {
        let node = self.arena.get(id);
        if self.stopped || !node.rules_below || value.is_null() {
            return;
        }
        let nearest = old.map(|old| (old, value)).or(above);
        self.rules(id, node, value, old.filter(|old| !old.is_null()), nearest, path);
        match value {
            Value::Object(object) => {
                let correlates = node.map_type != Some(MapType::Atomic);
                for (name, child) in object {
                    let old_child = old.and_then(|old| old.get(name));
                    if let Some(property) = node.properties.get(name) {
                        self.place(*property, child, old_child, nearest, &Path::Field(path, name));
                    } else if let Additional::Schema(entries) = node.additional {
                        let old_child = old_child.filter(|_| correlates);
                        self.place(entries, child, old_child, nearest, &Path::Key(path, name));
                    }
                }
            }
            Value::Array(items) => {
                let Some(schema) = node.items else { return };
                let old_items = old.and_then(Value::as_array);
                for (index, item) in items.iter().enumerate() {
                    let old_item = old_items.and_then(|items| map_item(self.arena, node, items, item));
                    self.place(schema, item, old_item, nearest, &Path::Index(path, index));
                }
            }
            _ => {}
        }
    }

    fn rules(
        &mut self,
        id: NodeId,
        node: &NodeData,
        value: &Value,
        old: Option<&Value>,
        nearest: Option<(&Value, &Value)>,
        path: &Path<'_>,
    ) {
        let mut subject: Option<Cel> = None;
        let mut before: Option<Cel> = None;
        for rule in &node.compiled {
            if rule.uses_old && old.is_none() && !rule.optional_old {
                continue;
            }
            let subject = subject.get_or_insert_with(|| values::of(self.arena, id, value)).clone();
            let mut activation = rule.blank.clone();
            activation.set(SELF, subject);
            if rule.uses_old {
                let before =
                    old.map(|old| before.get_or_insert_with(|| values::of_old(self.arena, id, old, value)).clone());
                let old_self = match (rule.optional_old, before) {
                    (true, Some(before)) => Cel::some(before),
                    (true, None) => Cel::NONE,
                    (false, Some(before)) => before,
                    (false, None) => continue,
                };
                activation.set(OLD_SELF, old_self);
            }
            self.rule(rule, node, value, &activation, nearest, path);
            if self.stopped {
                return;
            }
        }
    }

    fn rule(
        &mut self,
        rule: &Rule,
        node: &NodeData,
        value: &Value,
        activation: &Activation,
        nearest: Option<(&Value, &Value)>,
        path: &Path<'_>,
    ) {
        let place = || field_text(&path.to_string());
        let kind = || Value::from(if node.kind == Kind::IntOrString { "" } else { node.kind.as_str() });
        let limit = self.budget.min(PER_CALL_LIMIT);
        let (result, spent) = rule.program.eval_metered(activation, limit);
        self.budget = self.budget.saturating_sub(spent);
        match result {
            Ok(Cel::Bool(true)) => {}
            Ok(_) => {
                let detail = self.message(rule, activation);
                // What did not change is not held against an update, unless the rule is about the change itself.
                if rule.uses_old || nearest.is_none_or(|(old, new)| old != new) {
                    self.errors.push(failure(rule, node, value, path, detail));
                }
            }
            Err(error) if error.kind() == EvalErrorKind::LimitExceeded && self.budget == 0 => {
                self.stop(FieldError::invalid(
                    place(),
                    kind(),
                    "validation failed due to running out of cost budget, no further validation rules will be run",
                ));
            }
            Err(error) if error.kind() == EvalErrorKind::LimitExceeded => self.stop(FieldError::invalid(
                place(),
                kind(),
                format!("'{error}': no further validation rules will be run due to call cost exceeds limit for rule: {}", rule.text),
            )),
            Err(error) if error.kind() == EvalErrorKind::NoSuchOverload => self.errors.push(FieldError::invalid(
                place(),
                kind(),
                format!(
                    "'{error}': call arguments did not match a supported operator, function or macro signature for rule: {}",
                    rule.text
                ),
            )),
            Err(error) => {
                self.errors.push(FieldError::invalid(place(), kind(), format!("{error} evaluating rule: {}", rule.text)));
            }
        }
    }

    fn stop(&mut self, error: FieldError) {
        self.errors.push(error);
        self.stopped = true;
    }

    /// The message expression's text where it gives a usable one, else the message, else the rule.
    fn message(&mut self, rule: &Rule, activation: &Activation) -> String {
        if let Some(expression) = &rule.message_expression {
            let (result, spent) = expression.eval_metered(activation, self.budget.min(PER_CALL_LIMIT));
            self.budget = self.budget.saturating_sub(spent);
            if let Ok(Cel::String(text)) = result {
                let text = text.trim();
                if !text.is_empty() && text.len() <= MAX_MESSAGE_BYTES && !text.contains('\n') {
                    return text.to_owned();
                }
            }
        }
        rule.message.clone().unwrap_or_else(|| format!("failed rule: {}", rule.text))
    }
}

fn failure(rule: &Rule, node: &NodeData, value: &Value, path: &Path<'_>, detail: String) -> FieldError {
    let mut place = path.to_string();
    if let Some(relative) = &rule.field_path {
        if !place.is_empty() && !relative.starts_with('[') {
            place.push('.');
        }
        place.push_str(relative);
    }
    let place = field_text(&place);
    let shown = (!matches!(node.kind, Kind::Object | Kind::Array)).then(|| value.clone());
    match rule.reason {
        Reason::Forbidden => FieldError::forbidden(place, detail),
        Reason::Required => FieldError::required(place, detail),
        Reason::Duplicate => {
            FieldError { kind: ErrorKind::Duplicate, path: place, value: shown, detail: String::new() }
        }
        Reason::Invalid => FieldError { kind: ErrorKind::Invalid, path: place, value: shown, detail },
    }
}
