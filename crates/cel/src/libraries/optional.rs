//! Optional values: `optional.of`, `a.?b`, `orValue` and the like.

use std::sync::Arc;

use crate::env::Library;
use crate::error::EvalError;
use crate::function::{Function, Overload};
use crate::syntax::optional_macros;
use crate::ty::Type;
use crate::value::Value;

/// `optional.of`, `optional.none`, `optional.ofNonZeroValue`, `optional.unwrap`, `hasValue`, `value`, `or`, `orValue`,
/// `unwrapOpt`, `first`, `last`, `optMap`, `optFlatMap`. The syntax `a.?b` is allowed with
/// [`EnvBuilder::optional_syntax`](crate::EnvBuilder::optional_syntax).
pub fn optionals() -> Library {
    let v = Type::param("V");
    let optional = Type::optional(v.clone());
    let list = Type::list(v.clone());
    let functions = vec![
        Function::new("optional.of").overload(Overload::global("optional_of", [v.clone()], optional.clone(), |args| {
            match args {
                [value] => Ok(Value::some(value.clone())),
                _ => Err(EvalError::no_such_overload()),
            }
        })),
        Function::new("optional.none")
            .overload(Overload::global("optional_none", [], optional.clone(), |_| Ok(Value::NONE))),
        Function::new("optional.ofNonZeroValue").overload(Overload::global(
            "optional_ofNonZeroValue",
            [v.clone()],
            optional.clone(),
            |args| match args {
                [value] if value.is_zero() => Ok(Value::NONE),
                [value] => Ok(Value::some(value.clone())),
                _ => Err(EvalError::no_such_overload()),
            },
        )),
        Function::new("optional.unwrap").overload(Overload::global(
            "optional_unwrap",
            [Type::list(optional.clone())],
            list.clone(),
            unwrap,
        )),
        Function::new("unwrapOpt").overload(Overload::member(
            "optional_unwrapOpt",
            [Type::list(optional.clone())],
            list.clone(),
            unwrap,
        )),
        Function::new("hasValue").overload(Overload::member(
            "optional_hasValue",
            [optional.clone()],
            Type::Bool,
            |args| match args {
                [Value::Optional(inner)] => Ok(Value::Bool(inner.is_some())),
                _ => Err(EvalError::no_such_overload()),
            },
        )),
        Function::new("value").overload(Overload::member("optional_value", [optional.clone()], v.clone(), |args| {
            match args {
                [Value::Optional(Some(inner))] => Ok((**inner).clone()),
                [Value::Optional(None)] => Err(EvalError::invalid("optional.none() dereference")),
                _ => Err(EvalError::no_such_overload()),
            }
        })),
        Function::new("or").overload(Overload::member(
            "optional_or_optional",
            [optional.clone(), optional.clone()],
            optional.clone(),
            |args| match args {
                [Value::Optional(None), other] => Ok(other.clone()),
                [present, _] => Ok(present.clone()),
                _ => Err(EvalError::no_such_overload()),
            },
        )),
        Function::new("orValue").overload(Overload::member(
            "optional_orValue_value",
            [optional.clone(), v.clone()],
            v,
            |args| match args {
                [Value::Optional(None), other] => Ok(other.clone()),
                [Value::Optional(Some(inner)), _] => Ok((**inner).clone()),
                _ => Err(EvalError::no_such_overload()),
            },
        )),
        end_of_list("first", "list_first", &list, &optional, <[Value]>::first),
        end_of_list("last", "list_last", &list, &optional, <[Value]>::last),
    ];
    Library { functions, macros: optional_macros(), types: vec![("optional_type", Type::optional(Type::Dyn))] }
}

fn unwrap(args: &[Value]) -> Result<Value, EvalError> {
    let [Value::List(items)] = args else {
        return Err(EvalError::no_such_overload());
    };
    let mut present = Vec::new();
    for item in items.iter() {
        match item {
            Value::Optional(Some(inner)) => present.push((**inner).clone()),
            Value::Optional(None) => {}
            _ => return Err(EvalError::invalid("value is not an optional")),
        }
    }
    Ok(Value::List(Arc::new(present)))
}

fn end_of_list(name: &str, id: &str, list: &Type, optional: &Type, end: fn(&[Value]) -> Option<&Value>) -> Function {
    Function::new(name).overload(Overload::member(id, [list.clone()], optional.clone(), move |args| match args {
        [Value::List(items)] => Ok(end(items).map_or(Value::NONE, |item| Value::some(item.clone()))),
        _ => Err(EvalError::no_such_overload()),
    }))
}
