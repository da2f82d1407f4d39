//! The variables and functions that expressions of a template may use.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use cel::{Activation, Env, Type, Value};

use super::{Expression, Segment, functions, macros};

/// Which functions and macros there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Component types and traits: with the helper macros (`configurations.toVolumes()` …).
    Component,
    /// Everything else.
    Plain,
}

impl Language {
    /// The syntax tree of an expression, with the macros of the language expanded.
    pub(crate) fn parse(self, source: &str) -> Result<cel::ast::Ast, Vec<cel::Issue>> {
        self.env().parse(source)
    }

    fn env(self) -> &'static Env {
        static PLAIN: LazyLock<Env> = LazyLock::new(functions::env);
        static COMPONENT: LazyLock<Env> = LazyLock::new(|| macros::add(PLAIN.extend()).build());
        match self {
            Self::Component => &COMPONENT,
            Self::Plain => &PLAIN,
        }
    }
}

/// A set of declared variables. Expressions of one scope are compiled once each, however often they occur.
pub struct Scope {
    env: Env,
    string_maps: Vec<[&'static str; 2]>,
    typed: bool,
    expressions: Mutex<HashMap<Arc<str>, Arc<Expression>>>,
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("variables", &self.env.variables().map(|(name, _)| name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Scope {
    /// The given variables, of any type.
    pub fn new<'n>(language: Language, variables: impl IntoIterator<Item = &'n str>) -> Arc<Self> {
        Self::declare(language, variables.into_iter().map(|name| (name, Type::Dyn)), false)
    }

    /// The given variables with their types.
    pub fn typed<'n>(language: Language, variables: impl IntoIterator<Item = (&'n str, Type)>) -> Arc<Self> {
        Self::declare(language, variables, true)
    }

    /// Whether the variables have types.
    pub fn is_typed(&self) -> bool {
        self.typed
    }

    /// The declared variables and functions.
    pub fn env(&self) -> &Env {
        &self.env
    }

    fn declare<'n>(language: Language, variables: impl IntoIterator<Item = (&'n str, Type)>, typed: bool) -> Arc<Self> {
        let env = variables.into_iter().fold(language.env().extend(), |env, (name, ty)| env.variable(name, ty));
        Arc::new(Self { env: env.build(), string_maps: Vec::new(), typed, expressions: Mutex::default() })
    }

    /// As this one, with fields (`variable.field`) that are known to be maps of strings.
    pub(crate) fn with_string_maps(self: Arc<Self>, fields: Vec<[&'static str; 2]>) -> Arc<Self> {
        Arc::new(Self { env: self.env.clone(), string_maps: fields, typed: self.typed, expressions: Mutex::default() })
    }

    /// This scope and one more variable, which hides one of the same name.
    pub fn with(&self, variable: &str) -> Arc<Self> {
        self.with_typed(variable, Type::Dyn)
    }

    /// As [`Scope::with`], with a type.
    pub fn with_typed(&self, variable: &str, ty: Type) -> Arc<Self> {
        Arc::new(Self {
            env: self.env.extend().variable(variable, ty).build(),
            string_maps: self.string_maps.clone(),
            typed: self.typed,
            expressions: Mutex::default(),
        })
    }

    /// The expression with this text.
    pub fn expression(&self, source: &str) -> Arc<Expression> {
        let mut known = self.expressions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(expression) = known.get(source) {
            return expression.clone();
        }
        let expression = Arc::new(Expression::new(source, self.env.clone(), self.string_maps.clone()));
        known.insert(expression.source().clone(), expression.clone());
        expression
    }

    /// Values for the variables of this scope. Names that are not declared are passed over.
    pub fn bind<N: AsRef<str>>(&self, values: impl IntoIterator<Item = (N, Value)>) -> Bindings {
        let mut activation = self.env.activation();
        for (name, value) in values {
            activation.set(name.as_ref(), value);
        }
        Bindings { activation: Arc::new(activation) }
    }

    /// Values of a narrower scope, and one more variable of this one.
    pub fn widen(&self, narrower: &Bindings, variable: &str, value: Value) -> Bindings {
        let mut activation = narrower.activation.widen(&self.env);
        activation.set(variable, value);
        Bindings { activation: Arc::new(activation) }
    }
}

/// JSON has no form for the value of a variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("variable {variable}: {reason}")]
pub struct VariableError {
    /// The variable's name.
    pub variable: String,
    /// What of its value has no form.
    pub reason: cel::ToJsonError,
}

/// The values of a scope's variables. Expressions of the scope, and of those that it extends, can be evaluated with them.
/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bindings {
    activation: Arc<Activation>,
}

impl Bindings {
    pub(crate) fn activation(&self) -> &Activation {
        &self.activation
    }

    /// The variables of a scope with their values, as one object; those without a value are left out.
    ///
    /// # Errors
    /// Where JSON has no form for the value of a variable.
    pub fn to_json(&self, scope: &Scope) -> Result<serde_json::Value, VariableError> {
        let variables = scope.env.variables().filter_map(|(name, _)| {
            let value = self.activation.get(name)?.to_json();
            Some(match value {
                Ok(value) => Ok((name.to_owned(), value)),
                Err(reason) => Err(VariableError { variable: name.to_owned(), reason }),
            })
        });
        Ok(serde_json::Value::Object(variables.collect::<Result<_, _>>()?))
    }

    /// What stands at a path that begins with a variable.
    pub(crate) fn at(&self, path: &[Segment]) -> Option<&Value> {
        let Some((Segment::Key(root), below)) = path.split_first() else { return None };
        below.iter().try_fold(self.activation.get(root)?, |value, segment| match (value, segment) {
            (Value::List(items), Segment::Index(at)) => items.get(*at),
            (Value::Map(map), Segment::Key(key)) => {
                map.get_str(key).or_else(|| map.iter().find(|(known, _)| *known.to_text() == **key).map(|(_, v)| v))
            }
            _ => None,
        })
    }

    /// The same with another value at a path, or with nothing there; `None` where there is nothing as it is.
    pub(crate) fn with_at(&self, path: &[Segment], other: Option<Value>) -> Option<Self> {
        self.at(path)?;
        let (Segment::Key(root), below) = path.split_first()? else { return None };
        let mut activation = Activation::clone(&self.activation);
        activation.set(root, with_at(self.activation.get(root)?, below, other)?);
        Some(Self { activation: Arc::new(activation) })
    }
}

/// A value with another one at a path that leads somewhere in it, or with nothing there.
fn with_at(value: &Value, path: &[Segment], other: Option<Value>) -> Option<Value> {
    let Some((first, below)) = path.split_first() else { return other };
    match (value, first) {
        (Value::List(items), Segment::Index(at)) => {
            let mut items = items.to_vec();
            match with_at(items.get(*at)?, below, other) {
                Some(item) => items[*at] = item,
                None => drop(items.remove(*at)),
            }
            Some(Value::list(items))
        }
        (Value::Map(map), Segment::Key(wanted)) => {
            let mut entries: Vec<_> = map.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
            let at = entries.iter().position(|(key, _)| *key.to_text() == **wanted)?;
            match with_at(&entries[at].1, below, other) {
                Some(value) => entries[at].1 = value,
                None => drop(entries.remove(at)),
            }
            Some(Value::from(cel::Map::from_distinct(entries)))
        }
        _ => None,
    }
}
