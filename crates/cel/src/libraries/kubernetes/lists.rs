//! `isSorted`, `sum`, `min`, `max`, `indexOf`, `lastIndexOf` on lists.

use std::cmp::Ordering;

use crate::env::Library;
use crate::error::EvalError;
use crate::eval;
use crate::function::{Function, Overload};
use crate::ty::Type;
use crate::value::{Duration, Value, compare};

type Result = std::result::Result<Value, EvalError>;

const ORDERED: [Type; 8] =
    [Type::Int, Type::Uint, Type::Double, Type::Bool, Type::Duration, Type::Timestamp, Type::String, Type::Bytes];

fn items(args: &[Value]) -> std::result::Result<&[Value], EvalError> {
    match args {
        [Value::List(items)] => Ok(items),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn is_sorted(args: &[Value]) -> Result {
    for pair in items(args)?.windows(2) {
        if let [a, b] = pair {
            match compare(a, b) {
                Some(Some(Ordering::Greater)) => return Ok(Value::Bool(false)),
                Some(_) => {}
                None => return Err(EvalError::no_such_overload()),
            }
        }
    }
    Ok(Value::Bool(true))
}

fn extreme(args: &[Value], name: &str, wanted: Ordering) -> Result {
    let items = items(args)?;
    let mut best = items.first().ok_or_else(|| EvalError::invalid(format!("{name} called on empty list")))?;
    for item in items {
        match compare(item, best) {
            Some(ordering) if ordering == Some(wanted) => best = item,
            Some(_) => {}
            None => return Err(EvalError::no_such_overload()),
        }
    }
    Ok(best.clone())
}

fn sum(args: &[Value], zero: &Value) -> Result {
    items(args)?.iter().try_fold(zero.clone(), |total, item| eval::add(&total, item))
}

fn place(args: &[Value], last: bool) -> Result {
    let [Value::List(items), wanted] = args else { return Err(EvalError::no_such_overload()) };
    let found =
        if last { items.iter().rposition(|item| item == wanted) } else { items.iter().position(|item| item == wanted) };
    Ok(Value::Int(found.map_or(-1, |place| place as i64)))
}

/// `isSorted`, `sum`, `min`, `max`, `indexOf` and `lastIndexOf`.
pub fn lists() -> Library {
    let list = Type::list(Type::param("T"));
    let per_type = |name: &str, types: &[Type], result: Option<&Type>, native: fn(&[Value]) -> Result| {
        types.iter().fold(Function::new(name), |function, ty| {
            let id = format!("list_{ty}_{name}");
            let result = result.unwrap_or(ty).clone();
            function.overload(Overload::member(&id, [Type::list(ty.clone())], result, native))
        })
    };
    let sums = [
        (Type::Int, Value::Int(0)),
        (Type::Uint, Value::Uint(0)),
        (Type::Double, Value::Double(0.0)),
        (Type::Duration, Value::Duration(Duration::from_nanos(0))),
    ]
    .into_iter()
    .fold(Function::new("sum"), |function, (ty, zero)| {
        let id = format!("list_{ty}_sum");
        function.overload(Overload::member(&id, [Type::list(ty.clone())], ty, move |args| sum(args, &zero)))
    });
    let functions = vec![
        per_type("isSorted", &ORDERED, Some(&Type::Bool), is_sorted),
        per_type("min", &ORDERED, None, |args| extreme(args, "min", Ordering::Less)),
        per_type("max", &ORDERED, None, |args| extreme(args, "max", Ordering::Greater)),
        sums,
        Function::new("indexOf").overload(Overload::member(
            "list_a_index_of_int",
            [list.clone(), Type::param("T")],
            Type::Int,
            |args| place(args, false),
        )),
        Function::new("lastIndexOf").overload(Overload::member(
            "list_a_last_index_of_int",
            [list, Type::param("T")],
            Type::Int,
            |args| place(args, true),
        )),
    ];
    Library { functions, ..Library::default() }
}
