//! Parts of timestamps and durations.

use jiff::civil::DateTime;

use crate::error::EvalError;
use crate::function::{Function, Overload};
use crate::ty::Type;
use crate::value::Value;

fn getter(name: &str, id: &str, read: fn(&DateTime) -> i64) -> Function {
    Function::new(name)
        .overload(Overload::member(
            &format!("timestamp_to_{id}"),
            [Type::Timestamp],
            Type::Int,
            move |args| match args {
                [Value::Timestamp(at)] => Ok(Value::Int(read(&at.utc()))),
                _ => Err(EvalError::no_such_overload()),
            },
        ))
        .overload(Overload::member(
            &format!("timestamp_to_{id}_with_tz"),
            [Type::Timestamp, Type::String],
            Type::Int,
            move |args| match args {
                [Value::Timestamp(at), Value::String(zone)] => at
                    .in_zone(zone)
                    .map(|local| Value::Int(read(&local)))
                    .ok_or_else(|| EvalError::invalid(format!("unknown time zone {zone}"))),
                _ => Err(EvalError::no_such_overload()),
            },
        ))
}

fn with_duration(function: Function, id: &str, read: fn(i64) -> i64) -> Function {
    let id = format!("duration_to_{id}");
    function.overload(Overload::member(&id, [Type::Duration], Type::Int, move |args| match args {
        [Value::Duration(span)] => Ok(Value::Int(read(span.nanos()))),
        _ => Err(EvalError::no_such_overload()),
    }))
}

pub(super) fn functions() -> Vec<Function> {
    vec![
        getter("getFullYear", "year", |at| at.year().into()),
        getter("getMonth", "month", |at| i64::from(at.month()) - 1),
        getter("getDayOfYear", "day_of_year", |at| i64::from(at.day_of_year()) - 1),
        getter("getDayOfMonth", "day_of_month", |at| i64::from(at.day()) - 1),
        getter("getDate", "day_of_month_1_based", |at| at.day().into()),
        getter("getDayOfWeek", "day_of_week", |at| i64::from(at.weekday().to_sunday_zero_offset())),
        with_duration(getter("getHours", "hours", |at| at.hour().into()), "hours", |n| n / 3_600_000_000_000),
        with_duration(getter("getMinutes", "minutes", |at| at.minute().into()), "minutes", |n| n / 60_000_000_000),
        with_duration(getter("getSeconds", "seconds", |at| at.second().into()), "seconds", |n| n / 1_000_000_000),
        with_duration(getter("getMilliseconds", "milliseconds", |at| at.millisecond().into()), "milliseconds", |n| {
            n / 1_000_000 % 1000
        }),
    ]
}
