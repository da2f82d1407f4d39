//! Running a plan.

mod access;
mod fold;
mod operators;
mod plan;
mod truth;

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

pub(crate) use fold::sort_by_keys;
pub(crate) use operators::{add, contains, divide, equal_text, less, multiply, negate, remainder, size, subtract};
pub(crate) use plan::Plan;
use plan::{Arithmetic, Id, Node};

use crate::ast::SelectMode;
use crate::error::{EvalError, EvalErrorKind};
use crate::value::{Key, MapBuilder, Value};

type Evaluated<'s> = Result<Cow<'s, Value>, EvalError>;

/// The variables of loops and bindings, innermost first.
pub(crate) enum Scope<'s> {
    Root,
    Bound { value: &'s Value, outer: &'s Scope<'s> },
}

impl<'s> Scope<'s> {
    /// The variable that many further out.
    fn value(&'s self, up: u32) -> Option<&'s Value> {
        let mut scope = self;
        for _ in 0..up {
            if let Scope::Bound { outer, .. } = scope {
                scope = outer;
            }
        }
        match scope {
            Scope::Bound { value, .. } => Some(value),
            Scope::Root => None,
        }
    }
}

/// One evaluation.
pub(crate) struct Run<'p> {
    plan: &'p Plan,
    slots: &'p [Option<Value>],
    budget: Cell<u64>,
}

impl<'p> Run<'p> {
    pub(crate) fn new(plan: &'p Plan, slots: &'p [Option<Value>], budget: u64) -> Self {
        Self { plan, slots, budget: Cell::new(budget) }
    }

    pub(crate) fn result(&self) -> Result<Value, EvalError> {
        if self.plan.is_condition() {
            return self.test(self.plan.root(), &Scope::Root).map(Value::Bool);
        }
        self.eval(self.plan.root(), &Scope::Root).map(Cow::into_owned)
    }

    pub(crate) fn left(&self) -> u64 {
        self.budget.get()
    }

    fn spend(&self, cost: u64) -> Result<(), EvalError> {
        match self.budget.get().checked_sub(cost) {
            Some(left) => {
                self.budget.set(left);
                Ok(())
            }
            None => {
                self.budget.set(0);
                Err(EvalError::new(EvalErrorKind::LimitExceeded, "operation cancelled: actual cost limit exceeded"))
            }
        }
    }

    fn eval<'s>(&'s self, id: Id, scope: &'s Scope<'s>) -> Evaluated<'s> {
        let result = match self.plan.node(id) {
            Node::Const(value) => return Ok(Cow::Borrowed(value)),
            Node::Slot(slot) => return self.variable(id, *slot),
            Node::Local(up) => return self.local(*up, scope),
            Node::Field { mode: SelectMode::Test, .. } => {
                return self.test(id, scope).map(|value| Cow::Owned(Value::Bool(value)));
            }
            Node::Field { operand, key, mode, direct, .. } => {
                if *direct && let Some(value) = self.reference(id, scope) {
                    return Ok(Cow::Borrowed(value));
                }
                self.eval(*operand, scope).and_then(|value| self.field(value, key, *mode))
            }
            Node::Equal { .. }
            | Node::Order { .. }
            | Node::And(_)
            | Node::Or(_)
            | Node::Not(_)
            | Node::In { .. }
            | Node::Text { .. }
            | Node::Matches { .. } => return self.test(id, scope).map(|value| Cow::Owned(Value::Bool(value))),
            Node::Size(operand) => self.size(*operand, scope).map(Cow::Owned),
            Node::Condition { condition, yes, no } => self.condition(*condition, *yes, *no, scope),
            _ => self.eval_rare(id, scope),
        };
        result.map_err(|error| error.at(self.plan.span(id)))
    }

    #[inline(never)]
    fn eval_rare<'s>(&'s self, id: Id, scope: &'s Scope<'s>) -> Evaluated<'s> {
        match self.plan.node(id) {
            Node::Index { operand, index, optional } => self.index(*operand, *index, *optional, scope),
            Node::Arithmetic { operation, left, right } => self.arithmetic(*operation, *left, *right, scope),
            Node::Chain { first, rest } => self.chain(*first, rest, scope),
            Node::Negate(operand) => {
                self.spend(1)?;
                let operand = self.eval(*operand, scope)?;
                operators::negate(&operand).map(Cow::Owned)
            }
            Node::Call { function, places, args, checked } => self.call(function, places, args, *checked, scope),
            Node::List(elements) => self.list(elements, scope),
            Node::Map(entries) => self.map(entries, scope),
            Node::Fold(fold) => self.fold(fold, scope),
            Node::Bind { value, body } => self.bind(*value, *body, scope),
            Node::OptMap { target, body, flat } => self.opt_map(*target, *body, *flat, scope),
            Node::Missing { message } => Err(EvalError::new(EvalErrorKind::NoSuchVariable, message.as_str())),
            Node::Unbound { name, args } => {
                for arg in args {
                    self.eval(*arg, scope)?;
                }
                Err(EvalError::no_overload_of(name))
            }
            _ => Err(EvalError::no_such_overload()),
        }
    }

    fn condition<'s>(&'s self, condition: Id, yes: Id, no: Id, scope: &'s Scope<'s>) -> Evaluated<'s> {
        if self.test(condition, scope)? { self.eval(yes, scope) } else { self.eval(no, scope) }
    }

    fn size<'s>(&'s self, operand: Id, scope: &'s Scope<'s>) -> Result<Value, EvalError> {
        self.spend(1)?;
        if let Some(value) = self.reference(operand, scope) {
            return operators::size(value);
        }
        let operand = self.eval(operand, scope)?;
        operators::size(&operand)
    }

    fn bind<'s>(&'s self, value: Id, body: Id, scope: &'s Scope<'s>) -> Evaluated<'s> {
        let value = self.eval(value, scope)?;
        let inner = Scope::Bound { value: &value, outer: scope };
        Ok(Cow::Owned(self.eval(body, &inner)?.into_owned()))
    }

    fn variable(&self, id: Id, slot: u32) -> Evaluated<'_> {
        self.spend(1)?;
        match self.slots.get(slot as usize) {
            Some(Some(value)) => Ok(Cow::Borrowed(value)),
            _ => {
                let message = format!("no such attribute(s): {}", self.plan.text(id));
                Err(EvalError::new(EvalErrorKind::NoSuchVariable, message).at(self.plan.span(id)))
            }
        }
    }

    fn local<'s>(&self, up: u32, scope: &'s Scope<'s>) -> Evaluated<'s> {
        self.spend(1)?;
        match scope.value(up) {
            Some(value) => Ok(Cow::Borrowed(value)),
            None => Err(EvalError::new(EvalErrorKind::NoSuchVariable, "no such variable")),
        }
    }

    fn arithmetic<'s>(&'s self, operation: Arithmetic, left: Id, right: Id, scope: &'s Scope<'s>) -> Evaluated<'s> {
        let left = self.eval(left, scope)?;
        let right = self.eval(right, scope)?;
        self.spend(operators::arithmetic_cost(&left, &right))?;
        operation.apply(&left, &right).map(Cow::Owned)
    }

    /// A chain of `+`: one buffer takes all strings, or all items.
    fn chain<'s>(&'s self, first: Id, rest: &[(Arithmetic, Id, Id)], scope: &'s Scope<'s>) -> Evaluated<'s> {
        let mut left = self.eval(first, scope)?.into_owned();
        // The text so far, where the last operation gave one.
        let mut text: Option<String> = None;
        for (operation, right, whole) in rest {
            let right = self.eval(*right, scope)?;
            if let (Arithmetic::Add, Value::String(right)) = (operation, &*right)
                && (text.is_some() || matches!(left, Value::String(_)))
            {
                let text = text.get_or_insert_with(|| left.as_str().unwrap_or_default().to_owned());
                let cost = operators::joining_cost(text, right);
                self.spend(cost).map_err(|error| error.at(self.plan.span(*whole)))?;
                text.push_str(right);
                continue;
            }
            if let Some(text) = text.take() {
                left = Value::from(text);
            }
            let step = self.spend(operators::arithmetic_cost(&left, &right)).and_then(|()| {
                if *operation == Arithmetic::Add {
                    operators::append(&mut left, &right)
                } else {
                    operation.apply(&left, &right).map(|value| left = value)
                }
            });
            step.map_err(|error| error.at(self.plan.span(*whole)))?;
        }
        Ok(Cow::Owned(text.map_or(left, Value::from)))
    }

    fn call<'s>(
        &'s self,
        function: &crate::function::Function,
        places: &[usize],
        args: &[Id],
        checked: bool,
        scope: &'s Scope<'s>,
    ) -> Evaluated<'s> {
        let result = match args {
            [] => self.invoke(function, places, &[], checked),
            [a] => self.invoke(function, places, &[self.eval(*a, scope)?.into_owned()], checked),
            [a, b] => {
                let args = [self.eval(*a, scope)?.into_owned(), self.eval(*b, scope)?.into_owned()];
                self.invoke(function, places, &args, checked)
            }
            args => {
                let args = args
                    .iter()
                    .map(|arg| self.eval(*arg, scope).map(Cow::into_owned))
                    .collect::<Result<Vec<_>, _>>()?;
                self.invoke(function, places, &args, checked)
            }
        };
        result.map(Cow::Owned)
    }

    fn invoke(
        &self,
        function: &crate::function::Function,
        places: &[usize],
        args: &[Value],
        checked: bool,
    ) -> Result<Value, EvalError> {
        self.spend(operators::call_cost(&function.name, args))?;
        for overload in places.iter().filter_map(|place| function.overloads.get(*place)) {
            if checked || overload.accepts(args) {
                let result = (overload.native)(args)?;
                self.spend(operators::result_cost(&result))?;
                return Ok(result);
            }
        }
        Err(EvalError::no_overload_for(&function.name, args))
    }

    fn list<'s>(&'s self, elements: &[(bool, Id)], scope: &'s Scope<'s>) -> Evaluated<'s> {
        self.spend(10)?;
        let mut items = Vec::with_capacity(elements.len());
        for (optional, element) in elements {
            let value = self.eval(*element, scope)?.into_owned();
            match value {
                Value::Optional(None) if *optional => {}
                Value::Optional(Some(value)) if *optional => items.push((*value).clone()),
                value if *optional => return Err(not_optional(&value)),
                value => items.push(value),
            }
        }
        Ok(Cow::Owned(Value::List(Arc::new(items))))
    }

    fn map<'s>(&'s self, entries: &[(bool, Id, Id)], scope: &'s Scope<'s>) -> Evaluated<'s> {
        self.spend(30)?;
        let mut map = MapBuilder::with_capacity(entries.len());
        for (optional, key, value) in entries {
            let key = self.eval(*key, scope)?;
            let key = literal_key(&key)?;
            let value = self.eval(*value, scope)?.into_owned();
            match value {
                Value::Optional(None) if *optional => {}
                Value::Optional(Some(value)) if *optional => map.insert(key, (*value).clone()),
                value if *optional => return Err(not_optional(&value)),
                value => map.insert(key, value),
            }
        }
        Ok(Cow::Owned(Value::Map(Arc::new(map.build()))))
    }

    fn opt_map<'s>(&'s self, target: Id, body: Id, flat: bool, scope: &'s Scope<'s>) -> Evaluated<'s> {
        let target = self.eval(target, scope)?;
        match &*target {
            Value::Optional(None) => Ok(Cow::Owned(Value::NONE)),
            Value::Optional(Some(value)) => {
                let inner = Scope::Bound { value, outer: scope };
                let result = self.eval(body, &inner)?.into_owned();
                match result {
                    Value::Optional(_) if flat => Ok(Cow::Owned(result)),
                    _ if flat => Err(EvalError::no_such_overload()),
                    result => Ok(Cow::Owned(Value::some(result))),
                }
            }
            other => Err(EvalError::no_overload_for("hasValue", std::slice::from_ref(other))),
        }
    }
}

fn not_optional(value: &Value) -> EvalError {
    EvalError::invalid(format!("cannot initialize optional entry from non-optional value {value}"))
}

fn literal_key(value: &Value) -> Result<Key, EvalError> {
    match value {
        Value::Double(_) => None,
        value => Key::from_value(value),
    }
    .ok_or_else(|| EvalError::invalid(format!("unsupported key type: {}", value.type_name())))
}
