//! `find` and `findAll`.

use crate::env::Library;
use crate::error::EvalError;
use crate::function::{Function, Overload};
use crate::libraries::pattern::compile;
use crate::ty::Type;
use crate::value::Value;

fn find_all(args: &[Value]) -> Result<Value, EvalError> {
    let (text, pattern, limit) = match args {
        [Value::String(text), Value::String(pattern)] => (text, pattern, usize::MAX),
        [Value::String(text), Value::String(pattern), Value::Int(limit)] => {
            (text, pattern, usize::try_from(*limit).unwrap_or(usize::MAX))
        }
        _ => return Err(EvalError::no_such_overload()),
    };
    let found = compile(pattern)?.find_iter(text).take(limit).map(|found| Value::from(found.as_str())).collect();
    Ok(Value::List(std::sync::Arc::new(found)))
}

/// `text.find(pattern)` (empty when nothing matches) and `text.findAll(pattern)`, `text.findAll(pattern, limit)`.
pub fn regexes() -> Library {
    let (s, list) = (Type::String, Type::list(Type::String));
    let functions = vec![
        Function::new("find").overload(Overload::member(
            "string_find_string",
            [s.clone(), s.clone()],
            s.clone(),
            |args| match args {
                [Value::String(text), Value::String(pattern)] => {
                    Ok(Value::from(compile(pattern)?.find(text).map_or("", |found| found.as_str())))
                }
                _ => Err(EvalError::no_such_overload()),
            },
        )),
        Function::new("findAll")
            .overload(Overload::member("string_find_all_string", [s.clone(), s.clone()], list.clone(), find_all))
            .overload(Overload::member("string_find_all_string_int", [s.clone(), s, Type::Int], list, find_all)),
    ];
    Library { functions, ..Library::default() }
}
