//! Bodies in Kubernetes' protobuf form: Go clients and kubectl send it for Kubernetes' own kinds. Answers are JSON.
//!
//! ```text
//! "k8s\0" · Unknown { 1: TypeMeta { 1: apiVersion, 2: kind }, 2: message } ─▶ the same JSON that the client would have sent
//! ```

mod messages;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use self::messages::{Field, Form};

const MAGIC: &[u8] = b"k8s\0";
/// Messages inside messages; schemas are the deepest.
const DEPTH: usize = 100;

/// Why a body was not read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProtobufError {
    /// It is something else, or cut off.
    #[error("the body is not in Kubernetes' protobuf form: {0}")]
    Malformed(&'static str),
    /// The kind has no table here.
    #[error("protobuf bodies of kind {0} are not supported by this server: send application/json")]
    Kind(String),
}

type Outcome<T> = Result<T, ProtobufError>;

fn broken<T>(why: &'static str) -> Outcome<T> {
    Err(ProtobufError::Malformed(why))
}

/// The object in the body, as JSON.
pub(crate) fn decode(bytes: &[u8]) -> Outcome<Value> {
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else { return broken("it does not begin with k8s") };
    let (mut version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    while let Some((number, wire)) = field(&mut rest)? {
        match (number, wire) {
            (1, Wire::Bytes(mut inner)) => {
                while let Some((number, wire)) = field(&mut inner)? {
                    match (number, wire) {
                        (1, Wire::Bytes(text)) => version = string(text)?,
                        (2, Wire::Bytes(text)) => kind = string(text)?,
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(inner)) => raw = inner,
            (3, Wire::Bytes(encoding)) if !encoding.is_empty() => return broken("its content is encoded"),
            _ => {}
        }
    }
    let name = name(&version, &kind);
    if messages::message(&name).is_none() {
        return Err(ProtobufError::Kind(kind));
    }
    let mut object = message(&name, raw, 0)?;
    if let Some(map) = object.as_object_mut() {
        map.insert("apiVersion".into(), version.into());
        map.insert("kind".into(), kind.into());
    }
    Ok(object)
}

/// Name of the kind's message: the first word of its group, its version, its kind.
fn name(api_version: &str, kind: &str) -> String {
    if kind == "DeleteOptions" {
        return "meta.v1.DeleteOptions".into();
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("core", api_version));
    format!("{}.{version}.{kind}", group.split('.').next().unwrap_or_default())
}

/// What stands behind a field's number.
enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn varint(rest: &mut &[u8]) -> Outcome<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let Some((&byte, tail)) = rest.split_first() else { return broken("it ends within a number") };
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    broken("a number is too long")
}

/// The next field; `None` at the end.
fn field<'a>(rest: &mut &'a [u8]) -> Outcome<Option<(u64, Wire<'a>)>> {
    if rest.is_empty() {
        return Ok(None);
    }
    let tag = varint(rest)?;
    let mut take = |count: usize| -> Outcome<&'a [u8]> {
        let Some((taken, tail)) = rest.split_at_checked(count) else { return broken("it ends within a field") };
        *rest = tail;
        Ok(taken)
    };
    let wire = match tag & 7 {
        0 => Wire::Number(varint(rest)?),
        1 => Wire::Number(u64::from_le_bytes(take(8)?.try_into().unwrap_or_default())),
        5 => Wire::Number(u64::from(u32::from_le_bytes(take(4)?.try_into().unwrap_or_default()))),
        2 => {
            let count = usize::try_from(varint(rest)?).unwrap_or(usize::MAX);
            let Some((taken, tail)) = rest.split_at_checked(count) else { return broken("it ends within a field") };
            *rest = tail;
            Wire::Bytes(taken)
        }
        _ => return broken("it has a field of an unknown wire type"),
    };
    Ok(Some((tag >> 3, wire)))
}

fn string(bytes: &[u8]) -> Outcome<String> {
    std::str::from_utf8(bytes).map(str::to_owned).or_else(|_| broken("a text is not UTF-8"))
}

fn message(name: &str, mut rest: &[u8], depth: usize) -> Outcome<Value> {
    let Some(fields) = messages::message(name).filter(|_| depth < DEPTH) else {
        return broken("its messages are nested too deeply");
    };
    let mut out = Map::new();
    while let Some((number, wire)) = field(&mut rest)? {
        // A number that the table does not know is of a newer version, and is skipped as everywhere in protobuf.
        let Some(known) = fields.get(&number) else { continue };
        match known.form {
            Form::One => {
                let value = value(known.of, &wire, depth)?;
                if known.keep_zero || !is_zero(&value) {
                    out.insert(known.name.into(), value);
                }
            }
            Form::Inline => {
                if let Value::Object(inner) = value(known.of, &wire, depth)? {
                    out.extend(inner);
                }
            }
            Form::Many => {
                let value = value(known.of, &wire, depth)?;
                if let Value::Array(items) = out.entry(known.name).or_insert_with(|| Value::Array(Vec::new())) {
                    items.push(value);
                }
            }
            Form::Map => {
                let (key, value) = entry(known, &wire, depth)?;
                if let Value::Object(map) = out.entry(known.name).or_insert_with(|| Value::Object(Map::new())) {
                    map.insert(key, value);
                }
            }
        }
    }
    Ok(one_of(name, out))
}

/// Types that are a schema or something simpler.
fn one_of(name: &str, mut fields: Map<String, Value>) -> Value {
    let mut first = |names: &[&str]| names.iter().find_map(|name| fields.remove(*name)).unwrap_or_default();
    match name {
        "apiextensions.v1.JSONSchemaPropsOrArray" => first(&["jSONSchemas", "schema"]),
        "apiextensions.v1.JSONSchemaPropsOrBool" => first(&["schema", "allows"]),
        "apiextensions.v1.JSONSchemaPropsOrStringArray" => first(&["property", "schema"]),
        _ => Value::Object(fields),
    }
}

fn entry(known: &Field, wire: &Wire<'_>, depth: usize) -> Outcome<(String, Value)> {
    let Wire::Bytes(mut rest) = *wire else { return broken("an entry of a map is not a message") };
    let (mut key, mut inner) = (String::new(), None);
    while let Some((number, wire)) = field(&mut rest)? {
        match (number, &wire) {
            (1, Wire::Bytes(text)) => key = string(text)?,
            (2, _) => inner = Some(value(known.of, &wire, depth)?),
            _ => {}
        }
    }
    match inner {
        Some(inner) => Ok((key, inner)),
        None => Ok((key, value(known.of, &Wire::Bytes(&[]), depth)?)),
    }
}

fn value(of: &str, wire: &Wire<'_>, depth: usize) -> Outcome<Value> {
    Ok(match (of, wire) {
        ("bool", Wire::Number(number)) => (*number != 0).into(),
        ("int", Wire::Number(number)) => number.cast_signed().into(),
        ("double", Wire::Number(bits)) => number(f64::from_bits(*bits)),
        ("string", Wire::Bytes(bytes)) => string(bytes)?.into(),
        ("bytes", Wire::Bytes(bytes)) => STANDARD.encode(bytes).into(),
        ("time", Wire::Bytes(bytes)) => time(bytes, false)?,
        ("microtime", Wire::Bytes(bytes)) => time(bytes, true)?,
        ("quantity", Wire::Bytes(bytes)) => texts(bytes)?.pop().unwrap_or_default(),
        ("strings", Wire::Bytes(bytes)) => texts(bytes)?.into(),
        ("intorstring", Wire::Bytes(bytes)) => int_or_string(bytes)?,
        ("json", Wire::Bytes(bytes)) => json(bytes)?,
        (name, Wire::Bytes(bytes)) if name.contains('.') => message(name, bytes, depth + 1)?,
        _ => return broken("a field has another type than expected"),
    })
}

/// Whole numbers stay whole, as Go's JSON encoder writes them.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
    if value.fract() == 0.0 && value.abs() < 9e15 { (value as i64).into() } else { value.into() }
}

fn json(mut bytes: &[u8]) -> Outcome<Value> {
    let mut raw = &[][..];
    while let Some((number, wire)) = field(&mut bytes)? {
        if let (1, Wire::Bytes(inner)) = (number, wire) {
            raw = inner;
        }
    }
    if raw.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(raw).or_else(|_| broken("a value in it is not JSON"))
}

/// The texts of a message's first field.
fn texts(mut bytes: &[u8]) -> Outcome<Vec<Value>> {
    let mut texts = Vec::new();
    while let Some((number, wire)) = field(&mut bytes)? {
        if let (1, Wire::Bytes(text)) = (number, wire) {
            texts.push(string(text)?.into());
        }
    }
    Ok(texts)
}

fn int_or_string(mut bytes: &[u8]) -> Outcome<Value> {
    let (mut is_text, mut int, mut text) = (false, 0_i64, String::new());
    while let Some((number, wire)) = field(&mut bytes)? {
        match (number, wire) {
            (1, Wire::Number(kind)) => is_text = kind == 1,
            (2, Wire::Number(number)) => int = number.cast_signed(),
            (3, Wire::Bytes(inner)) => text = string(inner)?,
            _ => {}
        }
    }
    Ok(if is_text { text.into() } else { int.into() })
}

fn time(mut bytes: &[u8], micro: bool) -> Outcome<Value> {
    let (mut seconds, mut nanos) = (None, 0);
    while let Some((number, wire)) = field(&mut bytes)? {
        match (number, wire) {
            (1, Wire::Number(number)) => seconds = Some(number.cast_signed()),
            (2, Wire::Number(number)) => nanos = i32::try_from(number).unwrap_or(0),
            _ => {}
        }
    }
    let Some(seconds) = seconds else { return Ok(Value::Null) };
    match jiff::Timestamp::new(seconds, nanos) {
        Ok(at) if micro => Ok(at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string().into()),
        Ok(at) => Ok(crate::object::meta::time(at).into()),
        Err(_) => broken("a time is out of range"),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests;
