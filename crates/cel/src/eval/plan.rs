//! The flat form of a checked tree: names are slots, constants are folded, patterns are compiled.

use std::sync::Arc;

use regex::Regex;

use super::{Run, operators};
use crate::ast::{Ast, Comprehension, ComprehensionKind, Element, Entry, Expr, ExprKind, Literal, SelectMode};
use crate::check::{Checked, Reference};
use crate::error::EvalError;
use crate::function::Function;
use crate::libraries::pattern;
use crate::source::Span;
use crate::ty::Type;
use crate::value::Value;

pub(super) type Id = u32;

/// Constant parts larger than this are computed when needed instead of being kept.
const FOLDED_COST: u64 = 20_000;

#[derive(Debug)]
pub(super) enum Node {
    Const(Value),
    Slot(u32),
    /// How many variables further out.
    Local(u32),
    Missing {
        message: String,
    },
    Unbound {
        name: Arc<str>,
        args: Box<[Id]>,
    },
    Field {
        operand: Id,
        key: Arc<str>,
        mode: SelectMode,
        /// Nothing but variables and fields below, so that the value can be pointed at.
        direct: bool,
        /// All the way from a variable, where it begins at one.
        path: Option<Box<Path>>,
    },
    Index {
        operand: Id,
        index: Id,
        optional: bool,
    },
    And(Box<[Id]>),
    Or(Box<[Id]>),
    Not(Id),
    Condition {
        condition: Id,
        yes: Id,
        no: Id,
    },
    Equal {
        left: Id,
        right: Id,
        negated: bool,
    },
    Order {
        order: Order,
        left: Id,
        right: Id,
    },
    In {
        item: Id,
        container: Id,
    },
    Arithmetic {
        operation: Arithmetic,
        left: Id,
        right: Id,
    },
    /// Operations from left to right: each with its right operand and the node it stands for.
    Chain {
        first: Id,
        rest: Box<[(Arithmetic, Id, Id)]>,
    },
    Negate(Id),
    Size(Id),
    Text {
        test: TextTest,
        left: Id,
        right: Id,
    },
    Matches {
        operand: Id,
        regex: Box<Regex>,
    },
    Call {
        function: Arc<Function>,
        places: Box<[usize]>,
        args: Box<[Id]>,
        checked: bool,
    },
    List(Box<[(bool, Id)]>),
    Map(Box<[(bool, Id, Id)]>),
    Fold(Box<Fold>),
    Bind {
        value: Id,
        body: Id,
    },
    OptMap {
        target: Id,
        body: Id,
        flat: bool,
    },
}

/// A variable and the fields below it.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) slot: u32,
    pub(super) keys: Vec<Arc<str>>,
}

impl Path {
    /// What following it costs.
    pub(super) fn cost(&self) -> u64 {
        1 + self.keys.len() as u64
    }
}

#[derive(Debug)]
pub(super) struct Fold {
    pub(super) kind: ComprehensionKind,
    pub(super) range: Id,
    pub(super) two: bool,
    pub(super) filter: Option<Id>,
    pub(super) body: Id,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Less => "_<_",
            Self::LessOrEqual => "_<=_",
            Self::Greater => "_>_",
            Self::GreaterOrEqual => "_>=_",
        }
    }

    pub(super) fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Arithmetic {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "_+_" => Self::Add,
            "_-_" => Self::Subtract,
            "_*_" => Self::Multiply,
            "_/_" => Self::Divide,
            "_%_" => Self::Remainder,
            _ => return None,
        })
    }

    pub(super) fn apply(self, left: &Value, right: &Value) -> Result<Value, EvalError> {
        match self {
            Self::Add => operators::add(left, right),
            Self::Subtract => operators::subtract(left, right),
            Self::Multiply => operators::multiply(left, right),
            Self::Divide => operators::divide(left, right),
            Self::Remainder => operators::remainder(left, right),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

impl TextTest {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::StartsWith => "startsWith",
            Self::EndsWith => "endsWith",
        }
    }

    pub(super) fn of(self, text: &str, part: &str) -> bool {
        match self {
            Self::Contains => text.contains(part),
            Self::StartsWith => text.starts_with(part),
            Self::EndsWith => text.ends_with(part),
        }
    }
}

/// The instructions of a program.
#[derive(Debug)]
pub(crate) struct Plan {
    nodes: Vec<Node>,
    spans: Vec<Span>,
    root: Id,
    source: Arc<str>,
}

impl Plan {
    pub(crate) fn new(ast: &Ast, checked: &Checked) -> Self {
        let plan = Self { nodes: Vec::new(), spans: Vec::new(), root: 0, source: ast.source.clone() };
        let mut planner = Planner { plan, checked, depth: 0, patterns: 0 };
        let root = planner.expr(&ast.root);
        planner.plan.root = root;
        planner.plan
    }

    pub(super) fn root(&self) -> Id {
        self.root
    }

    pub(super) fn node(&self, id: Id) -> &Node {
        static NOTHING: Node = Node::Const(Value::Null);
        self.nodes.get(id as usize).unwrap_or(&NOTHING)
    }

    /// Whether the whole is a condition.
    pub(super) fn is_condition(&self) -> bool {
        matches!(
            self.node(self.root),
            Node::Equal { .. }
                | Node::Order { .. }
                | Node::And(_)
                | Node::Or(_)
                | Node::Not(_)
                | Node::In { .. }
                | Node::Text { .. }
                | Node::Matches { .. }
                | Node::Field { mode: SelectMode::Test, .. }
        )
    }

    pub(super) fn span(&self, id: Id) -> Span {
        self.spans.get(id as usize).copied().unwrap_or_default()
    }

    pub(super) fn text(&self, id: Id) -> &str {
        self.span(id).of(&self.source)
    }

    pub(crate) fn slots(&self) -> Vec<u32> {
        let mut slots: Vec<u32> =
            self.nodes.iter().filter_map(|node| if let Node::Slot(slot) = node { Some(*slot) } else { None }).collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    pub(crate) fn constant(&self) -> Option<&Value> {
        match self.node(self.root) {
            Node::Const(value) => Some(value),
            _ => None,
        }
    }
}

struct Planner<'a> {
    plan: Plan,
    checked: &'a Checked,
    /// How many loop variables and bindings are known here.
    depth: u32,
    /// What the patterns prepared so far have cost.
    patterns: u64,
}

/// What preparing the patterns of one expression may cost. Those beyond are prepared when they are reached, and cost the
/// run.
const PATTERNS: u64 = 300_000;

impl Planner<'_> {
    fn push(&mut self, node: Node, expr: &Expr) -> Id {
        let id = self.plan.nodes.len() as Id;
        self.plan.nodes.push(node);
        self.plan.spans.push(expr.span);
        id
    }

    /// Adds a node; where all it needs is constant, its value takes its place.
    fn fold(&mut self, node: Node, expr: &Expr, needs: &[Id]) -> Id {
        let id = self.push(node, expr);
        if needs.iter().all(|need| matches!(self.plan.node(*need), Node::Const(_))) {
            self.plan.root = id;
            let run = Run::new(&self.plan, &[], FOLDED_COST);
            if let Ok(value) = run.result()
                && let Some(place) = self.plan.nodes.get_mut(id as usize)
            {
                *place = Node::Const(value);
            }
        }
        id
    }

    fn expr(&mut self, expr: &Expr) -> Id {
        match &expr.kind {
            ExprKind::Literal(literal) => self.push(Node::Const(constant(literal)), expr),
            ExprKind::Ident(name) => self.name(expr, name),
            ExprKind::Select { operand, field, mode } => self.select(expr, operand, field, *mode),
            ExprKind::Call { function, target, args } => self.call(expr, function, target.as_deref(), args),
            ExprKind::List(elements) => self.list(expr, elements),
            ExprKind::Map(entries) => self.map(expr, entries),
            ExprKind::Struct { name, .. } => {
                self.push(Node::Missing { message: format!("unknown type: {name}") }, expr)
            }
            ExprKind::Comprehension(c) => self.comprehension(expr, c),
            ExprKind::Bind { value, body, .. } => {
                let (value, body) = self.bound(value, body);
                self.push(Node::Bind { value, body }, expr)
            }
            ExprKind::OptMap { target, body, flat, .. } => {
                let (target, body) = self.bound(target, body);
                self.push(Node::OptMap { target, body, flat: *flat }, expr)
            }
        }
    }

    fn select(&mut self, expr: &Expr, operand: &Expr, field: &Arc<str>, mode: SelectMode) -> Id {
        if let Some(Reference::Slot(_) | Reference::Type(_)) = self.checked.reference(expr) {
            return self.name(expr, field);
        }
        let key = match self.checked.reference(expr) {
            Some(Reference::Field(key)) => key.clone(),
            _ => field.clone(),
        };
        let operand = self.expr(operand);
        let direct = mode == SelectMode::Plain
            && matches!(
                self.plan.node(operand),
                Node::Slot(_) | Node::Local(_) | Node::Const(_) | Node::Field { direct: true, .. }
            );
        let path = if direct { self.path(operand, &key) } else { None };
        self.fold(Node::Field { operand, key, mode, direct, path }, expr, &[operand])
    }

    /// The path to a field of a variable or of another path.
    fn path(&self, operand: Id, key: &Arc<str>) -> Option<Box<Path>> {
        let mut path = match self.plan.node(operand) {
            Node::Slot(slot) => Path { slot: *slot, keys: Vec::new() },
            Node::Field { path: Some(path), .. } => (**path).clone(),
            _ => return None,
        };
        path.keys.push(key.clone());
        Some(Box::new(path))
    }

    fn list(&mut self, expr: &Expr, elements: &[Element]) -> Id {
        let elements: Box<[(bool, Id)]> =
            elements.iter().map(|element| (element.optional, self.expr(&element.value))).collect();
        let needs: Vec<Id> = elements.iter().map(|(_, id)| *id).collect();
        self.fold(Node::List(elements), expr, &needs)
    }

    fn map(&mut self, expr: &Expr, entries: &[Entry]) -> Id {
        let entries: Box<[(bool, Id, Id)]> =
            entries.iter().map(|entry| (entry.optional, self.expr(&entry.key), self.expr(&entry.value))).collect();
        let needs: Vec<Id> = entries.iter().flat_map(|(_, key, value)| [*key, *value]).collect();
        self.fold(Node::Map(entries), expr, &needs)
    }

    fn comprehension(&mut self, expr: &Expr, c: &Comprehension) -> Id {
        let range = self.expr(&c.range);
        let two = c.var2.is_some();
        let vars = if two { 2 } else { 1 };
        self.depth += vars;
        let filter = c.filter.as_ref().map(|filter| self.expr(filter));
        let body = self.expr(&c.body);
        self.depth -= vars;
        self.push(Node::Fold(Box::new(Fold { kind: c.kind, range, two, filter, body })), expr)
    }

    /// A value and what is evaluated with a name for it.
    fn bound(&mut self, value: &Expr, body: &Expr) -> (Id, Id) {
        let value = self.expr(value);
        self.depth += 1;
        let body = self.expr(body);
        self.depth -= 1;
        (value, body)
    }

    fn name(&mut self, expr: &Expr, name: &str) -> Id {
        let node = match self.checked.reference(expr) {
            Some(Reference::Slot(slot)) => Node::Slot(*slot),
            Some(Reference::Local(place)) => Node::Local(self.depth - 1 - place),
            Some(Reference::Type(ty)) => Node::Const(Value::Type(ty.clone())),
            _ => Node::Missing { message: format!("undeclared reference to '{name}' (in container '')") },
        };
        self.push(node, expr)
    }

    fn call(&mut self, expr: &Expr, function: &Arc<str>, target: Option<&Expr>, args: &[Expr]) -> Id {
        if target.is_none() {
            if Arithmetic::named(function).is_some()
                && let [left, _] = args
                && matches!(&left.kind, ExprKind::Call { function, .. } if Arithmetic::named(function).is_some())
            {
                return self.chain(expr);
            }
            if let Some(id) = self.operator(expr, function, args) {
                return id;
            }
        }
        let Some(Reference::Overloads(declared, places)) = self.checked.reference(expr) else {
            let parts: Vec<&Expr> = target.into_iter().chain(args).collect();
            let args: Box<[Id]> = parts.into_iter().map(|part| self.expr(part)).collect();
            return self.push(Node::Unbound { name: function.clone(), args }, expr);
        };
        let member = places.iter().any(|place| declared.overloads.get(*place).is_some_and(|o| o.member));
        let parts: Vec<&Expr> = target.filter(|_| member).into_iter().chain(args).collect();
        let ids: Vec<Id> = parts.iter().map(|part| self.expr(part)).collect();
        if let Some(node) = self.special(&declared.name, &ids) {
            return self.fold(node, expr, &ids);
        }
        let checked = match places.as_slice() {
            [only] => declared.overloads.get(*only).is_some_and(|overload| {
                overload.own_guard
                    || overload.params.iter().zip(&parts).all(|(param, part)| {
                        matches!(param, Type::Dyn | Type::Param(_)) || !self.checked.type_of(part).is_open()
                    })
            }),
            _ => false,
        };
        let node =
            Node::Call { function: declared.clone(), places: places.clone().into(), args: ids.clone().into(), checked };
        self.fold(node, expr, &ids)
    }

    /// A left-leaning chain of arithmetic, planned without recursion.
    fn chain(&mut self, expr: &Expr) -> Id {
        let mut links = Vec::new();
        let mut innermost = expr;
        while let ExprKind::Call { function, target: None, args } = &innermost.kind
            && let Some(operation) = Arithmetic::named(function)
            && let [left, right] = args.as_slice()
        {
            links.push((operation, right, innermost));
            innermost = left;
        }
        let mut first = self.expr(innermost);
        let mut rest = Vec::new();
        while let Some((operation, right, whole)) = links.pop() {
            let right = self.expr(right);
            if rest.is_empty() {
                let folded = self.fold(Node::Arithmetic { operation, left: first, right }, whole, &[first, right]);
                if matches!(self.plan.node(folded), Node::Const(_)) || links.is_empty() {
                    first = folded;
                    continue;
                }
                rest.push((operation, right, folded));
            } else {
                let marker = self.push(Node::Const(Value::Null), whole);
                rest.push((operation, right, marker));
            }
        }
        if rest.is_empty() {
            return first;
        }
        self.push(Node::Chain { first, rest: rest.into() }, expr)
    }

    fn operator(&mut self, expr: &Expr, function: &str, args: &[Expr]) -> Option<Id> {
        let known = matches!(
            function,
            "_&&_"
                | "_||_"
                | "!_"
                | "-_"
                | "_?_:_"
                | "_[_]"
                | "_[?_]"
                | "_==_"
                | "_!=_"
                | "_<_"
                | "_<=_"
                | "_>_"
                | "_>=_"
                | "@in"
        ) || Arithmetic::named(function).is_some();
        if !known {
            return None;
        }
        let ids: Vec<Id> = args.iter().map(|arg| self.expr(arg)).collect();
        let order = |order| match ids.as_slice() {
            [left, right] => Some(Node::Order { order, left: *left, right: *right }),
            _ => None,
        };
        let node = match (function, ids.as_slice()) {
            ("_&&_", _) => Node::And(ids.clone().into()),
            ("_||_", _) => Node::Or(ids.clone().into()),
            ("!_", [operand]) => Node::Not(*operand),
            ("-_", [operand]) => Node::Negate(*operand),
            ("_?_:_", [condition, yes, no]) => Node::Condition { condition: *condition, yes: *yes, no: *no },
            ("_[_]", [operand, index]) => Node::Index { operand: *operand, index: *index, optional: false },
            ("_[?_]", [operand, index]) => Node::Index { operand: *operand, index: *index, optional: true },
            ("_==_", [left, right]) => Node::Equal { left: *left, right: *right, negated: false },
            ("_!=_", [left, right]) => Node::Equal { left: *left, right: *right, negated: true },
            ("_<_", _) => order(Order::Less)?,
            ("_<=_", _) => order(Order::LessOrEqual)?,
            ("_>_", _) => order(Order::Greater)?,
            ("_>=_", _) => order(Order::GreaterOrEqual)?,
            ("@in", [item, container]) => Node::In { item: *item, container: *container },
            (name, [left, right]) => {
                Node::Arithmetic { operation: Arithmetic::named(name)?, left: *left, right: *right }
            }
            _ => return None,
        };
        Some(self.fold(node, expr, &ids))
    }

    /// Functions of the standard library that have instructions of their own.
    fn special(&mut self, name: &str, args: &[Id]) -> Option<Node> {
        Some(match (name, args) {
            ("size", [operand]) => Node::Size(*operand),
            ("contains", [left, right]) => Node::Text { test: TextTest::Contains, left: *left, right: *right },
            ("startsWith", [left, right]) => Node::Text { test: TextTest::StartsWith, left: *left, right: *right },
            ("endsWith", [left, right]) => Node::Text { test: TextTest::EndsWith, left: *left, right: *right },
            ("matches", [operand, expression]) => {
                let Node::Const(Value::String(text)) = self.plan.node(*expression) else { return None };
                self.patterns = self.patterns.saturating_add(pattern::weight(text));
                if self.patterns > PATTERNS {
                    return None;
                }
                Node::Matches { operand: *operand, regex: Box::new(pattern::compile(text).ok()?) }
            }
            _ => return None,
        })
    }
}

fn constant(literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Int(value) => Value::Int(*value),
        Literal::Uint(value) => Value::Uint(*value),
        Literal::Double(value) => Value::Double(*value),
        Literal::String(text) => Value::String(text.clone()),
        Literal::Bytes(bytes) => Value::Bytes(bytes.clone()),
    }
}
