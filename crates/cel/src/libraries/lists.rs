//! List functions and sets.

use std::sync::Arc;

use crate::env::Library;
use crate::error::EvalError;
use crate::eval::sort_by_keys;
use crate::function::{Function, Overload};
use crate::syntax::sort_by;
use crate::ty::Type;
use crate::value::Value;

type Result<T = Value> = std::result::Result<T, EvalError>;

/// `lists.range` makes no longer lists.
const LONGEST_RANGE: i64 = 1_000_000;

/// `flatten` makes no longer lists: its items may be one list many times.
const LONGEST: usize = 1_000_000;

fn mismatch<T>() -> Result<T> {
    Err(EvalError::no_such_overload())
}

fn slice(args: &[Value]) -> Result {
    let [Value::List(items), Value::Int(start), Value::Int(end)] = args else { return mismatch() };
    if *start < 0 || *end < 0 {
        return Err(EvalError::invalid(format!("cannot slice({start}, {end}), negative indexes not supported")));
    }
    if start > end {
        return Err(EvalError::invalid(format!(
            "cannot slice({start}, {end}), start index must be less than or equal to end index"
        )));
    }
    let (from, to) = (usize::try_from(*start).unwrap_or(usize::MAX), usize::try_from(*end).unwrap_or(usize::MAX));
    items
        .get(from..to)
        .map(|part| Value::from(part.to_vec()))
        .ok_or_else(|| EvalError::invalid(format!("cannot slice({start}, {end}), list is length {}", items.len())))
}

fn flatten(args: &[Value]) -> Result {
    let (items, depth) = match args {
        [Value::List(items)] => (items, 1),
        [Value::List(items), Value::Int(depth)] => (items, *depth),
        _ => return mismatch(),
    };
    if depth < 0 {
        return Err(EvalError::invalid("level must be non-negative"));
    }
    let mut flat = Vec::with_capacity(items.len());
    flatten_into(&mut flat, items, depth)?;
    Ok(Value::from(flat))
}

fn flatten_into(flat: &mut Vec<Value>, items: &[Value], depth: i64) -> Result<()> {
    for item in items {
        match item {
            Value::List(inner) if depth > 0 => flatten_into(flat, inner, depth - 1)?,
            _ if flat.len() >= LONGEST => {
                return Err(EvalError::invalid(format!("the result of flatten() is longer than {LONGEST}")));
            }
            item => flat.push(item.clone()),
        }
    }
    Ok(())
}

fn distinct(args: &[Value]) -> Result {
    let [Value::List(items)] = args else { return mismatch() };
    let mut kept: Vec<Value> = Vec::new();
    for item in items.iter() {
        if !kept.contains(item) {
            kept.push(item.clone());
        }
    }
    Ok(Value::from(kept))
}

fn range(args: &[Value]) -> Result {
    match args {
        [Value::Int(count)] if *count > LONGEST_RANGE => {
            Err(EvalError::invalid(format!("lists.range({count}) is longer than {LONGEST_RANGE}")))
        }
        [Value::Int(count)] => Ok(Value::from((0..*count).map(Value::Int).collect::<Vec<_>>())),
        _ => mismatch(),
    }
}

fn sort(args: &[Value]) -> Result {
    let [Value::List(items)] = args else { return mismatch() };
    sort_by_keys(items.to_vec(), items.to_vec())
}

/// `slice`, `flatten`, `distinct`, `reverse`, `sort`, `sortBy` and `lists.range`.
pub fn lists() -> Library {
    let item = Type::param("T");
    let list = Type::list(item.clone());
    let sorting =
        [Type::Int, Type::Uint, Type::Double, Type::Bool, Type::Duration, Type::Timestamp, Type::String, Type::Bytes]
            .into_iter()
            .fold(Function::new("sort"), |function, ty| {
                let list = Type::list(ty.clone());
                function.overload(Overload::member(&format!("list_{ty}_sort"), [list.clone()], list, sort))
            });
    let functions = vec![
        Function::new("slice").overload(Overload::member(
            "list_slice",
            [list.clone(), Type::Int, Type::Int],
            list.clone(),
            slice,
        )),
        Function::new("flatten")
            .overload(Overload::member("list_flatten", [Type::list(list.clone())], list.clone(), flatten))
            .overload(Overload::member(
                "list_flatten_int",
                [Type::list(Type::Dyn), Type::Int],
                Type::list(Type::Dyn),
                flatten,
            )),
        Function::new("distinct").overload(Overload::member("list_distinct", [list.clone()], list.clone(), distinct)),
        Function::new("reverse").overload(Overload::member("list_reverse", [list.clone()], list.clone(), |args| {
            match args {
                [Value::List(items)] => Ok(Value::from(items.iter().rev().cloned().collect::<Vec<_>>())),
                _ => mismatch(),
            }
        })),
        Function::new("lists.range").overload(Overload::global(
            "lists_range",
            [Type::Int],
            Type::list(Type::Int),
            range,
        )),
        sorting,
    ];
    Library { functions, macros: vec![sort_by()], ..Library::default() }
}

fn covers(items: &[Value], others: &[Value]) -> bool {
    others.iter().all(|other| items.contains(other))
}

fn set_test(name: &str, test: fn(&[Value], &[Value]) -> bool) -> Function {
    let list = Type::list(Type::param("T"));
    Function::new(&format!("sets.{name}")).overload(Overload::global(
        &format!("list_sets_{name}_list"),
        [list.clone(), list],
        Type::Bool,
        move |args| match args {
            [Value::List(a), Value::List(b)] => Ok(Value::Bool(test(a, b))),
            _ => mismatch(),
        },
    ))
}

/// `sets.contains`, `sets.equivalent` and `sets.intersects`.
pub fn sets() -> Library {
    let functions = vec![
        set_test("contains", covers),
        set_test("equivalent", |a, b| covers(a, b) && covers(b, a)),
        set_test("intersects", |a, b| a.iter().any(|item| b.contains(item))),
    ];
    Library { functions, ..Library::default() }
}

/// `base64.encode` and `base64.decode`; padding may be left out.
pub fn encoders() -> Library {
    use base64::Engine as _;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let functions = vec![
        Function::new("base64.encode").overload(Overload::global(
            "base64_encode_bytes",
            [Type::Bytes],
            Type::String,
            |args| match args {
                [Value::Bytes(bytes)] => Ok(Value::from(LENIENT.encode(bytes))),
                _ => mismatch(),
            },
        )),
        Function::new("base64.decode").overload(Overload::global(
            "base64_decode_string",
            [Type::String],
            Type::Bytes,
            |args| match args {
                [Value::String(text)] => {
                    LENIENT.decode(&**text).map(|bytes| Value::Bytes(Arc::from(bytes))).map_err(|error| {
                        let place = match error {
                            base64::DecodeError::InvalidByte(place, _)
                            | base64::DecodeError::InvalidLastSymbol(place, _) => place,
                            _ => text.len(),
                        };
                        EvalError::invalid(format!("illegal base64 data at input byte {place}"))
                    })
                }
                _ => mismatch(),
            },
        )),
    ];
    Library { functions, ..Library::default() }
}
