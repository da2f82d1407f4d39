//! Conversions between types: `int`, `uint`, `double`, `string`, `bytes`, `bool`, `timestamp`, `duration`, `type`, `dyn`.

use std::sync::Arc;

use crate::error::EvalError;
use crate::function::{Function, Overload};
use crate::ty::Type;
use crate::value::{Duration, Timestamp, Value, double_text};

type Conversion = fn(&Value) -> Result<Value, EvalError>;

fn failed(from: &str, to: &str) -> EvalError {
    EvalError::invalid(format!("type conversion error from '{from}' to '{to}'"))
}

fn conversion(name: &str, to: &Type, from: &[Type], convert: Conversion) -> Function {
    from.iter().fold(Function::new(name), |function, source| {
        let id = format!("{}_to_{}", overload_name(source), overload_name(to));
        function.overload(Overload::global(&id, [source.clone()], to.clone(), move |args| match args {
            [value] => convert(value),
            _ => Err(EvalError::no_such_overload()),
        }))
    })
}

fn overload_name(ty: &Type) -> &str {
    match ty {
        Type::Timestamp => "timestamp",
        Type::Duration => "duration",
        Type::Int => "int64",
        Type::Uint => "uint64",
        other => other.runtime_name(),
    }
}

pub(super) fn functions() -> Vec<Function> {
    let any = Type::param("A");
    vec![
        conversion(
            "int",
            &Type::Int,
            &[Type::Int, Type::Double, Type::Duration, Type::String, Type::Timestamp, Type::Uint],
            to_int,
        ),
        conversion("uint", &Type::Uint, &[Type::Uint, Type::Double, Type::Int, Type::String], to_uint),
        conversion("double", &Type::Double, &[Type::Double, Type::Int, Type::String, Type::Uint], to_double),
        conversion(
            "string",
            &Type::String,
            &[
                Type::String,
                Type::Bool,
                Type::Bytes,
                Type::Double,
                Type::Duration,
                Type::Int,
                Type::Timestamp,
                Type::Uint,
            ],
            to_string,
        ),
        conversion("bytes", &Type::Bytes, &[Type::Bytes, Type::String], to_bytes),
        conversion("bool", &Type::Bool, &[Type::Bool, Type::String], to_bool),
        conversion("timestamp", &Type::Timestamp, &[Type::Timestamp, Type::Int, Type::String], to_timestamp),
        conversion("duration", &Type::Duration, &[Type::Duration, Type::Int, Type::String], to_duration),
        Function::new("dyn").overload(Overload::global("to_dyn", [any.clone()], Type::Dyn, |args| match args {
            [value] => Ok(value.clone()),
            _ => Err(EvalError::no_such_overload()),
        })),
        Function::new("type").overload(Overload::global(
            "type",
            [any.clone()],
            Type::type_of(any),
            |args| match args {
                [value] => Ok(Value::Type(Arc::new(value.type_of()))),
                _ => Err(EvalError::no_such_overload()),
            },
        )),
    ]
}

fn to_int(value: &Value) -> Result<Value, EvalError> {
    let range = || EvalError::invalid("integer overflow");
    Ok(Value::Int(match value {
        Value::Int(value) => *value,
        Value::Uint(value) => i64::try_from(*value).map_err(|_| range())?,
        Value::Double(value) => {
            if !(*value > -9_223_372_036_854_775_808.0 && *value < 9_223_372_036_854_775_808.0) {
                return Err(range());
            }
            *value as i64
        }
        Value::String(text) => text.parse().map_err(|_| failed("string", "int"))?,
        Value::Timestamp(value) => value.seconds(),
        Value::Duration(value) => value.nanos(),
        _ => return Err(EvalError::no_such_overload()),
    }))
}

fn to_uint(value: &Value) -> Result<Value, EvalError> {
    let range = || EvalError::invalid("unsigned integer overflow");
    Ok(Value::Uint(match value {
        Value::Uint(value) => *value,
        Value::Int(value) => u64::try_from(*value).map_err(|_| range())?,
        Value::Double(value) => {
            if !(*value >= 0.0 && *value < 18_446_744_073_709_551_616.0) {
                return Err(range());
            }
            *value as u64
        }
        Value::String(text) => text.parse().map_err(|_| failed("string", "uint"))?,
        _ => return Err(EvalError::no_such_overload()),
    }))
}

fn to_double(value: &Value) -> Result<Value, EvalError> {
    Ok(Value::Double(match value {
        Value::Double(value) => *value,
        Value::Int(value) => *value as f64,
        Value::Uint(value) => *value as f64,
        Value::String(text) => text.parse().map_err(|_| failed("string", "double"))?,
        _ => return Err(EvalError::no_such_overload()),
    }))
}

fn to_string(value: &Value) -> Result<Value, EvalError> {
    Ok(match value {
        Value::String(_) => value.clone(),
        Value::Bool(value) => Value::from(value.to_string()),
        Value::Int(value) => Value::from(value.to_string()),
        Value::Uint(value) => Value::from(value.to_string()),
        Value::Double(value) => Value::from(double_text(*value)),
        Value::Timestamp(value) => Value::from(value.to_string()),
        Value::Duration(value) => Value::from(value.to_string()),
        Value::Bytes(bytes) => Value::from(
            std::str::from_utf8(bytes)
                .map_err(|_| EvalError::invalid("invalid UTF-8 in bytes, cannot convert to string"))?,
        ),
        _ => return Err(EvalError::no_such_overload()),
    })
}

fn to_bytes(value: &Value) -> Result<Value, EvalError> {
    match value {
        Value::Bytes(_) => Ok(value.clone()),
        Value::String(text) => Ok(Value::Bytes(text.as_bytes().into())),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn to_bool(value: &Value) -> Result<Value, EvalError> {
    match value {
        Value::Bool(_) => Ok(value.clone()),
        Value::String(text) => match &**text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
            _ => Err(failed("string", "bool")),
        },
        _ => Err(EvalError::no_such_overload()),
    }
}

fn to_timestamp(value: &Value) -> Result<Value, EvalError> {
    match value {
        Value::Timestamp(_) => Ok(value.clone()),
        Value::Int(seconds) => {
            Timestamp::new(*seconds, 0).map(Value::Timestamp).ok_or_else(|| EvalError::invalid("timestamp overflow"))
        }
        Value::String(text) => {
            Timestamp::parse(text).map(Value::Timestamp).ok_or_else(|| failed("string", "google.protobuf.Timestamp"))
        }
        _ => Err(EvalError::no_such_overload()),
    }
}

fn to_duration(value: &Value) -> Result<Value, EvalError> {
    match value {
        Value::Duration(_) => Ok(value.clone()),
        Value::Int(nanos) => Ok(Value::Duration(Duration::from_nanos(*nanos))),
        Value::String(text) => {
            Duration::parse(text).map(Value::Duration).ok_or_else(|| failed("string", "google.protobuf.Duration"))
        }
        _ => Err(EvalError::no_such_overload()),
    }
}
