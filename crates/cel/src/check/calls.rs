//! Calls and operators: which overloads fit, and what they give.

use std::sync::Arc;

use super::{Checker, Reference};
use crate::ast::{Expr, ExprKind};
use crate::function::Function;
use crate::source::IssueKind;
use crate::ty::Type;

impl Checker<'_> {
    pub(super) fn call(&mut self, expr: &Expr, function: &str, target: Option<&Expr>, args: &[Expr]) -> Type {
        if let Some(target) = target {
            return self.method(expr, function, target, args);
        }
        if let [left, right] = args
            && function.starts_with('_')
            && matches!(&left.kind, ExprKind::Call { target: None, args, .. } if args.len() == 2)
        {
            return self.chain(expr, function, left, right);
        }
        let types: Vec<Type> = args.iter().map(|arg| self.expr(arg)).collect();
        self.operator(expr, function, &types)
    }

    /// A left-leaning chain of binary operators, checked from its far end without recursion.
    fn chain(&mut self, expr: &Expr, function: &str, left: &Expr, right: &Expr) -> Type {
        let mut links = vec![(expr, function, right)];
        let mut innermost = left;
        while let ExprKind::Call { function, target: None, args } = &innermost.kind
            && let [left, right] = args.as_slice()
            && function.starts_with('_')
        {
            links.push((innermost, function, right));
            innermost = left;
        }
        let mut ty = self.expr(innermost);
        while let Some((link, function, right)) = links.pop() {
            let right_type = self.expr(right);
            ty = self.operator(link, function, &[ty, right_type]);
            if let Some(place) = self.types.get_mut(link.id as usize) {
                *place = ty.clone();
            }
        }
        ty
    }

    fn operator(&mut self, expr: &Expr, function: &str, types: &[Type]) -> Type {
        match function {
            "_&&_" | "_||_" => return self.logical(expr, function, types),
            "_[_]" | "_[?_]" => return self.index(expr, function, types),
            _ => {}
        }
        let found = self.env.candidates(function).into_iter().find_map(|name| self.env.function(&name).cloned());
        match found {
            Some(declared) => self.resolve_overloads(expr, &declared, types, false),
            None => {
                self.refer(expr, Reference::Missing);
                let message = self.undeclared(function);
                self.issue(IssueKind::Undeclared, expr, message)
            }
        }
    }

    fn method(&mut self, expr: &Expr, function: &str, target: &Expr, args: &[Expr]) -> Type {
        if let Some(name) = self.namespaced(target, function)
            && let Some(declared) = self.env.function(&name).cloned()
        {
            let types: Vec<Type> = args.iter().map(|arg| self.expr(arg)).collect();
            return self.resolve_overloads(expr, &declared, &types, false);
        }
        let mut types = vec![self.expr(target)];
        types.extend(args.iter().map(|arg| self.expr(arg)));
        match self.env.function(function).cloned() {
            Some(declared) => self.resolve_overloads(expr, &declared, &types, true),
            None => {
                self.refer(expr, Reference::Missing);
                let message = self.undeclared(function);
                self.issue(IssueKind::Undeclared, expr, message)
            }
        }
    }

    fn logical(&mut self, expr: &Expr, function: &str, types: &[Type]) -> Type {
        if types.iter().all(|ty| self.solution.fits(ty, &Type::Bool)) {
            return Type::Bool;
        }
        self.mismatch(expr, function, types, false)
    }

    fn mismatch(&mut self, expr: &Expr, function: &str, types: &[Type], member: bool) -> Type {
        let mut names: Vec<String> = types.iter().map(|ty| self.solution.resolve(ty, true).to_string()).collect();
        let applied = if member && !names.is_empty() {
            let receiver = names.remove(0);
            format!("{receiver}.({})", names.join(", "))
        } else {
            format!("({})", names.join(", "))
        };
        let message = format!("found no matching overload for '{function}' applied to '{applied}'");
        self.issue(IssueKind::Type, expr, message)
    }

    /// `a[b]`, through optionals and declared fields.
    fn index(&mut self, expr: &Expr, function: &str, types: &[Type]) -> Type {
        let [operand, index] = types else {
            return Type::Error;
        };
        let operand = self.solution.resolve(operand, false);
        let (inner, through) = match &operand {
            Type::Optional(inner) => (self.solution.resolve(inner, false), true),
            other => (other.clone(), false),
        };
        let Some(ty) = self.item(&inner, index) else {
            return self.mismatch(expr, function, types, false);
        };
        match ty {
            Type::Optional(_) if function == "_[?_]" => ty,
            ty if function == "_[?_]" || through => Type::optional(ty),
            ty => ty,
        }
    }

    fn item(&mut self, of: &Type, index: &Type) -> Option<Type> {
        match of {
            Type::List(item) => self.solution.fits(index, &Type::Int).then(|| (**item).clone()),
            Type::Map(kv) => self.solution.fits(index, &kv.0).then(|| kv.1.clone()),
            Type::Object(_) => self.solution.fits(index, &Type::String).then_some(Type::Dyn),
            Type::Nullable(inner) => self.item(&inner.clone(), index),
            Type::Union(of) => of.iter().any(|ty| self.item(ty, index).is_some()).then_some(Type::Dyn),
            Type::Dyn | Type::Error => Some(Type::Dyn),
            Type::Var(_) => {
                self.solution.fits(of, &Type::Dyn);
                Some(Type::Dyn)
            }
            _ => None,
        }
    }

    fn resolve_overloads(&mut self, expr: &Expr, function: &Arc<Function>, types: &[Type], member: bool) -> Type {
        let mut fitting = Vec::new();
        let mut result: Option<Type> = None;
        for (place, overload) in function.overloads.iter().enumerate() {
            if overload.member != member || overload.params.len() != types.len() {
                continue;
            }
            let (params, gives) = self.solution.instantiate(&overload.params, &overload.result);
            if !self.solution.all_fit(types, &params) {
                continue;
            }
            fitting.push(place);
            let gives = self.solution.resolve(&gives, false);
            result = Some(match result {
                None => gives,
                Some(before) if before.is_dyn() || before == gives => before,
                Some(_) => Type::Dyn,
            });
        }
        if result.is_some() {
            self.refer(expr, Reference::Overloads(function.clone(), fitting));
        } else if !self.strict {
            let all = (0..function.overloads.len()).collect();
            self.refer(expr, Reference::Overloads(function.clone(), all));
            return Type::Dyn;
        }
        result.unwrap_or_else(|| self.mismatch(expr, &function.name, types, member))
    }
}
