//! The standard library: operators, `size`, string tests, conversions, times.

use super::{convert, pattern, times};
use crate::env::Library;
use crate::error::EvalError;
use crate::eval;
use crate::function::{Function, Overload};
use crate::syntax::standard_macros;
use crate::ty::Type;
use crate::value::Value;

type Binary = fn(&Value, &Value) -> Result<Value, EvalError>;

fn binary(name: &str, native: Binary, signatures: &[(&str, Type, Type, Type)]) -> Function {
    signatures.iter().fold(Function::new(name), |function, (id, left, right, result)| {
        let params = [left.clone(), right.clone()];
        function.overload(
            Overload::global(id, params, result.clone(), move |args| match args {
                [left, right] => native(left, right),
                _ => Err(EvalError::no_such_overload()),
            })
            .unguarded(),
        )
    })
}

fn comparison(name: &str, id: &str, native: Binary) -> Function {
    let mut signatures = Vec::new();
    for ty in
        [Type::Bool, Type::Int, Type::Uint, Type::Double, Type::String, Type::Bytes, Type::Timestamp, Type::Duration]
    {
        signatures.push((format!("{id}_{ty}"), ty.clone(), ty));
    }
    let numbers = [Type::Int, Type::Uint, Type::Double];
    for left in &numbers {
        for right in numbers.iter().filter(|right| *right != left) {
            signatures.push((format!("{id}_{left}_{right}"), left.clone(), right.clone()));
        }
    }
    signatures.into_iter().fold(Function::new(name), |function, (id, left, right)| {
        function.overload(
            Overload::global(&id, [left, right], Type::Bool, move |args| match args {
                [left, right] => native(left, right),
                _ => Err(EvalError::no_such_overload()),
            })
            .unguarded(),
        )
    })
}

fn operators() -> Vec<Function> {
    let a = Type::param("A");
    let list = Type::list(a.clone());
    let map = Type::map(a.clone(), Type::param("B"));
    let (int, uint, double) = (Type::Int, Type::Uint, Type::Double);
    let (time, span) = (Type::Timestamp, Type::Duration);
    vec![
        binary(
            "_+_",
            eval::add,
            &[
                ("add_int64", int.clone(), int.clone(), int.clone()),
                ("add_uint64", uint.clone(), uint.clone(), uint.clone()),
                ("add_double", double.clone(), double.clone(), double.clone()),
                ("add_string", Type::String, Type::String, Type::String),
                ("add_bytes", Type::Bytes, Type::Bytes, Type::Bytes),
                ("add_list", list.clone(), list.clone(), list.clone()),
                ("add_duration_duration", span.clone(), span.clone(), span.clone()),
                ("add_duration_timestamp", span.clone(), time.clone(), time.clone()),
                ("add_timestamp_duration", time.clone(), span.clone(), time.clone()),
            ],
        ),
        binary(
            "_-_",
            eval::subtract,
            &[
                ("subtract_int64", int.clone(), int.clone(), int.clone()),
                ("subtract_uint64", uint.clone(), uint.clone(), uint.clone()),
                ("subtract_double", double.clone(), double.clone(), double.clone()),
                ("subtract_duration_duration", span.clone(), span.clone(), span.clone()),
                ("subtract_timestamp_duration", time.clone(), span.clone(), time.clone()),
                ("subtract_timestamp_timestamp", time.clone(), time.clone(), span.clone()),
            ],
        ),
        binary(
            "_*_",
            eval::multiply,
            &[
                ("multiply_int64", int.clone(), int.clone(), int.clone()),
                ("multiply_uint64", uint.clone(), uint.clone(), uint.clone()),
                ("multiply_double", double.clone(), double.clone(), double.clone()),
            ],
        ),
        binary(
            "_/_",
            eval::divide,
            &[
                ("divide_int64", int.clone(), int.clone(), int.clone()),
                ("divide_uint64", uint.clone(), uint.clone(), uint.clone()),
                ("divide_double", double.clone(), double.clone(), double.clone()),
            ],
        ),
        binary(
            "_%_",
            eval::remainder,
            &[
                ("modulo_int64", int.clone(), int.clone(), int.clone()),
                ("modulo_uint64", uint.clone(), uint.clone(), uint.clone()),
            ],
        ),
        binary("_==_", |l, r| Ok(eval::equal_text(l, r)), &[("equals", a.clone(), a.clone(), Type::Bool)]),
        binary("_!=_", |l, r| Ok(Value::Bool(l != r)), &[("not_equals", a.clone(), a.clone(), Type::Bool)]),
        binary(
            "@in",
            |item, container| eval::contains(container, item).map(Value::Bool),
            &[("in_list", a.clone(), list, Type::Bool), ("in_map", a.clone(), map, Type::Bool)],
        ),
        comparison("_<_", "less", |l, r| eval::less("_<_", l, r, std::cmp::Ordering::is_lt).map(Value::Bool)),
        comparison("_<=_", "less_equals", |l, r| eval::less("_<=_", l, r, std::cmp::Ordering::is_le).map(Value::Bool)),
        comparison("_>_", "greater", |l, r| eval::less("_>_", l, r, std::cmp::Ordering::is_gt).map(Value::Bool)),
        comparison("_>=_", "greater_equals", |l, r| {
            eval::less("_>=_", l, r, std::cmp::Ordering::is_ge).map(Value::Bool)
        }),
        Function::new("!_").overload(Overload::global("logical_not", [Type::Bool], Type::Bool, |args| match args {
            [Value::Bool(value)] => Ok(Value::Bool(!value)),
            _ => Err(EvalError::no_such_overload()),
        })),
        [("negate_int64", int), ("negate_double", double), ("negate_duration", span)].into_iter().fold(
            Function::new("-_"),
            |function, (id, ty)| {
                function.overload(Overload::global(id, [ty.clone()], ty, |args| match args {
                    [value] => eval::negate(value),
                    _ => Err(EvalError::no_such_overload()),
                }))
            },
        ),
        Function::new("_?_:_").overload(Overload::global(
            "conditional",
            [Type::Bool, a.clone(), a.clone()],
            a,
            |args| match args {
                [Value::Bool(condition), yes, no] => Ok(if *condition { yes } else { no }.clone()),
                _ => Err(EvalError::no_such_overload()),
            },
        )),
    ]
}

fn sizes() -> Function {
    let list = Type::list(Type::param("A"));
    let map = Type::map(Type::param("A"), Type::param("B"));
    let mut function = Function::new("size");
    for (id, ty) in [("string", Type::String), ("bytes", Type::Bytes), ("list", list), ("map", map)] {
        let native = |args: &[Value]| match args {
            [value] => eval::size(value),
            _ => Err(EvalError::no_such_overload()),
        };
        function = function
            .overload(Overload::global(&format!("size_{id}"), [ty.clone()], Type::Int, native).unguarded())
            .overload(Overload::member(&format!("{id}_size"), [ty], Type::Int, native).unguarded());
    }
    function
}

fn text_test(name: &str, id: &str, test: fn(&str, &str) -> bool) -> Function {
    Function::new(name).overload(Overload::member(
        id,
        [Type::String, Type::String],
        Type::Bool,
        move |args| match args {
            [Value::String(text), Value::String(part)] => Ok(Value::Bool(test(text, part))),
            _ => Err(EvalError::no_such_overload()),
        },
    ))
}

fn matches(args: &[Value]) -> Result<Value, EvalError> {
    match args {
        [Value::String(text), Value::String(expression)] => {
            Ok(Value::Bool(pattern::compile(expression)?.is_match(text)))
        }
        _ => Err(EvalError::no_such_overload()),
    }
}

/// Operators, `size`, string tests, conversions, timestamps and durations, and the macros `has`, `all`, `exists`,
/// `exists_one`, `map` and `filter`.
pub fn standard() -> Library {
    let mut functions = operators();
    functions.push(sizes());
    functions.push(text_test("contains", "contains_string", |text, part| text.contains(part)));
    functions.push(text_test("startsWith", "starts_with_string", |text, part| text.starts_with(part)));
    functions.push(text_test("endsWith", "ends_with_string", |text, part| text.ends_with(part)));
    functions.push(
        Function::new("matches")
            .overload(Overload::global("matches", [Type::String, Type::String], Type::Bool, matches))
            .overload(Overload::member("matches_string", [Type::String, Type::String], Type::Bool, matches)),
    );
    functions.extend(convert::functions());
    functions.extend(times::functions());
    Library {
        functions,
        macros: standard_macros(),
        types: vec![
            ("bool", Type::Bool),
            ("int", Type::Int),
            ("uint", Type::Uint),
            ("double", Type::Double),
            ("string", Type::String),
            ("bytes", Type::Bytes),
            ("null_type", Type::Null),
            ("list", Type::list(Type::Dyn)),
            ("map", Type::map(Type::Dyn, Type::Dyn)),
            ("type", Type::type_of(Type::Dyn)),
            ("google.protobuf.Timestamp", Type::Timestamp),
            ("google.protobuf.Duration", Type::Duration),
        ],
    }
}
