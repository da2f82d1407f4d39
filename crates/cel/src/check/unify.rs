//! Which types fit where, and what the unknown ones turn out to be.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ty::Type;

/// What is known of the type variables so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Solution {
    found: HashMap<u32, Type>,
    next: u32,
}

impl Solution {
    /// A variable nothing is known of yet.
    pub(super) fn fresh(&mut self) -> Type {
        self.next += 1;
        Type::Var(self.next)
    }

    /// Whether a value of type `from` may stand where `to` is wanted; if so, what that tells is kept.
    pub(super) fn fits(&mut self, from: &Type, to: &Type) -> bool {
        if closed(from) && closed(to) {
            return self.assign(from, to);
        }
        let before = self.found.clone();
        let fits = self.assign(from, to);
        if !fits {
            self.found = before;
        }
        fits
    }

    /// As [`Self::fits`] for each pair, all or none.
    pub(super) fn all_fit(&mut self, from: &[Type], to: &[Type]) -> bool {
        if from.len() != to.len() {
            return false;
        }
        let before = self.found.clone();
        let fits = from.iter().zip(to).all(|(from, to)| self.assign(from, to));
        if !fits {
            self.found = before;
        }
        fits
    }

    fn assign(&mut self, from: &Type, to: &Type) -> bool {
        if let Type::Var(id) = to
            && let Some(fits) = self.bind(from, *id)
        {
            return fits;
        }
        if let Type::Var(id) = from
            && let Some(fits) = self.bind(to, *id)
        {
            return fits;
        }
        match (from, to) {
            (a, b) if a.is_dyn() || b.is_dyn() => true,
            (Type::Union(of), _) => of.clone().iter().any(|ty| self.assign(ty, to)),
            (_, Type::Union(of)) => of.clone().iter().any(|ty| self.assign(from, ty)),
            (Type::Null, other) | (other, Type::Null) => nullable(other),
            (Type::Nullable(a), Type::Nullable(b))
            | (Type::List(a), Type::List(b))
            | (Type::Optional(a), Type::Optional(b)) => self.assign(a, b),
            (Type::Nullable(inner), other) => self.assign(inner, other),
            (other, Type::Nullable(inner)) => self.assign(other, inner),
            (Type::TypeOf(_), Type::TypeOf(_)) => true,
            (Type::Map(a), Type::Map(b)) => self.assign(&a.0, &b.0) && self.assign(&a.1, &b.1),
            (Type::Object(a), Type::Object(b)) => Arc::ptr_eq(a, b) || a.name == b.name,
            (Type::Object(object), Type::Map(kv)) => {
                self.assign(&Type::String, &kv.0) && object.fields.values().all(|field| self.assign(field, &kv.1))
            }
            (Type::Opaque(a, p), Type::Opaque(b, q)) => {
                a == b && p.len() == q.len() && p.iter().zip(q.iter()).all(|(a, b)| self.assign(a, b))
            }
            (a, b) => a == b,
        }
    }

    /// What a variable (now) stands for takes `other`: yes, no, or nothing is known.
    fn bind(&mut self, other: &Type, id: u32) -> Option<bool> {
        if *other == Type::Var(id) {
            return Some(true);
        }
        if let Some(known) = self.found.get(&id).cloned() {
            if *other == known {
                return Some(true);
            }
            if self.assign(other, &known) {
                let general = most_general(other, &known);
                if !self.occurs(id, &general) {
                    self.found.insert(id, general);
                }
                return Some(true);
            }
            return Some(false);
        }
        if self.occurs(id, other) {
            return None;
        }
        self.found.insert(id, other.clone());
        Some(true)
    }

    fn occurs(&self, id: u32, within: &Type) -> bool {
        match within {
            Type::Var(other) => *other == id || self.found.get(other).is_some_and(|ty| self.occurs(id, ty)),
            Type::List(inner) | Type::Optional(inner) | Type::Nullable(inner) | Type::TypeOf(inner) => {
                self.occurs(id, inner)
            }
            Type::Map(kv) => self.occurs(id, &kv.0) || self.occurs(id, &kv.1),
            Type::Opaque(_, params) => params.iter().any(|ty| self.occurs(id, ty)),
            _ => false,
        }
    }

    /// The type of two values of which either may come.
    pub(super) fn join(&mut self, a: &Type, b: &Type) -> Type {
        if self.fits(a, b) { most_general(a, b) } else { Type::Dyn }
    }

    /// As [`Self::join`]; numbers of several types are of a union of these.
    pub(super) fn join_numbers(&mut self, a: &Type, b: &Type) -> Type {
        let Some((mut all, more)) = numbers(&self.resolve(a, false)).zip(numbers(&self.resolve(b, false))) else {
            return self.join(a, b);
        };
        for ty in more {
            if !all.contains(&ty) {
                all.push(ty);
            }
        }
        match all.as_slice() {
            [one] => one.clone(),
            several => Type::union(several),
        }
    }

    /// The type with all that is known put in; where nothing is known, `dyn` if asked for.
    pub(super) fn resolve(&self, ty: &Type, unknown_is_dyn: bool) -> Type {
        match ty {
            Type::Var(id) => match self.found.get(id) {
                Some(found) => self.resolve(found, unknown_is_dyn),
                None if unknown_is_dyn => Type::Dyn,
                None => ty.clone(),
            },
            Type::List(inner) => Type::list(self.resolve(inner, unknown_is_dyn)),
            Type::Optional(inner) => Type::optional(self.resolve(inner, unknown_is_dyn)),
            Type::Nullable(inner) => Type::nullable(self.resolve(inner, unknown_is_dyn)),
            Type::TypeOf(inner) => Type::type_of(self.resolve(inner, unknown_is_dyn)),
            Type::Map(kv) => Type::map(self.resolve(&kv.0, unknown_is_dyn), self.resolve(&kv.1, unknown_is_dyn)),
            Type::Opaque(name, params) if !params.is_empty() => {
                Type::Opaque(name.clone(), params.iter().map(|ty| self.resolve(ty, unknown_is_dyn)).collect())
            }
            other => other.clone(),
        }
    }

    /// The signature with its parameters replaced by fresh variables.
    pub(super) fn instantiate(&mut self, params: &[Type], result: &Type) -> (Vec<Type>, Type) {
        let mut names = HashMap::new();
        let params = params.iter().map(|ty| self.replace(ty, &mut names)).collect();
        (params, self.replace(result, &mut names))
    }

    fn replace(&mut self, ty: &Type, names: &mut HashMap<Arc<str>, Type>) -> Type {
        match ty {
            Type::Param(name) => {
                if let Some(found) = names.get(name) {
                    return found.clone();
                }
                let fresh = self.fresh();
                names.insert(name.clone(), fresh.clone());
                fresh
            }
            Type::List(inner) => Type::list(self.replace(inner, names)),
            Type::Optional(inner) => Type::optional(self.replace(inner, names)),
            Type::Nullable(inner) => Type::nullable(self.replace(inner, names)),
            Type::TypeOf(inner) => Type::type_of(self.replace(inner, names)),
            Type::Map(kv) => Type::map(self.replace(&kv.0, names), self.replace(&kv.1, names)),
            Type::Opaque(name, params) if !params.is_empty() => {
                Type::Opaque(name.clone(), params.iter().map(|ty| self.replace(ty, names)).collect())
            }
            other => other.clone(),
        }
    }
}

/// The types of numbers that it may be; `None` where it may be something else.
fn numbers(ty: &Type) -> Option<Vec<Type>> {
    match ty {
        Type::Int | Type::Uint | Type::Double => Some(vec![ty.clone()]),
        Type::Union(of) => of.iter().map(numbers).collect::<Option<Vec<_>>>().map(|of| of.concat()),
        _ => None,
    }
}

/// Whether null may stand for it.
fn nullable(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Null
            | Type::Nullable(_)
            | Type::Object(_)
            | Type::Opaque(..)
            | Type::Optional(_)
            | Type::Timestamp
            | Type::Duration
    )
}

/// Whether no variable occurs in it at the top; deeper ones make the comparison slower, not wrong.
fn closed(ty: &Type) -> bool {
    !matches!(
        ty,
        Type::Var(_) | Type::List(_) | Type::Map(_) | Type::Optional(_) | Type::Opaque(..) | Type::Nullable(_)
    )
}

fn most_general(a: &Type, b: &Type) -> Type {
    if less_specific(a, b) { a.clone() } else { b.clone() }
}

fn less_specific(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Dyn | Type::Error | Type::Var(_), _)
        | (Type::Map(_), Type::Object(_))
        | (Type::TypeOf(_), Type::TypeOf(_)) => true,
        (_, Type::Dyn | Type::Error | Type::Var(_)) => false,
        (Type::Nullable(_) | Type::Union(_), _) => true,
        (_, Type::Nullable(_) | Type::Union(_)) => false,
        (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => less_specific(a, b),
        (Type::Map(a), Type::Map(b)) => less_specific(&a.0, &b.0) && less_specific(&a.1, &b.1),
        (Type::Opaque(a, p), Type::Opaque(b, q)) => {
            a == b && p.len() == q.len() && p.iter().zip(q.iter()).all(|(a, b)| less_specific(a, b))
        }
        (a, b) => a == b,
    }
}
