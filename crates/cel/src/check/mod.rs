//! Types and references of all nodes, and everything that does not fit, at once.

mod calls;
mod literals;
mod names;
mod unify;

use std::sync::Arc;

use crate::ast::{Ast, Comprehension, ComprehensionKind, Element, Entry, Expr, ExprKind, Literal, SelectMode};
use crate::env::Inner;
use crate::function::Function;
use crate::source::{Issue, IssueKind, Issues};
use crate::ty::Type;
use unify::Solution;

/// What a name, field or call means.
#[derive(Clone, Debug)]
pub(crate) enum Reference {
    /// A variable of the environment.
    Slot(u32),
    /// A variable of a loop or binding, counted from the outermost.
    Local(u32),
    /// A type as a value.
    Type(Arc<Type>),
    /// The overloads that may be meant, as places in the function's list.
    Overloads(Arc<Function>, Vec<usize>),
    /// A field whose name in the data differs from its name in the expression.
    Field(Arc<str>),
    /// Nothing that is known.
    Missing,
}

/// A tree with the types and references of its nodes, by node id.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) types: Vec<Type>,
    pub(crate) references: Vec<Option<Reference>>,
}

impl Checked {
    pub(crate) fn type_of(&self, expr: &Expr) -> &Type {
        self.types.get(expr.id as usize).unwrap_or(&Type::Dyn)
    }

    pub(crate) fn reference(&self, expr: &Expr) -> Option<&Reference> {
        self.references.get(expr.id as usize).and_then(Option::as_ref)
    }
}

/// Checks a tree. When `strict` is off nothing is reported and what is unknown fails when it is evaluated.
pub(crate) fn check(env: &Inner, ast: &Ast, strict: bool) -> Result<Checked, Vec<Issue>> {
    let size = ast.nodes as usize;
    let mut checker = Checker {
        env,
        source: &ast.source,
        strict,
        solution: Solution::default(),
        types: vec![Type::Dyn; size],
        references: vec![None; size],
        locals: Vec::new(),
        issues: Issues::default(),
    };
    checker.expr(&ast.root);
    if strict && env.strict_literals && checker.issues.is_empty() {
        let Checker { solution, types, issues, .. } = &mut checker;
        let type_of = |expr: &Expr| types.get(expr.id as usize).map_or(Type::Dyn, |ty| solution.resolve(ty, true));
        literals::check(&ast.source, &ast.root, &type_of, issues);
    }
    if !checker.issues.is_empty() {
        return Err(checker.issues.sorted(&ast.source));
    }
    let solution = checker.solution;
    let types = checker.types.iter().map(|ty| solution.resolve(ty, true)).collect();
    Ok(Checked { types, references: checker.references })
}

struct Checker<'a> {
    env: &'a Inner,
    source: &'a str,
    strict: bool,
    solution: Solution,
    types: Vec<Type>,
    references: Vec<Option<Reference>>,
    locals: Vec<(Arc<str>, Type)>,
    issues: Issues,
}

impl Checker<'_> {
    fn issue(&mut self, kind: IssueKind, expr: &Expr, message: impl Into<String>) -> Type {
        if self.strict {
            self.issues.add(self.source, kind, expr.span, expr.at, message);
        }
        Type::Error
    }

    fn refer(&mut self, expr: &Expr, reference: Reference) {
        if let Some(place) = self.references.get_mut(expr.id as usize) {
            *place = Some(reference);
        }
    }

    fn expr(&mut self, expr: &Expr) -> Type {
        let ty = match &expr.kind {
            ExprKind::Literal(literal) => literal_type(literal),
            ExprKind::Ident(name) => self.ident(expr, name),
            ExprKind::Select { operand, field, mode } => self.select(expr, operand, field, *mode),
            ExprKind::Call { function, target, args } => self.call(expr, function, target.as_deref(), args),
            ExprKind::List(elements) => self.list(elements),
            ExprKind::Map(entries) => self.map(entries),
            ExprKind::Struct { name, fields } => self.message(expr, name, fields),
            ExprKind::Comprehension(comprehension) => self.comprehension(expr, comprehension),
            ExprKind::Bind { name, value, body } => self.bind(name, value, body),
            ExprKind::OptMap { target, name, body, flat } => self.opt_map(target, name, body, *flat),
        };
        if let Some(place) = self.types.get_mut(expr.id as usize) {
            *place = ty.clone();
        }
        ty
    }

    fn list(&mut self, elements: &[Element]) -> Type {
        let mut joined: Option<Type> = None;
        for element in elements {
            let mut ty = self.expr(&element.value);
            if element.optional {
                ty = self.unwrap_optional(&element.value, &ty);
            }
            joined = Some(self.join(joined, &ty));
        }
        Type::list(joined.unwrap_or_else(|| self.solution.fresh()))
    }

    fn map(&mut self, entries: &[Entry]) -> Type {
        let (mut keys, mut values) = (None, None);
        for entry in entries {
            let key = self.expr(&entry.key);
            keys = Some(self.join(keys, &key));
            let mut value = self.expr(&entry.value);
            if entry.optional {
                value = self.unwrap_optional(&entry.value, &value);
            }
            values = Some(self.join(values, &value));
        }
        let key = keys.unwrap_or_else(|| self.solution.fresh());
        Type::map(key, values.unwrap_or_else(|| self.solution.fresh()))
    }

    fn message(&mut self, expr: &Expr, name: &str, fields: &[(Arc<str>, Expr)]) -> Type {
        for (_, value) in fields {
            self.expr(value);
        }
        let message = self.undeclared(name);
        self.issue(IssueKind::Undeclared, expr, message)
    }

    fn bind(&mut self, name: &Arc<str>, value: &Expr, body: &Expr) -> Type {
        let ty = self.expr(value);
        self.locals.push((name.clone(), ty));
        let result = self.expr(body);
        self.locals.pop();
        result
    }

    fn opt_map(&mut self, target: &Expr, name: &Arc<str>, body: &Expr, flat: bool) -> Type {
        let ty = self.expr(target);
        let inner = self.unwrap_optional(target, &ty);
        self.locals.push((name.clone(), inner));
        let result = self.expr(body);
        self.locals.pop();
        if flat { Type::optional(self.unwrap_optional(body, &result)) } else { Type::optional(result) }
    }

    fn join(&mut self, before: Option<Type>, next: &Type) -> Type {
        match before {
            None => next.clone(),
            Some(before) if self.env.number_unions => self.solution.join_numbers(&before, next),
            Some(before) => self.solution.join(&before, next),
        }
    }

    /// The type inside an optional.
    fn unwrap_optional(&mut self, expr: &Expr, ty: &Type) -> Type {
        let ty = self.solution.resolve(ty, false);
        match &ty {
            Type::Optional(inner) => (**inner).clone(),
            ty if ty.is_dyn() => Type::Dyn,
            Type::Var(_) => {
                let inner = self.solution.fresh();
                self.solution.fits(&ty, &Type::optional(inner.clone()));
                inner
            }
            _ => {
                let found = self.solution.resolve(&ty, true);
                let message = format!("expected type 'optional_type({found})' but found '{found}'");
                self.issue(IssueKind::Type, expr, message)
            }
        }
    }

    fn select(&mut self, expr: &Expr, operand: &Expr, field: &str, mode: SelectMode) -> Type {
        if mode == SelectMode::Plain
            && let Some(ty) = self.qualified(expr)
        {
            return ty;
        }
        let operand_type = self.expr(operand);
        let operand_type = self.solution.resolve(&operand_type, false);
        let (inner, through) = match &operand_type {
            Type::Optional(inner) => (self.solution.resolve(inner, false), true),
            other => (other.clone(), false),
        };
        let ty = self.field(expr, &inner, field);
        match mode {
            SelectMode::Test => Type::Bool,
            SelectMode::Optional => match ty {
                Type::Optional(_) => ty,
                ty => Type::optional(ty),
            },
            SelectMode::Plain if through => Type::optional(ty),
            SelectMode::Plain => ty,
        }
    }

    fn field(&mut self, expr: &Expr, of: &Type, field: &str) -> Type {
        match of {
            Type::Map(kv) => kv.1.clone(),
            Type::Object(object) => {
                let key = self.env.field_key(&object.fields, field);
                if let Some((key, ty)) = key {
                    if key != field {
                        self.refer(expr, Reference::Field(key.into()));
                    }
                    return ty.clone();
                }
                self.issue(IssueKind::Undeclared, expr, format!("undefined field '{field}'"))
            }
            Type::Nullable(inner) => self.field(expr, &inner.clone(), field),
            Type::Union(of) if of.iter().any(selectable) => Type::Dyn,
            Type::Dyn | Type::Error => Type::Dyn,
            Type::Var(_) => {
                self.solution.fits(of, &Type::Dyn);
                Type::Dyn
            }
            other => {
                let other = self.solution.resolve(other, true);
                self.issue(IssueKind::Type, expr, format!("type '{other}' does not support field selection"))
            }
        }
    }

    fn comprehension(&mut self, expr: &Expr, c: &Comprehension) -> Type {
        let range = self.expr(&c.range);
        let range = self.solution.resolve(&range, false);
        let two = c.var2.is_some();
        let (first, second) = self.range_types(&c.range, &range, two);
        let depth = self.locals.len();
        self.locals.push((c.var.clone(), first.clone()));
        if let Some(var2) = &c.var2 {
            self.locals.push((var2.clone(), second.clone()));
        }
        let filter = c.filter.as_ref().map(|filter| (filter, self.expr(filter)));
        let body = self.expr(&c.body);
        self.locals.truncate(depth);

        let (result, tested, operator) = match c.kind {
            ComprehensionKind::All => (Type::Bool, Some((&c.body, body.clone())), "_&&_"),
            ComprehensionKind::Exists => (Type::Bool, Some((&c.body, body.clone())), "_||_"),
            ComprehensionKind::ExistsOne => (Type::Bool, Some((&c.body, body.clone())), "_?_:_"),
            ComprehensionKind::Filter => (Type::list(first), Some((&c.body, body.clone())), "_?_:_"),
            ComprehensionKind::Map => (Type::list(body.clone()), filter, "_?_:_"),
            ComprehensionKind::TransformMap => {
                let key =
                    if matches!(range, Type::Map(_) | Type::Object(_)) || range.is_dyn() { first } else { Type::Int };
                (Type::map(key, body.clone()), filter, "_?_:_")
            }
            ComprehensionKind::TransformMapEntry => (self.entries_type(&c.body, &body), filter, "_?_:_"),
            ComprehensionKind::SortBy => (self.sort_type(expr, &range, &body), None, ""),
        };
        if let Some((tested, ty)) = tested
            && !self.solution.fits(&ty, &Type::Bool)
        {
            let ty = self.solution.resolve(&ty, true);
            let accumulated = self.solution.resolve(&result, true);
            let applied = match operator {
                "_?_:_" if c.kind == ComprehensionKind::ExistsOne => format!("({ty}, int, int)"),
                "_?_:_" => format!("({ty}, {accumulated}, {accumulated})"),
                _ => format!("(bool, {ty})"),
            };
            let message = format!("found no matching overload for '{operator}' applied to '{applied}'");
            self.issue(IssueKind::Type, tested, message);
        }
        result
    }

    /// What the loop variables hold.
    fn range_types(&mut self, expr: &Expr, range: &Type, two: bool) -> (Type, Type) {
        match range {
            Type::List(item) if two => (Type::Int, (**item).clone()),
            Type::List(item) => ((**item).clone(), Type::Dyn),
            Type::Map(kv) => (kv.0.clone(), kv.1.clone()),
            Type::Object(_) => (Type::String, Type::Dyn),
            Type::Nullable(inner) => self.range_types(expr, &inner.clone(), two),
            Type::Dyn | Type::Error => (Type::Dyn, Type::Dyn),
            Type::Union(of) if of.iter().any(iterable) => (Type::Dyn, Type::Dyn),
            Type::Var(_) => {
                self.solution.fits(range, &Type::Dyn);
                (Type::Dyn, Type::Dyn)
            }
            other => {
                let message = format!(
                    "expression of type '{}' cannot be range of a comprehension (must be list, map, or dynamic)",
                    self.solution.resolve(other, true)
                );
                self.issue(IssueKind::Type, expr, message);
                (Type::Error, Type::Error)
            }
        }
    }

    fn entries_type(&mut self, expr: &Expr, body: &Type) -> Type {
        let body = self.solution.resolve(body, false);
        match &body {
            Type::Map(_) => body,
            ty if ty.is_dyn() => Type::map(Type::Dyn, Type::Dyn),
            Type::Object(_) => Type::map(Type::String, Type::Dyn),
            Type::Var(_) => {
                let map = Type::map(self.solution.fresh(), self.solution.fresh());
                self.solution.fits(&body, &map);
                map
            }
            other => {
                let other = self.solution.resolve(other, true);
                let message =
                    format!("found no matching overload for 'cel.@mapInsert' applied to '(map(dyn, dyn), {other})'");
                self.issue(IssueKind::Type, expr, message)
            }
        }
    }

    fn sort_type(&mut self, expr: &Expr, range: &Type, key: &Type) -> Type {
        let key = self.solution.resolve(key, true);
        let comparable = matches!(
            key,
            Type::Int
                | Type::Uint
                | Type::Double
                | Type::Bool
                | Type::Duration
                | Type::Timestamp
                | Type::String
                | Type::Bytes
                | Type::Union(_)
                | Type::Nullable(_)
        ) || key.is_dyn();
        if !comparable || !matches!(range, Type::List(_) | Type::Dyn | Type::Error | Type::Var(_)) {
            let range = self.solution.resolve(range, true);
            let message =
                format!("found no matching overload for '@sortByAssociatedKeys' applied to '{range}.(list({key}))'");
            return self.issue(IssueKind::Type, expr, message);
        }
        if matches!(range, Type::List(_)) { range.clone() } else { Type::list(Type::Dyn) }
    }
}

fn selectable(ty: &Type) -> bool {
    matches!(ty, Type::Map(_) | Type::Object(_) | Type::Dyn)
}

fn iterable(ty: &Type) -> bool {
    matches!(ty, Type::Map(_) | Type::Object(_) | Type::List(_) | Type::Dyn)
}

fn literal_type(literal: &Literal) -> Type {
    match literal {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::Uint(_) => Type::Uint,
        Literal::Double(_) => Type::Double,
        Literal::String(_) => Type::String,
        Literal::Bytes(_) => Type::Bytes,
    }
}
