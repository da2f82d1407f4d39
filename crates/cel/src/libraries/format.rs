//! `'%s is %d'.format([…])`.

use std::fmt::Write as _;

use super::strings::LARGEST;
use crate::error::EvalError;
use crate::value::Value;

/// No clause may ask for more decimals.
const PRECISION: usize = 100;

fn clause_error(message: &str) -> EvalError {
    EvalError::invalid(format!("error during formatting: {message}"))
}

pub(super) fn format(text: &str, args: &[Value]) -> Result<String, EvalError> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    let mut next = 0;
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut clause = chars.next().ok_or_else(|| EvalError::invalid("unexpected end of string"))?;
        if clause == '%' {
            out.push('%');
            continue;
        }
        let mut precision = None;
        if clause == '.' {
            let mut digits = String::new();
            clause = loop {
                match chars.next() {
                    Some(digit) if digit.is_ascii_digit() => digits.push(digit),
                    Some(other) => break other,
                    None => {
                        return Err(EvalError::invalid(
                            "could not parse formatting clause: error while parsing precision: could not find end of precision specifier",
                        ));
                    }
                }
            };
            let wanted = digits.parse().ok().filter(|wanted| *wanted <= PRECISION);
            precision = Some(wanted.ok_or_else(|| {
                EvalError::invalid(format!(
                    "could not parse formatting clause: error while parsing precision: '{digits}' is no number up to {PRECISION}"
                ))
            })?);
        }
        let verb = Verb::of(clause).ok_or_else(|| {
            EvalError::invalid(format!(
                "could not parse formatting clause: unrecognized formatting clause \"{clause}\""
            ))
        })?;
        let arg = args.get(next).ok_or_else(|| EvalError::invalid(format!("index {next} out of range")))?;
        next += 1;
        verb.write(&mut out, arg, precision)?;
        if out.len() > LARGEST {
            return Err(clause_error("the text would be too long"));
        }
    }
    Ok(out)
}

#[derive(Clone, Copy)]
enum Verb {
    Text,
    Decimal,
    Fixed,
    Scientific,
    Binary,
    Hex,
    UpperHex,
    Octal,
}

impl Verb {
    fn of(letter: char) -> Option<Self> {
        Some(match letter {
            's' => Self::Text,
            'd' => Self::Decimal,
            'f' => Self::Fixed,
            'e' => Self::Scientific,
            'b' => Self::Binary,
            'x' => Self::Hex,
            'X' => Self::UpperHex,
            'o' => Self::Octal,
            _ => return None,
        })
    }

    fn write(self, out: &mut String, arg: &Value, precision: Option<usize>) -> Result<(), EvalError> {
        let wrong = |what: &str| Err(clause_error(&format!("{what}, was given {}", arg.type_name())));
        let written = match (self, arg) {
            (Self::Text, value) => {
                write_text(out, value)?;
                Ok(())
            }
            (Self::Decimal, Value::Int(value)) => write!(out, "{value}"),
            (Self::Decimal, Value::Uint(value)) => write!(out, "{value}"),
            (Self::Decimal | Self::Fixed | Self::Scientific, Value::Double(value)) if !value.is_finite() => {
                out.push_str(unbounded(*value));
                Ok(())
            }
            (Self::Decimal, _) => return wrong("decimal clause can only be used on integers"),
            (Self::Fixed | Self::Scientific, Value::Double(_) | Value::Int(_) | Value::Uint(_)) => {
                let value = match arg {
                    Value::Double(value) => *value,
                    Value::Int(value) => *value as f64,
                    Value::Uint(value) => *value as f64,
                    _ => 0.0,
                };
                let decimals = precision.unwrap_or(6);
                if matches!(self, Self::Fixed) {
                    write!(out, "{value:.decimals$}")
                } else {
                    let text = format!("{value:.decimals$e}");
                    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                    let exponent: i32 = exponent.parse().unwrap_or(0);
                    write!(out, "{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
                }
            }
            (Self::Fixed, _) => return wrong("fixed-point clause can only be used on doubles"),
            (Self::Scientific, _) => return wrong("scientific clause can only be used on doubles"),
            (Self::Binary, Value::Bool(value)) => write!(out, "{}", u8::from(*value)),
            (Self::Hex, Value::String(text)) => hex(out, text.as_bytes(), false),
            (Self::Hex, Value::Bytes(bytes)) => hex(out, bytes, false),
            (Self::UpperHex, Value::String(text)) => hex(out, text.as_bytes(), true),
            (Self::UpperHex, Value::Bytes(bytes)) => hex(out, bytes, true),
            (Self::Binary | Self::Hex | Self::UpperHex | Self::Octal, Value::Int(_) | Value::Uint(_)) => {
                let (negative, size) = match arg {
                    Value::Int(value) => (*value < 0, value.unsigned_abs()),
                    Value::Uint(value) => (false, *value),
                    _ => (false, 0),
                };
                if negative {
                    out.push('-');
                }
                match self {
                    Self::Binary => write!(out, "{size:b}"),
                    Self::Octal => write!(out, "{size:o}"),
                    Self::UpperHex => write!(out, "{size:X}"),
                    _ => write!(out, "{size:x}"),
                }
            }
            (Self::Binary, _) => return wrong("only integers and bools can be formatted as binary"),
            (Self::Octal, _) => return wrong("octal clause can only be used on integers"),
            (Self::Hex | Self::UpperHex, _) => {
                return wrong("only integers, byte buffers, and strings can be formatted as hex");
            }
        };
        written.map_err(|_| clause_error("out of memory"))
    }
}

fn hex(out: &mut String, bytes: &[u8], upper: bool) -> std::fmt::Result {
    bytes.iter().try_for_each(|byte| if upper { write!(out, "{byte:02X}") } else { write!(out, "{byte:02x}") })
}

fn unbounded(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

fn write_text(out: &mut String, value: &Value) -> Result<(), EvalError> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::Uint(value) => out.push_str(&value.to_string()),
        Value::Double(value) if !value.is_finite() => out.push_str(unbounded(*value)),
        Value::Double(value) => out.push_str(&value.to_string()),
        Value::String(text) => out.push_str(text),
        Value::Bytes(bytes) => out.push_str(&String::from_utf8_lossy(bytes)),
        Value::Timestamp(value) => out.push_str(&value.to_string()),
        Value::Duration(value) => out.push_str(&value.to_string()),
        Value::Type(ty) => out.push_str(ty.runtime_name()),
        Value::List(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push_str(", ");
                }
                write_text(out, item)?;
            }
            out.push(']');
        }
        Value::Map(map) => {
            let mut entries = Vec::with_capacity(map.len());
            for (key, item) in map.iter() {
                let mut text = String::new();
                write_text(&mut text, item)?;
                entries.push((key.to_text(), text));
            }
            entries.sort();
            out.push('{');
            for (place, (key, text)) in entries.iter().enumerate() {
                if place > 0 {
                    out.push_str(", ");
                }
                out.push_str(key);
                out.push_str(": ");
                out.push_str(text);
            }
            out.push('}');
        }
        Value::Optional(_) | Value::Opaque(_) => {
            return Err(clause_error(&format!(
                "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given {}",
                value.type_name()
            )));
        }
    }
    Ok(())
}
