//! Nodes that are true or false, and values that can be pointed at: the paths that predicates take.

use std::borrow::Cow;

use super::access::present;
use super::plan::{Id, Node, Order, Path, TextTest};
use super::{Run, Scope, operators};
use crate::ast::SelectMode;
use crate::error::{EvalError, EvalErrorKind};
use crate::value::Value;

type Tested = Result<bool, EvalError>;

impl Run<'_> {
    /// The value of a variable, constant or path of fields that is there; anything else is for `eval` to say.
    pub(super) fn reference<'s>(&'s self, id: Id, scope: &'s Scope<'s>) -> Option<&'s Value> {
        match self.plan.node(id) {
            Node::Const(value) => Some(value),
            Node::Field { path: Some(path), .. } => {
                self.spend_some(path.cost())?;
                self.follow(path)
            }
            Node::Slot(slot) => {
                self.spend_one()?;
                self.slots.get(*slot as usize)?.as_ref()
            }
            Node::Local(up) => {
                self.spend_one()?;
                scope.value(*up)
            }
            Node::Field { operand, key, mode: SelectMode::Plain, direct: true, path: None } => {
                let operand = self.reference(*operand, scope)?;
                self.spend_one()?;
                match operand {
                    Value::Map(map) => map.get_str(key),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// What stands at the end of a path, if it is there.
    #[inline]
    fn follow(&self, path: &Path) -> Option<&Value> {
        let mut value = self.slots.get(path.slot as usize)?.as_ref()?;
        for key in &path.keys {
            let Value::Map(map) = value else { return None };
            value = map.get_str(key)?;
        }
        Some(value)
    }

    /// What stands at the end of the path that a node is, and what following it costs.
    #[inline]
    fn pointed_at(&self, id: Id) -> Option<(&Value, u64)> {
        let Node::Field { path: Some(path), .. } = self.plan.node(id) else { return None };
        Some((self.follow(path)?, path.cost()))
    }

    /// A path or its size beside a constant, of which most conditions are made. Anything else, and everything that can go
    /// wrong, is for `test` to say; nothing is spent on it here.
    #[inline]
    fn glance(&self, id: Id) -> Option<bool> {
        match self.plan.node(id) {
            Node::Equal { left, right, negated } => {
                let Node::Const(Value::String(right)) = self.plan.node(*right) else { return None };
                let (Value::String(left), cost) = self.pointed_at(*left)? else { return None };
                self.spend_some(cost + text_cost(left, right))?;
                Some((left == right) != *negated)
            }
            Node::Order { order, left, right } => {
                let Node::Const(Value::Int(right)) = self.plan.node(*right) else { return None };
                let Node::Size(sized) = self.plan.node(*left) else { return None };
                let (sized, cost) = self.pointed_at(*sized)?;
                let length = match sized {
                    Value::List(items) => items.len(),
                    Value::Map(map) => map.len(),
                    _ => return None,
                };
                self.spend_some(cost + 2)?;
                Some(order.holds((length as i64).cmp(right)))
            }
            _ => None,
        }
    }

    fn spend_one(&self) -> Option<()> {
        self.spend_some(1)
    }

    fn spend_some(&self, cost: u64) -> Option<()> {
        self.budget.set(self.budget.get().checked_sub(cost)?);
        Some(())
    }

    /// An integer that is written there or that is the size of something that can be pointed at.
    fn integer(&self, id: Id, scope: &Scope<'_>) -> Option<i64> {
        match self.plan.node(id) {
            Node::Const(Value::Int(value)) => Some(*value),
            Node::Size(operand) => {
                let length = match self.reference(*operand, scope)? {
                    Value::List(items) => items.len(),
                    Value::Map(map) => map.len(),
                    _ => return None,
                };
                self.spend_one()?;
                Some(length as i64)
            }
            _ => None,
        }
    }

    /// A node as a condition.
    pub(super) fn test(&self, id: Id, scope: &Scope<'_>) -> Tested {
        let result = match self.plan.node(id) {
            Node::Equal { left, right, negated } => self.equal(*left, *right, scope).map(|equal| equal != *negated),
            Node::Order { order, left, right } => self.order(*order, *left, *right, scope),
            Node::And(operands) => return self.logical(operands, false, scope),
            Node::Or(operands) => return self.logical(operands, true, scope),
            Node::Not(operand) => return self.test(*operand, scope).map(|value| !value),
            Node::In { item, container } => self.is_in(*item, *container, scope),
            Node::Text { test, left, right } => self.text_test(*test, *left, *right, scope),
            Node::Matches { operand, regex } => self.matches(*operand, regex, scope),
            Node::Field { operand, key, mode: SelectMode::Test, .. } => self.has(*operand, key, scope),
            _ => self.eval(id, scope).and_then(|value| value.as_bool().ok_or_else(EvalError::no_such_overload)),
        };
        result.map_err(|error| error.at(self.plan.span(id)))
    }

    /// The value of a node, by reference where it can be pointed at.
    fn operand<'s>(&'s self, id: Id, scope: &'s Scope<'s>) -> Result<Cow<'s, Value>, EvalError> {
        match self.reference(id, scope) {
            Some(value) => Ok(Cow::Borrowed(value)),
            None => self.eval(id, scope),
        }
    }

    fn has(&self, operand: Id, key: &str, scope: &Scope<'_>) -> Tested {
        let operand = self.operand(operand, scope)?;
        self.spend(1)?;
        Ok(present(&operand, key)?.is_some())
    }

    fn equal(&self, left: Id, right: Id, scope: &Scope<'_>) -> Tested {
        if let Some(left) = self.reference(left, scope)
            && let Some(right) = self.reference(right, scope)
        {
            return self.same(left, right);
        }
        let left = self.operand(left, scope)?;
        let right = self.operand(right, scope)?;
        self.same(&left, &right)
    }

    fn same(&self, left: &Value, right: &Value) -> Tested {
        if let (Value::String(left), Value::String(right)) = (left, right) {
            self.spend(text_cost(left, right))?;
            return Ok(left == right);
        }
        self.spend(operators::equality_cost(left, right))?;
        Ok(left == right)
    }

    fn order(&self, order: Order, left: Id, right: Id, scope: &Scope<'_>) -> Tested {
        let quick = |id| matches!(self.plan.node(id), Node::Const(Value::Int(_)) | Node::Size(_));
        if quick(left)
            && quick(right)
            && let Some(left) = self.integer(left, scope)
            && let Some(right) = self.integer(right, scope)
        {
            self.spend(1)?;
            return Ok(order.holds(left.cmp(&right)));
        }
        let left = self.operand(left, scope)?;
        let right = self.operand(right, scope)?;
        if let (Value::Int(left), Value::Int(right)) = (&*left, &*right) {
            self.spend(1)?;
            return Ok(order.holds(left.cmp(right)));
        }
        self.spend(operators::equality_cost(&left, &right))?;
        operators::less(order.name(), &left, &right, |ordering| order.holds(ordering))
    }

    /// `&&` (decided by false) and `||` (decided by true): a deciding operand absorbs the errors of the others.
    fn logical(&self, operands: &[Id], decides: bool, scope: &Scope<'_>) -> Tested {
        let mut failure: Option<EvalError> = None;
        for operand in operands {
            let tested = match self.glance(*operand) {
                Some(value) => Ok(value),
                None => self.test(*operand, scope),
            };
            match tested {
                Ok(value) if value == decides => return Ok(decides),
                Ok(_) => {}
                Err(error) if error.kind() == EvalErrorKind::LimitExceeded => return Err(error),
                Err(error) => {
                    failure.get_or_insert(error);
                }
            }
        }
        failure.map_or(Ok(!decides), Err)
    }

    fn is_in(&self, item: Id, container: Id, scope: &Scope<'_>) -> Tested {
        let item = self.operand(item, scope)?;
        let container = self.operand(container, scope)?;
        self.spend(1 + container.as_list().map_or(0, |items| items.len() as u64 / 10))?;
        operators::contains(&container, &item)
    }

    fn text_test(&self, test: TextTest, left: Id, right: Id, scope: &Scope<'_>) -> Tested {
        let left = self.operand(left, scope)?;
        let right = self.operand(right, scope)?;
        let (Value::String(text), Value::String(part)) = (&*left, &*right) else {
            let args = [left.into_owned(), right.into_owned()];
            return Err(EvalError::no_overload_for(test.name(), &args));
        };
        self.spend(1 + text.len() as u64 / 10)?;
        Ok(test.of(text, part))
    }

    fn matches(&self, operand: Id, regex: &regex::Regex, scope: &Scope<'_>) -> Tested {
        let operand = self.operand(operand, scope)?;
        let Value::String(text) = &*operand else {
            let args = [operand.into_owned(), Value::from("")];
            return Err(EvalError::no_overload_for("matches", &args));
        };
        self.spend(1 + (text.len() as u64 / 10) * (regex.as_str().len() as u64 / 4).max(1))?;
        Ok(regex.is_match(text))
    }
}

/// What comparing two texts costs.
fn text_cost(left: &str, right: &str) -> u64 {
    1 + left.len().min(right.len()) as u64 / 10
}
