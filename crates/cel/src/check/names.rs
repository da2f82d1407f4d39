//! What names mean: loop variables, variables of the environment, types.

use std::sync::Arc;

use super::{Checker, Reference};
use crate::ast::{Expr, ExprKind};
use crate::source::IssueKind;
use crate::ty::Type;

impl Checker<'_> {
    pub(super) fn undeclared(&self, name: &str) -> String {
        let name = name.strip_prefix('.').unwrap_or(name);
        format!("undeclared reference to '{name}' (in container '{}')", self.env.container)
    }

    pub(super) fn ident(&mut self, expr: &Expr, name: &Arc<str>) -> Type {
        if let Some((place, ty)) = self.local(name) {
            self.refer(expr, Reference::Local(place));
            return ty;
        }
        if let Some(ty) = self.global(expr, name) {
            return ty;
        }
        self.refer(expr, Reference::Missing);
        let message = self.undeclared(name);
        self.issue(IssueKind::Undeclared, expr, message)
    }

    fn local(&self, name: &str) -> Option<(u32, Type)> {
        let (place, (_, ty)) = self.locals.iter().enumerate().rev().find(|(_, (local, _))| **local == *name)?;
        Some((place as u32, ty.clone()))
    }

    /// The innermost declaration that a name may mean, seen from the container.
    fn global(&mut self, expr: &Expr, name: &str) -> Option<Type> {
        for candidate in self.env.candidates(name) {
            if let Some((slot, ty)) = self.env.variable(&candidate) {
                let ty = ty.clone();
                self.refer(expr, Reference::Slot(slot));
                return Some(ty);
            }
            if let Some(ty) = self.env.type_named(&candidate) {
                let ty = ty.clone();
                self.refer(expr, Reference::Type(Arc::new(ty.clone())));
                return Some(Type::type_of(ty));
            }
        }
        None
    }

    /// A selection that is itself a declared name, such as `a.b.c` where that variable is declared.
    pub(super) fn qualified(&mut self, expr: &Expr) -> Option<Type> {
        if !self.env.has_qualified_names() {
            return None;
        }
        let name = expr.qualified_name()?;
        let root = name.split('.').next().unwrap_or("");
        if self.local(root).is_some() {
            return None;
        }
        self.global(expr, &name)
    }

    /// The function a receiver and a name mean together, such as `math.greatest`.
    pub(super) fn namespaced(&self, target: &Expr, function: &str) -> Option<String> {
        let mut name = target.qualified_name()?;
        let root = name.split('.').next().unwrap_or("").to_owned();
        if !matches!(target.kind, ExprKind::Ident(_) | ExprKind::Select { .. }) || self.local(&root).is_some() {
            return None;
        }
        name.push('.');
        name.push_str(function);
        self.env.candidates(&name).into_iter().find(|candidate| self.env.function(candidate).is_some())
    }
}
