//! Objects as rows of a table, as `kubectl get` shows them.

mod builtin;
mod json_path;
mod metrics;
mod time;

use serde_json::{Value, json};

pub(crate) use self::json_path::JsonPath;
use crate::{
    kinds::{Column, Kind, Origin},
    object::meta,
    shape,
    verbs::Call,
};

/// Headings and rows.
pub(crate) fn of(call: &Call, objects: &[Value], metadata: &Value, headings: bool) -> Value {
    let kind = &call.kind;
    let columns = columns(kind);
    let now = call.core.now();
    let definitions: Value = if headings { columns.iter().map(heading).collect() } else { Value::Null };
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let cells = if kind.origin == Origin::Builtin {
                builtin::cells(kind, &columns, object, now)
            } else {
                custom(&columns, object, now)
            };
            let mut row = json!({"cells": cells});
            match call.params.include_object.as_str() {
                "None" => row["object"] = Value::Null,
                "Object" => row["object"] = object.clone(),
                _ => row["object"] = shape::partial(kind, object["metadata"].clone()),
            }
            row
        })
        .collect();
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": definitions, "rows": rows})
}

fn heading(column: &Column) -> Value {
    json!({"name": column.name, "type": column.data_type, "format": column.format, "description": column.description, "priority": column.priority})
}

fn columns(kind: &Kind) -> Vec<Column> {
    let column = |name: &str, data_type: &str, format: &str, path: Option<&str>| Column {
        name: name.into(),
        data_type: data_type.into(),
        format: format.into(),
        description: String::new(),
        priority: 0,
        json_path: path.map(str::to_owned),
    };
    if kind.origin == Origin::Builtin {
        if kind.columns.is_empty() {
            return vec![column("Name", "string", "name", None), column("Age", "string", "", None)];
        }
        return kind.columns.clone();
    }
    let mut all = vec![column("Name", "string", "name", Some(".metadata.name"))];
    if kind.columns.is_empty() {
        all.push(column("Age", "date", "", Some(".metadata.creationTimestamp")));
    }
    all.extend(kind.columns.iter().cloned());
    all
}

fn custom(columns: &[Column], object: &Value, now: jiff::Timestamp) -> Vec<Value> {
    columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            if index == 0 {
                return meta::text(object, "name").into();
            }
            let Some(path) = column.json_path.as_deref().and_then(|path| JsonPath::parse(path).ok()) else {
                return Value::Null;
            };
            let found = path.find(object);
            let Some(&first) = found.first() else { return Value::Null };
            match column.data_type.as_str() {
                "integer" => first.as_i64().map_or(Value::Null, Value::from),
                "number" => first.as_f64().map_or(Value::Null, Value::from),
                "boolean" => first.as_bool().map_or(Value::Null, Value::from),
                "date" => match first.as_str() {
                    Some(text) => time::since(text, now).into(),
                    None => "<unknown>".into(),
                },
                _ => match first {
                    Value::String(text) => text.as_str().into(),
                    Value::Null => Value::Null,
                    other => found
                        .iter()
                        .map(|value| {
                            if value.is_string() {
                                value.as_str().unwrap_or_default().to_owned()
                            } else {
                                value.to_string()
                            }
                        })
                        .next()
                        .unwrap_or_else(|| other.to_string())
                        .into(),
                },
            }
        })
        .collect()
}
