//! Semantic versions.

use std::cmp::Ordering;

use crate::env::Library;
use crate::error::EvalError;
use crate::function::{Function, Overload};
use crate::ty::Type;
use crate::value::{Opaque, Value, downcast};

const NAME: &str = "kubernetes.Semver";

#[derive(Clone, Debug)]
struct Version {
    numbers: [u64; 3],
    pre: Vec<String>,
}

impl Opaque for Version {
    fn type_name(&self) -> &str {
        NAME
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        downcast::<Version>(other).is_some_and(|other| self.order(other) == Ordering::Equal)
    }
}

fn identifiers(text: &str) -> Option<Vec<String>> {
    text.split('.')
        .map(|part| {
            let valid = !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            valid.then(|| part.to_owned())
        })
        .collect()
}

fn plain_number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits && (text.len() == 1 || !text.starts_with('0'))).then(|| text.parse().ok()).flatten()
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let (rest, build) = text.split_once('+').map_or((text, None), |(rest, build)| (rest, Some(build)));
        if let Some(build) = build {
            identifiers(build)?;
        }
        let (numbers, pre) = rest.split_once('-').map_or((rest, None), |(numbers, pre)| (numbers, Some(pre)));
        let pre = pre.map_or(Some(Vec::new()), identifiers)?;
        if pre.iter().any(|part| part.bytes().all(|b| b.is_ascii_digit()) && plain_number(part).is_none()) {
            return None;
        }
        let mut parts = numbers.split('.').map(plain_number);
        let numbers = [parts.next()??, parts.next()??, parts.next()??];
        parts.next().is_none().then_some(Self { numbers, pre })
    }

    /// Also takes a leading `v`, missing parts and leading zeros.
    fn parse_lenient(text: &str) -> Option<Self> {
        let text = text.trim().strip_prefix('v').unwrap_or(text.trim());
        let end = text.find(['-', '+']).unwrap_or(text.len());
        let (numbers, rest) = text.split_at(end);
        let mut parts: Vec<&str> = numbers
            .split('.')
            .map(|part| match part.trim_start_matches('0') {
                "" if !part.is_empty() => "0",
                trimmed => trimmed,
            })
            .collect();
        while parts.len() < 3 {
            parts.push("0");
        }
        Self::parse(&format!("{}{rest}", parts.join(".")))
    }

    fn order(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let differing =
                    self.pre.iter().zip(&other.pre).map(|(a, b)| identifier_order(a, b)).find(|order| order.is_ne());
                differing.unwrap_or_else(|| self.pre.len().cmp(&other.pre.len()))
            }
        })
    }
}

fn identifier_order(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

type Native = fn(&[Value]) -> Result<Value, EvalError>;

fn parse(args: &[Value]) -> Result<Version, EvalError> {
    let (text, version) = match args {
        [Value::String(text)] | [Value::String(text), Value::Bool(false)] => (text, Version::parse(text)),
        [Value::String(text), Value::Bool(true)] => (text, Version::parse_lenient(text)),
        _ => return Err(EvalError::no_such_overload()),
    };
    version.ok_or_else(|| EvalError::invalid(format!("\"{text}\" is no semantic version")))
}

fn version(args: &[Value], place: usize) -> Result<&Version, EvalError> {
    args.get(place).and_then(Value::downcast).ok_or_else(EvalError::no_such_overload)
}

fn order(args: &[Value]) -> Result<Ordering, EvalError> {
    Ok(version(args, 0)?.order(version(args, 1)?))
}

fn number(args: &[Value], place: usize) -> Result<Value, EvalError> {
    let number = version(args, 0)?.numbers.get(place).copied().unwrap_or(0);
    i64::try_from(number).map(Value::Int).map_err(|_| EvalError::invalid("integer overflow"))
}

/// `semver`, `isSemver`, `major`, `minor`, `patch`, `isLessThan`, `isGreaterThan` and `compareTo`.
pub fn versions() -> Library {
    let v = Type::opaque(NAME);
    let from_text = |name: &str, id: &str, result: &Type, native: Native| {
        Function::new(name)
            .overload(Overload::global(id, [Type::String], result.clone(), native))
            .overload(Overload::global(&format!("{id}_bool"), [Type::String, Type::Bool], result.clone(), native))
    };
    let part = |name: &str, native: Native| {
        Function::new(name).overload(Overload::member(&format!("semver_{name}"), [v.clone()], Type::Int, native))
    };
    let pair = |name: &str, result: Type, native: Native| {
        Function::new(name).overload(Overload::member(
            &format!("semver_{name}"),
            [v.clone(), v.clone()],
            result,
            native,
        ))
    };
    let functions = vec![
        from_text("semver", "string_to_semver", &v, |args| parse(args).map(Value::opaque)),
        from_text("isSemver", "is_semver_string", &Type::Bool, |args| Ok(Value::Bool(parse(args).is_ok()))),
        part("major", |args| number(args, 0)),
        part("minor", |args| number(args, 1)),
        part("patch", |args| number(args, 2)),
        pair("isLessThan", Type::Bool, |args| Ok(Value::Bool(order(args)?.is_lt()))),
        pair("isGreaterThan", Type::Bool, |args| Ok(Value::Bool(order(args)?.is_gt()))),
        pair("compareTo", Type::Int, |args| Ok(Value::Int(order(args)? as i64))),
    ];
    Library { functions, types: vec![(NAME, v)], ..Library::default() }
}
