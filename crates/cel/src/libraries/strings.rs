//! String functions.

use std::sync::Arc;

use super::format::format;
use crate::env::Library;
use crate::error::EvalError;
use crate::function::{Function, Overload};
use crate::syntax::quote;
use crate::ty::Type;
use crate::value::Value;

type Result<T = Value> = std::result::Result<T, EvalError>;

/// No function makes longer texts, in octets.
pub(super) const LARGEST: usize = 64 << 20;

fn mismatch<T>() -> Result<T> {
    Err(EvalError::no_such_overload())
}

fn out_of_range(place: i64) -> EvalError {
    EvalError::invalid(format!("index out of range: {place}"))
}

fn char_at(args: &[Value]) -> Result {
    let [Value::String(text), Value::Int(place)] = args else { return mismatch() };
    let index = usize::try_from(*place).map_err(|_| out_of_range(*place))?;
    let mut chars = text.chars();
    for _ in 0..index {
        chars.next().ok_or_else(|| out_of_range(*place))?;
    }
    Ok(chars.next().map_or_else(|| Value::from(""), |c| Value::from(c.to_string())))
}

fn index_of(args: &[Value]) -> Result {
    let (text, part, offset) = match args {
        [Value::String(text), Value::String(part)] => (text, part, 0),
        [Value::String(text), Value::String(part), Value::Int(offset)] => (text, part, *offset),
        _ => return mismatch(),
    };
    let start = byte_at(text, offset).ok_or_else(|| out_of_range(offset))?;
    let found = text.get(start..).and_then(|rest| rest.find(&**part)).map(|at| start + at);
    Ok(found.map_or(Value::Int(-1), |at| Value::Int(chars_before(text, at))))
}

fn last_index_of(args: &[Value]) -> Result {
    let (text, part, offset) = match args {
        [Value::String(text), Value::String(part)] => (text, part, None),
        [Value::String(text), Value::String(part), Value::Int(offset)] => (text, part, Some(*offset)),
        _ => return mismatch(),
    };
    let end = match offset {
        None => text.len(),
        Some(offset) => {
            let start = byte_at(text, offset).ok_or_else(|| out_of_range(offset))?;
            // A match may begin at the offset, so its end may lie behind it.
            let mut end = (start + part.len()).min(text.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            end
        }
    };
    let found = text.get(..end).and_then(|head| head.rfind(&**part));
    Ok(found.map_or(Value::Int(-1), |at| Value::Int(chars_before(text, at))))
}

/// The byte where a character begins; the end counts as a place too.
fn byte_at(text: &str, place: i64) -> Option<usize> {
    let place = usize::try_from(place).ok()?;
    text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(place)
}

fn chars_before(text: &str, at: usize) -> i64 {
    text.get(..at).map_or(0, |head| head.chars().count()) as i64
}

fn substring(args: &[Value]) -> Result {
    let (text, start, end) = match args {
        [Value::String(text), Value::Int(start)] => (text, *start, None),
        [Value::String(text), Value::Int(start), Value::Int(end)] => (text, *start, Some(*end)),
        _ => return mismatch(),
    };
    if let Some(end) = end
        && start > end
    {
        return Err(EvalError::invalid(format!("invalid substring range. start: {start}, end: {end}")));
    }
    let from = byte_at(text, start).ok_or_else(|| out_of_range(start))?;
    let to = match end {
        Some(end) => byte_at(text, end).ok_or_else(|| out_of_range(end))?,
        None => text.len(),
    };
    Ok(Value::from(text.get(from..to).unwrap_or("")))
}

fn replace(args: &[Value]) -> Result {
    match args {
        [Value::String(text), Value::String(old), Value::String(new)] => {
            check_growth(text, old, new)?;
            Ok(Value::from(text.replace(&**old, new)))
        }
        [Value::String(text), Value::String(old), Value::String(new), Value::Int(count)] => {
            check_growth(text, old, new)?;
            Ok(Value::from(match usize::try_from(*count) {
                Ok(count) => text.replacen(&**old, new, count),
                Err(_) => text.replace(&**old, new),
            }))
        }
        _ => mismatch(),
    }
}

/// A replacement multiplies two lengths, so its result is bounded before it is made.
fn check_growth(text: &str, old: &str, new: &str) -> Result<()> {
    let places = text.len() / old.len().max(1) + 1;
    if places.saturating_mul(new.len()) > LARGEST {
        return Err(EvalError::invalid("the result of replace() would be too long"));
    }
    Ok(())
}

fn split(args: &[Value]) -> Result {
    let (text, separator, count) = match args {
        [Value::String(text), Value::String(separator)] => (text, separator, -1),
        [Value::String(text), Value::String(separator), Value::Int(count)] => (text, separator, *count),
        _ => return mismatch(),
    };
    let limit = usize::try_from(count).unwrap_or(usize::MAX);
    let parts: Vec<Value> = if limit == 0 {
        Vec::new()
    } else if separator.is_empty() {
        split_chars(text, limit)
    } else {
        text.splitn(limit, &**separator).map(Value::from).collect()
    };
    Ok(Value::from(parts))
}

fn split_chars(text: &str, limit: usize) -> Vec<Value> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if parts.len() + 1 == limit {
            parts.push(Value::from(rest));
            return parts;
        }
        let (head, tail) = rest.split_at(c.len_utf8());
        parts.push(Value::from(head));
        rest = tail;
    }
    parts
}

fn join(args: &[Value]) -> Result {
    let (items, separator) = match args {
        [Value::List(items)] => (items, ""),
        [Value::List(items), Value::String(separator)] => (items, &**separator),
        _ => return mismatch(),
    };
    // Items may share their memory, so that the result is far larger than the list: it is measured first.
    let length = items.iter().map(|item| item.as_str().map_or(0, str::len) + separator.len()).sum::<usize>();
    if length > LARGEST {
        return Err(EvalError::invalid("the result of join() would be too long"));
    }
    let mut out = String::with_capacity(length);
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push_str(separator);
        }
        match item {
            Value::String(text) => out.push_str(text),
            _ => return Err(EvalError::no_overload_for("join", args)),
        }
    }
    Ok(Value::from(out))
}

fn map_text(name: &str, id: &str, change: fn(&str) -> String) -> Function {
    Function::new(name).overload(Overload::member(id, [Type::String], Type::String, move |args| match args {
        [Value::String(text)] => Ok(Value::from(change(text))),
        _ => mismatch(),
    }))
}

/// `charAt`, `indexOf`, `lastIndexOf`, `join`, `lowerAscii`, `upperAscii`, `replace`, `split`, `substring`, `trim`,
/// `reverse`, `format` and `strings.quote`. Places count code points.
pub fn strings() -> Library {
    let (s, i) = (Type::String, Type::Int);
    let list = Type::list(Type::String);
    let functions = vec![
        Function::new("charAt").overload(Overload::member(
            "string_char_at_int",
            [s.clone(), i.clone()],
            s.clone(),
            char_at,
        )),
        Function::new("indexOf")
            .overload(Overload::member("string_index_of_string", [s.clone(), s.clone()], i.clone(), index_of))
            .overload(Overload::member(
                "string_index_of_string_int",
                [s.clone(), s.clone(), i.clone()],
                i.clone(),
                index_of,
            )),
        Function::new("lastIndexOf")
            .overload(Overload::member("string_last_index_of_string", [s.clone(), s.clone()], i.clone(), last_index_of))
            .overload(Overload::member(
                "string_last_index_of_string_int",
                [s.clone(), s.clone(), i.clone()],
                i.clone(),
                last_index_of,
            )),
        Function::new("join")
            .overload(Overload::member("list_join", [list.clone()], s.clone(), join))
            .overload(Overload::member("list_join_string", [list.clone(), s.clone()], s.clone(), join)),
        Function::new("replace")
            .overload(Overload::member(
                "string_replace_string_string",
                [s.clone(), s.clone(), s.clone()],
                s.clone(),
                replace,
            ))
            .overload(Overload::member(
                "string_replace_string_string_int",
                [s.clone(), s.clone(), s.clone(), i.clone()],
                s.clone(),
                replace,
            )),
        Function::new("split")
            .overload(Overload::member("string_split_string", [s.clone(), s.clone()], list.clone(), split))
            .overload(Overload::member("string_split_string_int", [s.clone(), s.clone(), i.clone()], list, split)),
        Function::new("substring")
            .overload(Overload::member("string_substring_int", [s.clone(), i.clone()], s.clone(), substring))
            .overload(Overload::member("string_substring_int_int", [s.clone(), i.clone(), i], s.clone(), substring)),
        map_text("lowerAscii", "string_lower_ascii", str::to_ascii_lowercase),
        map_text("upperAscii", "string_upper_ascii", str::to_ascii_uppercase),
        map_text("trim", "string_trim", |text| text.trim().to_owned()),
        map_text("reverse", "string_reverse", |text| text.chars().rev().collect()),
        Function::new("strings.quote").overload(Overload::global("strings_quote", [s.clone()], s.clone(), |args| {
            match args {
                [Value::String(text)] => Ok(Value::String(Arc::from(quote(text)))),
                _ => mismatch(),
            }
        })),
        Function::new("format").overload(Overload::member(
            "string_format",
            [s.clone(), Type::list(Type::Dyn)],
            s,
            |args| match args {
                [Value::String(text), Value::List(items)] => format(text, items).map(Value::from),
                _ => mismatch(),
            },
        )),
    ];
    Library { functions, ..Library::default() }
}
