//! Paths that a definition names: columns, scale, selectable fields.

use serde_json::Value;

use super::check::{invalid, text};
use crate::{status::Cause, strategy::cause, table::JsonPath};

/// Types of columns.
const TYPES: &[&str] = &["boolean", "date", "integer", "number", "string"];

/// What is wrong with a path as such.
fn simple(path: &str) -> Option<&'static str> {
    match path {
        "" => Some("must not be empty"),
        path if !path.starts_with('.') => Some("must be a simple json path starting with ."),
        _ => None,
    }
}

/// Columns of tables.
pub(super) fn columns(columns: &Value, at: &str, causes: &mut Vec<Cause>) {
    for (number, column) in columns.as_array().into_iter().flatten().enumerate() {
        let at = format!("{at}[{number}]");
        for field in ["name", "type"].into_iter().filter(|field| text(&column[*field]).is_empty()) {
            causes.push(cause("FieldValueRequired", format!("{at}.{field}"), "Required value"));
        }
        let kind = text(&column["type"]);
        if !kind.is_empty() && !TYPES.contains(&kind) {
            let why = format!("must be one of {}", TYPES.join(","));
            causes.push(invalid(format!("{at}.type"), &column["type"], &why));
        }
        let path = text(&column["jsonPath"]);
        let problem = match path {
            "" => {
                causes.push(cause("FieldValueRequired", format!("{at}.JSONPath"), "Required value"));
                None
            }
            path => simple(path).map(str::to_owned).or_else(|| JsonPath::parse(path).err()),
        };
        if let Some(problem) = problem {
            causes.push(invalid(format!("{at}.JSONPath"), &column["jsonPath"], &problem));
        }
    }
}

/// Where the number of replicas stands.
pub(super) fn scale(scale: &Value, at: &str, causes: &mut Vec<Cause>) {
    if !scale.is_object() {
        return;
    }
    for (field, places, needed) in [
        ("specReplicasPath", &[".spec."][..], true),
        ("statusReplicasPath", &[".status."][..], true),
        ("labelSelectorPath", &[".spec.", ".status."][..], false),
    ] {
        let (path, at) = (text(&scale[field]), format!("{at}.scale.{field}"));
        if path.is_empty() {
            if needed {
                causes.push(cause("FieldValueRequired", at, "Required value"));
            }
        } else if let Some(problem) = simple(path) {
            causes.push(invalid(at, &path.into(), problem));
        } else if !places.iter().any(|place| path.starts_with(place)) {
            let under: Vec<&str> = places.iter().map(|place| place.trim_end_matches('.')).collect();
            causes.push(invalid(at, &path.into(), &format!("should be a json path under {}", under.join(" or "))));
        }
    }
}

/// Fields by which lists can be narrowed.
pub(super) fn selectable(fields: &Value, schema: &Value, at: &str, causes: &mut Vec<Cause>) {
    for (number, field) in fields.as_array().into_iter().flatten().enumerate() {
        let (path, at) = (text(&field["jsonPath"]), format!("{at}[{number}].jsonPath"));
        if path.is_empty() {
            causes.push(cause("FieldValueRequired", at, "Required value"));
        } else if let Some(problem) = simple(path) {
            causes.push(invalid(at, &path.into(), problem));
        } else {
            let found = path.split('.').skip(1).fold(schema, |schema, name| &schema["properties"][name]);
            if found.is_null() {
                causes.push(invalid(at, &path.into(), "is an invalid path: does not refer to a valid field"));
            } else if !matches!(text(&found["type"]), "string" | "boolean" | "integer") {
                causes.push(invalid(at, &path.into(), "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."));
            }
        }
    }
}
