//! Arithmetic beyond the operators.

use std::cmp::Ordering;

use crate::ast::{Expr, ExprKind, Literal};
use crate::env::Library;
use crate::error::EvalError;
use crate::function::{Function, Overload};
use crate::syntax::{Args, Macro, MacroCall, MacroError};
use crate::ty::Type;
use crate::value::{Value, compare};

type Result<T = Value> = std::result::Result<T, EvalError>;

fn numeric_literal(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(literal) => matches!(literal, Literal::Int(_) | Literal::Uint(_) | Literal::Double(_)),
        ExprKind::List(_) | ExprKind::Map(_) | ExprKind::Struct { .. } => false,
        _ => true,
    }
}

/// `math.greatest(…)` and `math.least(…)`: any number of arguments, or one list.
fn extreme_macro(name: &'static str) -> Macro {
    Macro::receiver(name, Args::Any, move |call: &MacroCall<'_>| -> std::result::Result<Option<Expr>, MacroError> {
        let Some(target) = call.target.filter(|_| call.target_name() == Some("math")) else { return Ok(None) };
        let function = format!("math.{name}");
        match call.args {
            [] => Err(call.error_at(target, format!("{function}() requires at least one argument"))),
            [only] => {
                let list = matches!(&only.kind, ExprKind::List(items)
                    if !items.is_empty() && items.iter().all(|item| numeric_literal(&item.value)));
                if list || numeric_literal(only) {
                    return Ok(Some(call.call(&function, vec![only.clone()])));
                }
                Err(call.error_at(only, format!("{function}() invalid single argument value")))
            }
            args => {
                if let Some(wrong) = args.iter().find(|arg| !numeric_literal(arg)) {
                    let message = format!("{function}() simple literal arguments must be numeric");
                    return Err(call.error_at(wrong, message));
                }
                let args = if args.len() == 2 { args.to_vec() } else { vec![call.list(args.to_vec())] };
                Ok(Some(call.call(&function, args)))
            }
        }
    })
}

fn extreme(name: &'static str, wanted: Ordering) -> Function {
    let numbers = [Type::Int, Type::Uint, Type::Double];
    let best = move |items: &[Value]| -> Result {
        let mut found: Option<&Value> = None;
        for item in items {
            if !matches!(item, Value::Int(_) | Value::Uint(_) | Value::Double(_)) {
                return Err(EvalError::no_overload_of(&format!("math.{name}")));
            }
            if found.is_none_or(|found| compare(item, found).flatten() == Some(wanted)) {
                found = Some(item);
            }
        }
        found.cloned().ok_or_else(|| EvalError::invalid(format!("math.{name}() requires at least one argument")))
    };
    let mut function = Function::new(&format!("math.{name}"));
    for left in &numbers {
        function =
            function.overload(Overload::global(&format!("math_{name}_{left}"), [left.clone()], left.clone(), best));
        for right in &numbers {
            let result = if left == right { left.clone() } else { Type::Dyn };
            let id = format!("math_{name}_{left}_{right}");
            function = function.overload(Overload::global(&id, [left.clone(), right.clone()], result, best));
        }
    }
    for item in &numbers {
        let id = format!("math_{name}_list_{item}");
        function =
            function.overload(Overload::global(
                &id,
                [Type::list(item.clone())],
                item.clone(),
                move |args| match args {
                    [Value::List(items)] => best(items),
                    _ => Err(EvalError::no_such_overload()),
                },
            ));
    }
    function
}

fn on_double(name: &str, result: &Type, apply: fn(f64) -> Value) -> Function {
    Function::new(&format!("math.{name}")).overload(Overload::global(
        &format!("math_{name}_double"),
        [Type::Double],
        result.clone(),
        move |args| match args {
            [Value::Double(value)] => Ok(apply(*value)),
            _ => Err(EvalError::no_such_overload()),
        },
    ))
}

fn on_numbers(name: &str, types: &[Type], result: Option<&Type>, apply: fn(&Value) -> Result) -> Function {
    types.iter().fold(Function::new(&format!("math.{name}")), |function, ty| {
        let id = format!("math_{name}_{ty}");
        let result = result.unwrap_or(ty).clone();
        function.overload(Overload::global(&id, [ty.clone()], result, move |args| match args {
            [value] => apply(value),
            _ => Err(EvalError::no_such_overload()),
        }))
    })
}

fn abs(value: &Value) -> Result {
    match value {
        Value::Int(value) => value.checked_abs().map(Value::Int).ok_or_else(|| EvalError::invalid("integer overflow")),
        Value::Double(value) => Ok(Value::Double(value.abs())),
        other => Ok(other.clone()),
    }
}

fn sign(value: &Value) -> Result {
    Ok(match value {
        Value::Int(value) => Value::Int(value.signum()),
        Value::Uint(value) => Value::Uint(u64::from(*value > 0)),
        Value::Double(value) if value.is_nan() || *value == 0.0 => Value::Double(*value),
        Value::Double(value) => Value::Double(value.signum()),
        _ => return Err(EvalError::no_such_overload()),
    })
}

fn sqrt(value: &Value) -> Result {
    Ok(Value::Double(match value {
        Value::Int(value) => (*value as f64).sqrt(),
        Value::Uint(value) => (*value as f64).sqrt(),
        Value::Double(value) => value.sqrt(),
        _ => return Err(EvalError::no_such_overload()),
    }))
}

fn bits(name: &str, int: fn(i64, i64) -> i64, uint: fn(u64, u64) -> u64) -> Function {
    Function::new(&format!("math.{name}"))
        .overload(Overload::global(&format!("math_{name}_int_int"), [Type::Int, Type::Int], Type::Int, move |args| {
            match args {
                [Value::Int(a), Value::Int(b)] => Ok(Value::Int(int(*a, *b))),
                _ => Err(EvalError::no_such_overload()),
            }
        }))
        .overload(Overload::global(
            &format!("math_{name}_uint_uint"),
            [Type::Uint, Type::Uint],
            Type::Uint,
            move |args| match args {
                [Value::Uint(a), Value::Uint(b)] => Ok(Value::Uint(uint(*a, *b))),
                _ => Err(EvalError::no_such_overload()),
            },
        ))
}

fn shift(name: &'static str, apply: fn(u64, u32) -> Option<u64>) -> Function {
    let shifted = move |value: u64, by: i64| -> Result<u64> {
        if by < 0 {
            return Err(EvalError::invalid(format!("math.{name}() negative offset: {by}")));
        }
        Ok(u32::try_from(by).ok().and_then(|by| apply(value, by)).unwrap_or(0))
    };
    Function::new(&format!("math.{name}"))
        .overload(Overload::global(&format!("math_{name}_int_int"), [Type::Int, Type::Int], Type::Int, move |args| {
            match args {
                [Value::Int(value), Value::Int(by)] => {
                    shifted(value.cast_unsigned(), *by).map(|v| Value::Int(v.cast_signed()))
                }
                _ => Err(EvalError::no_such_overload()),
            }
        }))
        .overload(Overload::global(
            &format!("math_{name}_uint_int"),
            [Type::Uint, Type::Int],
            Type::Uint,
            move |args| match args {
                [Value::Uint(value), Value::Int(by)] => shifted(*value, *by).map(Value::Uint),
                _ => Err(EvalError::no_such_overload()),
            },
        ))
}

/// `math.greatest`, `least`, `ceil`, `floor`, `round`, `trunc`, `abs`, `sign`, `sqrt`, `isNaN`, `isInf`, `isFinite` and
/// the operations on bits.
pub fn math() -> Library {
    let numbers = [Type::Double, Type::Int, Type::Uint];
    let not = |value: &Value| match value {
        Value::Int(value) => Ok(Value::Int(!value)),
        Value::Uint(value) => Ok(Value::Uint(!value)),
        _ => Err(EvalError::no_such_overload()),
    };
    let functions = vec![
        extreme("greatest", Ordering::Greater),
        extreme("least", Ordering::Less),
        on_double("ceil", &Type::Double, |value| Value::Double(value.ceil())),
        on_double("floor", &Type::Double, |value| Value::Double(value.floor())),
        on_double("round", &Type::Double, |value| Value::Double(value.round())),
        on_double("trunc", &Type::Double, |value| Value::Double(value.trunc())),
        on_double("isNaN", &Type::Bool, |value| Value::Bool(value.is_nan())),
        on_double("isInf", &Type::Bool, |value| Value::Bool(value.is_infinite())),
        on_double("isFinite", &Type::Bool, |value| Value::Bool(value.is_finite())),
        on_numbers("abs", &numbers, None, abs),
        on_numbers("sign", &numbers, None, sign),
        on_numbers("sqrt", &numbers, Some(&Type::Double), sqrt),
        on_numbers("bitNot", &[Type::Int, Type::Uint], None, not),
        bits("bitAnd", |a, b| a & b, |a, b| a & b),
        bits("bitOr", |a, b| a | b, |a, b| a | b),
        bits("bitXor", |a, b| a ^ b, |a, b| a ^ b),
        shift("bitShiftLeft", u64::checked_shl),
        shift("bitShiftRight", u64::checked_shr),
    ];
    Library { functions, macros: vec![extreme_macro("greatest"), extreme_macro("least")], ..Library::default() }
}
