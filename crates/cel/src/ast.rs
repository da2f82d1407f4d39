//! The syntax tree after macro expansion.

use std::sync::Arc;

use crate::source::Span;

/// A parsed expression with its source.
#[derive(Clone, Debug)]
pub struct Ast {
    /// The source text.
    pub source: Arc<str>,
    /// The outermost expression.
    pub root: Expr,
    /// How many nodes there are; ids are below it.
    pub nodes: u32,
}

/// One node. Equality ignores ids and places, so trees of differently formatted texts can be compared.
#[derive(Clone, Debug)]
pub struct Expr {
    /// The number of the node, in order from the root.
    pub id: u32,
    /// The source text of the node.
    pub span: Span,
    /// The byte that problems of this node point at (the operator, the opening parenthesis, the first character).
    pub at: u32,
    /// How deep the tree below is, this node included.
    pub depth: u32,
    /// What it is.
    pub kind: ExprKind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Literal(Literal),
    /// A name; a leading dot asks for the outermost scope.
    Ident(Arc<str>),
    /// `operand.field`
    Select {
        /// What the field is read from.
        operand: Box<Expr>,
        /// The field's name.
        field: Arc<str>,
        /// How the field is read.
        mode: SelectMode,
    },
    /// A function, method or operator (`_+_`, `_[_]`, `!_` … as named in the specification).
    Call {
        /// The name.
        function: Arc<str>,
        /// The receiver of a method.
        target: Option<Box<Expr>>,
        /// The arguments; `_&&_` and `_||_` take two or more.
        args: Vec<Expr>,
    },
    /// `[a, ?b]`
    List(Vec<Element>),
    /// `{k: v, ?k: v}`
    Map(Vec<Entry>),
    /// `Name{field: value}`
    Struct {
        /// The name of the message type.
        name: Arc<str>,
        /// Its fields.
        fields: Vec<(Arc<str>, Expr)>,
    },
    /// A loop over a list or map.
    Comprehension(Box<Comprehension>),
    /// `cel.bind(name, value, body)`
    Bind {
        /// The name.
        name: Arc<str>,
        /// Its value.
        value: Box<Expr>,
        /// Where the name is known.
        body: Box<Expr>,
    },
    /// `target.optMap(name, body)` and `target.optFlatMap(name, body)`
    OptMap {
        /// The optional.
        target: Box<Expr>,
        /// The name of its value.
        name: Arc<str>,
        /// Evaluated when the value is there.
        body: Box<Expr>,
        /// Whether the body is itself an optional.
        flat: bool,
    },
}

/// How a field is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectMode {
    /// `a.b`
    Plain,
    /// `a.?b`
    Optional,
    /// `has(a.b)`
    Test,
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `1`
    Int(i64),
    /// `1u`
    Uint(u64),
    /// `1.0`
    Double(f64),
    /// `'text'`
    String(Arc<str>),
    /// `b'octets'`
    Bytes(Arc<[u8]>),
}

/// An item of a list literal.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// `?item`: left out when absent.
    pub optional: bool,
    /// The item.
    pub value: Expr,
}

/// An entry of a map literal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// `?key: value`: left out when absent.
    pub optional: bool,
    /// The key.
    pub key: Expr,
    /// The value.
    pub value: Expr,
}

/// A loop over a list or map.
#[derive(Clone, Debug, PartialEq)]
pub struct Comprehension {
    /// What it makes.
    pub kind: ComprehensionKind,
    /// What it runs over.
    pub range: Expr,
    /// The item, or the key; with two names the index or key.
    pub var: Arc<str>,
    /// With two names the item or value.
    pub var2: Option<Arc<str>>,
    /// Items for which this is false are left out (`map`, `transform…` with a filter).
    pub filter: Option<Expr>,
    /// Evaluated per item.
    pub body: Expr,
}

/// What a loop makes of its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComprehensionKind {
    /// True when the body is for all.
    All,
    /// True when the body is for one or more.
    Exists,
    /// True when the body is for exactly one.
    ExistsOne,
    /// The list of the items for which the body is true.
    Filter,
    /// The list of the bodies.
    Map,
    /// The map of the bodies under the same keys.
    TransformMap,
    /// The map of all entries of the bodies.
    TransformMapEntry,
    /// The items in the order of the bodies.
    SortBy,
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Expr {
    /// A node at a place; the id is given when the whole tree is known.
    pub fn new(kind: ExprKind, span: Span, at: u32) -> Self {
        let mut depth = 0;
        let mut deepest = |child: &Expr| depth = depth.max(child.depth);
        each_child(&kind, &mut deepest);
        Self { id: 0, span, at, depth: depth + 1, kind }
    }

    /// The name, if this is a plain one.
    pub fn as_ident(&self) -> Option<&Arc<str>> {
        match &self.kind {
            ExprKind::Ident(name) if !name.starts_with('.') => Some(name),
            _ => None,
        }
    }

    /// `a.b.c` as text, if this is a chain of plain selections from a name.
    pub fn qualified_name(&self) -> Option<String> {
        match &self.kind {
            ExprKind::Ident(name) => Some(name.to_string()),
            ExprKind::Select { operand, field, mode: SelectMode::Plain } => {
                let mut name = operand.qualified_name()?;
                name.push('.');
                name.push_str(field);
                Some(name)
            }
            _ => None,
        }
    }

    /// Calls `visit` for each direct child, in source order.
    pub fn each_child<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        each_child(&self.kind, visit);
    }

    /// Numbers the nodes from the root and gives their count.
    pub(crate) fn number(&mut self, next: &mut u32) {
        self.id = *next;
        *next += 1;
        match &mut self.kind {
            ExprKind::Literal(_) | ExprKind::Ident(_) => {}
            ExprKind::Select { operand, .. } => operand.number(next),
            ExprKind::Call { target, args, .. } => {
                if let Some(target) = target {
                    target.number(next);
                }
                for arg in args {
                    arg.number(next);
                }
            }
            ExprKind::List(elements) => elements.iter_mut().for_each(|element| element.value.number(next)),
            ExprKind::Map(entries) => entries.iter_mut().for_each(|entry| {
                entry.key.number(next);
                entry.value.number(next);
            }),
            ExprKind::Struct { fields, .. } => fields.iter_mut().for_each(|(_, value)| value.number(next)),
            ExprKind::Comprehension(c) => {
                c.range.number(next);
                if let Some(filter) = &mut c.filter {
                    filter.number(next);
                }
                c.body.number(next);
            }
            ExprKind::Bind { value, body, .. } => {
                value.number(next);
                body.number(next);
            }
            ExprKind::OptMap { target, body, .. } => {
                target.number(next);
                body.number(next);
            }
        }
    }
}

fn each_child<'a>(kind: &'a ExprKind, visit: &mut dyn FnMut(&'a Expr)) {
    match kind {
        ExprKind::Literal(_) | ExprKind::Ident(_) => {}
        ExprKind::Select { operand, .. } => visit(operand),
        ExprKind::Call { target, args, .. } => {
            if let Some(target) = target {
                visit(target);
            }
            args.iter().for_each(visit);
        }
        ExprKind::List(elements) => elements.iter().for_each(|element| visit(&element.value)),
        ExprKind::Map(entries) => entries.iter().for_each(|entry| {
            visit(&entry.key);
            visit(&entry.value);
        }),
        ExprKind::Struct { fields, .. } => fields.iter().for_each(|(_, value)| visit(value)),
        ExprKind::Comprehension(c) => {
            visit(&c.range);
            if let Some(filter) = &c.filter {
                visit(filter);
            }
            visit(&c.body);
        }
        ExprKind::Bind { value, body, .. } => {
            visit(value);
            visit(body);
        }
        ExprKind::OptMap { target, body, .. } => {
            visit(target);
            visit(body);
        }
    }
}
