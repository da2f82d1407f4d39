//! Functions and their overloads.

use std::fmt;
use std::sync::Arc;

use crate::error::EvalError;
use crate::ty::Type;
use crate::value::Value;

/// What runs when an overload is called. The receiver of a method is the first argument.
pub type Native = Arc<dyn Fn(&[Value]) -> Result<Value, EvalError> + Send + Sync>;

/// A function or method: a name and its overloads.
///
/// ```
/// use cel::{Env, EvalError, Function, Overload, Type, Value};
///
/// let shout = Overload::member("string_shout", [Type::String], Type::String, |args| match args {
///     [Value::String(text)] => Ok(Value::from(format!("{}!", text.to_uppercase()))),
///     _ => Err(EvalError::no_such_overload()),
/// });
/// let env = Env::builder().function(Function::new("shout").overload(shout)).build();
/// let program = env.compile("'hello'.shout()").unwrap();
/// assert_eq!(program.eval(&env.activation()).unwrap(), Value::from("HELLO!"));
/// assert!(env.compile("1.shout()").is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Function {
    pub(crate) name: Arc<str>,
    pub(crate) overloads: Vec<Overload>,
}

/// One signature of a function.
#[derive(Clone)]
pub struct Overload {
    pub(crate) id: Arc<str>,
    pub(crate) member: bool,
    pub(crate) params: Vec<Type>,
    pub(crate) result: Type,
    pub(crate) native: Native,
    /// Checks its arguments by itself, so that no guard by type is needed before the call.
    pub(crate) own_guard: bool,
}

impl fmt::Debug for Overload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Overload({})", self.id)
    }
}

impl Overload {
    /// `name(params) -> result`
    pub fn global(
        id: &str,
        params: impl Into<Vec<Type>>,
        result: Type,
        native: impl Fn(&[Value]) -> Result<Value, EvalError> + Send + Sync + 'static,
    ) -> Self {
        Self { id: id.into(), member: false, params: params.into(), result, native: Arc::new(native), own_guard: false }
    }

    /// `params[0].name(params[1..]) -> result`
    pub fn member(
        id: &str,
        params: impl Into<Vec<Type>>,
        result: Type,
        native: impl Fn(&[Value]) -> Result<Value, EvalError> + Send + Sync + 'static,
    ) -> Self {
        Self { member: true, ..Self::global(id, params, result, native) }
    }

    /// Calls the implementation whatever the run-time types; it reports a mismatch itself.
    #[must_use]
    pub fn unguarded(mut self) -> Self {
        self.own_guard = true;
        self
    }

    /// Whether values of these run-time types may be passed.
    pub(crate) fn accepts(&self, args: &[Value]) -> bool {
        args.len() == self.params.len()
            && (self.own_guard || self.params.iter().zip(args).all(|(param, arg)| fits(param, arg)))
    }
}

/// Whether a value may be passed where a type is declared, element types aside.
pub(crate) fn fits(param: &Type, value: &Value) -> bool {
    match (param, value) {
        (Type::Dyn | Type::Param(_) | Type::Var(_) | Type::Error, _)
        | (Type::Null | Type::Nullable(_), Value::Null)
        | (Type::Bool, Value::Bool(_))
        | (Type::Int, Value::Int(_))
        | (Type::Uint, Value::Uint(_))
        | (Type::Double, Value::Double(_))
        | (Type::String, Value::String(_))
        | (Type::Bytes, Value::Bytes(_))
        | (Type::Timestamp, Value::Timestamp(_))
        | (Type::Duration, Value::Duration(_))
        | (Type::TypeOf(_), Value::Type(_))
        | (Type::Optional(_), Value::Optional(_))
        | (Type::Object(_), Value::Map(_)) => true,
        (Type::List(element), Value::List(items)) => shallow(items.first(), element),
        (Type::Map(kv), Value::Map(map)) => match map.entry(0) {
            Some((key, _)) => fits(&kv.0, &key.to_value()),
            None => true,
        },
        (Type::Nullable(inner), value) => fits(inner, value),
        (Type::Union(of), value) => of.iter().any(|ty| fits(ty, value)),
        (Type::Opaque(name, _), Value::Opaque(opaque)) => **name == *opaque.type_name(),
        _ => false,
    }
}

/// The first item stands for all, as in the reference implementation.
fn shallow(first: Option<&Value>, element: &Type) -> bool {
    first.is_none_or(|item| fits(element, item))
}

impl Function {
    /// A function without overloads.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), overloads: Vec::new() }
    }

    /// Adds a signature.
    #[must_use]
    pub fn overload(mut self, overload: Overload) -> Self {
        self.overloads.push(overload);
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}
