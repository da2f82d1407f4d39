//! `includeWhen` and `forEach`.

use cel::Value;

use crate::problem::{Code, Place, Problem};
use crate::program::Loop;
use crate::template::{Bindings, Template, TemplateError, from_cel, without_omitted};
use crate::tree::Tree;

/// Why a condition or a loop could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ControlError {
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("includeWhen must evaluate to boolean, got {0}")]
    NotBool(&'static str),
    #[error("forEach must evaluate to array or map, got {0}")]
    NotItems(&'static str),
}

impl ControlError {
    /// The problem at a place, told as `prefix: error`.
    pub(crate) fn problem(&self, place: &Place, prefix: &str) -> Problem {
        match self {
            Self::Template(error) => Problem::template(place, prefix, error),
            other => Problem::new(Code::Type, place, format!("{prefix}{other}")),
        }
    }
}

/// Whether a condition holds; an absent one does.
pub(crate) fn holds(condition: Option<&Template>, bindings: &Bindings) -> Result<bool, ControlError> {
    let Some(condition) = condition else { return Ok(true) };
    match condition.evaluate(bindings)? {
        Tree::Bool(holds) => Ok(holds),
        other => Err(ControlError::NotBool(other.type_name())),
    }
}

/// The bindings of each round.
pub(crate) enum Rounds<'b> {
    /// There is no loop.
    Once(&'b Bindings),
    /// One for each item, with the loop's variable.
    Each(Vec<Bindings>),
}

impl Rounds<'_> {
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Bindings> {
        match self {
            Self::Once(bindings) => std::slice::from_ref(*bindings).iter(),
            Self::Each(rounds) => rounds.iter(),
        }
    }
}

/// The bindings for each round: those given where there is no loop.
pub(crate) fn each<'b>(for_each: Option<&Loop>, bindings: &'b Bindings) -> Result<Rounds<'b>, ControlError> {
    let Some(round) = for_each else { return Ok(Rounds::Once(bindings)) };
    let items = items(&round.items, bindings)?;
    Ok(Rounds::Each(items.into_iter().map(|item| round.scope.widen(bindings, &round.variable, item)).collect()))
}

/// The items of a list, or `{key, value}` for the entries of a map, sorted by key.
fn items(template: &Template, bindings: &Bindings) -> Result<Vec<Value>, ControlError> {
    let Template::Whole(expression) = template else {
        return Err(ControlError::NotItems(template.evaluate(bindings)?.type_name()));
    };
    let value = expression.value(bindings)?;
    match without_omitted(&value) {
        Value::List(items) => Ok(items.to_vec()),
        Value::Map(map) => {
            let mut entries: Vec<_> = map.iter().map(|(key, value)| (key.to_text(), value.clone())).collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Ok(entries
                .into_iter()
                .map(|(key, value)| Value::map([("key", Value::String(key)), ("value", value)]))
                .collect())
        }
        other => {
            Err(ControlError::NotItems(from_cel(&other).map_or("a value of its own type", |tree| tree.type_name())))
        }
    }
}
