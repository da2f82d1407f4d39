//! Loops over lists and maps.

use std::borrow::Cow;
use std::sync::Arc;

use super::plan::{Fold, Id};
use super::{Evaluated, Run, Scope};
use crate::ast::ComprehensionKind;
use crate::error::{EvalError, EvalErrorKind};
use crate::value::{Key, MapBuilder, Value, compare};

impl Run<'_> {
    pub(super) fn fold<'s>(&'s self, fold: &Fold, scope: &'s Scope<'s>) -> Evaluated<'s> {
        let range = self.eval(fold.range, scope)?;
        let mut result = Collected::new(fold.kind, range.as_list().map_or(0, <[Value]>::len));
        match &*range {
            Value::List(items) => {
                for (place, item) in items.iter().enumerate() {
                    let index = Value::Int(place as i64);
                    let first = if fold.two { &index } else { item };
                    if !self.pass(fold, &mut result, first, item, scope)? {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                for (key, item) in map.iter() {
                    if !self.pass(fold, &mut result, &key.to_value(), item, scope)? {
                        break;
                    }
                }
            }
            _ => return Err(EvalError::no_such_overload()),
        }
        result.finish(fold.kind).map(Cow::Owned)
    }

    /// One item; `false` when the result is decided.
    fn pass<'s>(
        &'s self,
        fold: &Fold,
        result: &mut Collected,
        first: &'s Value,
        second: &'s Value,
        scope: &'s Scope<'s>,
    ) -> Result<bool, EvalError> {
        let one = Scope::Bound { value: first, outer: scope };
        if fold.two {
            let both = Scope::Bound { value: second, outer: &one };
            self.step(fold, result, first, &both)
        } else {
            self.step(fold, result, first, &one)
        }
    }

    fn step(&self, fold: &Fold, result: &mut Collected, first: &Value, scope: &Scope<'_>) -> Result<bool, EvalError> {
        self.spend(1)?;
        if let Some(filter) = fold.filter
            && !self.test(filter, scope)?
        {
            return Ok(true);
        }
        match fold.kind {
            ComprehensionKind::All => self.decide(fold.body, result, false, scope),
            ComprehensionKind::Exists => self.decide(fold.body, result, true, scope),
            ComprehensionKind::ExistsOne => {
                result.count += u64::from(self.test(fold.body, scope)?);
                Ok(true)
            }
            ComprehensionKind::Filter => {
                if self.test(fold.body, scope)? {
                    result.items.push(first.clone());
                }
                Ok(true)
            }
            ComprehensionKind::Map => {
                result.items.push(self.eval(fold.body, scope)?.into_owned());
                Ok(true)
            }
            ComprehensionKind::SortBy => {
                result.keys.push(self.eval(fold.body, scope)?.into_owned());
                result.items.push(first.clone());
                Ok(true)
            }
            ComprehensionKind::TransformMap => {
                let key = Key::from_value(first).ok_or_else(EvalError::no_such_overload)?;
                result.entries.insert(key, self.eval(fold.body, scope)?.into_owned());
                Ok(true)
            }
            ComprehensionKind::TransformMapEntry => {
                let body = self.eval(fold.body, scope)?;
                let Value::Map(map) = &*body else {
                    return Err(EvalError::no_such_overload());
                };
                for (key, value) in map.iter() {
                    if result.entries.contains(key) {
                        let message = format!("insert failed: key {} already exists", key.to_text());
                        return Err(EvalError::invalid(message));
                    }
                    result.entries.insert(key.clone(), value.clone());
                }
                Ok(true)
            }
        }
    }

    /// `all` and `exists`: a deciding item ends the loop and absorbs earlier errors.
    fn decide(&self, body: Id, result: &mut Collected, decides: bool, scope: &Scope<'_>) -> Result<bool, EvalError> {
        match self.test(body, scope) {
            Ok(value) if value == decides => {
                result.failure = None;
                result.decided = true;
                Ok(false)
            }
            Ok(_) => Ok(true),
            Err(error) if error.kind() == EvalErrorKind::LimitExceeded => Err(error),
            Err(error) => {
                result.failure.get_or_insert(error);
                Ok(true)
            }
        }
    }
}

/// What a loop has so far.
struct Collected {
    items: Vec<Value>,
    keys: Vec<Value>,
    entries: MapBuilder,
    count: u64,
    decided: bool,
    failure: Option<EvalError>,
}

impl Collected {
    fn new(kind: ComprehensionKind, items: usize) -> Self {
        let room = if matches!(kind, ComprehensionKind::Map | ComprehensionKind::SortBy) { items } else { 0 };
        Self {
            items: Vec::with_capacity(room),
            keys: Vec::new(),
            entries: MapBuilder::default(),
            count: 0,
            decided: false,
            failure: None,
        }
    }

    fn finish(self, kind: ComprehensionKind) -> Result<Value, EvalError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        Ok(match kind {
            ComprehensionKind::All => Value::Bool(!self.decided),
            ComprehensionKind::Exists => Value::Bool(self.decided),
            ComprehensionKind::ExistsOne => Value::Bool(self.count == 1),
            ComprehensionKind::Filter | ComprehensionKind::Map => Value::List(Arc::new(self.items)),
            ComprehensionKind::TransformMap | ComprehensionKind::TransformMapEntry => {
                Value::Map(Arc::new(self.entries.build()))
            }
            ComprehensionKind::SortBy => sort_by_keys(self.items, self.keys)?,
        })
    }
}

/// The items in the order of their keys; items of equal keys keep their order.
pub(crate) fn sort_by_keys(items: Vec<Value>, keys: Vec<Value>) -> Result<Value, EvalError> {
    if let Some(first) = keys.first() {
        if compare(first, first).is_none() {
            let message = format!("sort not supported for elements of type {}", first.type_name());
            return Err(EvalError::invalid(message));
        }
        if keys.iter().any(|key| key.type_name() != first.type_name()) {
            return Err(EvalError::invalid("list elements must have the same type"));
        }
    }
    let mut pairs: Vec<(Value, Value)> = keys.into_iter().zip(items).collect();
    pairs.sort_by(|(a, _), (b, _)| compare(a, b).flatten().unwrap_or(std::cmp::Ordering::Equal));
    Ok(Value::List(Arc::new(pairs.into_iter().map(|(_, item)| item).collect())))
}
