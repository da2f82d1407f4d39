//! Documents of Kubernetes' own kinds as Go's decoder takes them: values of another type are refused, null is nothing, and
//! what is nothing in a list is the zero value.

use std::borrow::Cow;

use jiff::Timestamp;
use schema::{Kind as Type, Node};
use serde_json::Value;

use super::{Kind, definitions};

/// What does not fit its type, and where.
struct Misfit {
    /// Names of fields on the way, without positions.
    path: Vec<String>,
    /// What Go says of the value alone, if it says more than its type.
    problem: Option<String>,
    found: Cow<'static, str>,
    /// It is an entry of the map at the path.
    entry: bool,
}

/// Fits the document to its kind, in place.
///
/// # Errors
/// What Go's decoder says of the first value that does not fit.
pub(crate) fn fit(kind: &Kind, value: &mut Value) -> Result<(), String> {
    let (outcome, definition) = match &kind.definition {
        Some(definition) => {
            let Some(schema) = kind.schema() else { return Ok(()) };
            (walk(schema.root(), value, true), &**definition)
        }
        None => (metadata(value), METADATA),
    };
    outcome.map_err(|misfit| told(misfit, definition))
}

/// Fits a document to one of Kubernetes' own definitions, in place.
///
/// # Errors
/// As above.
pub(crate) fn fit_to(definition: &str, value: &mut Value) -> Result<(), String> {
    let Some(schema) = definitions::schema_of(definition) else { return Ok(()) };
    walk(schema.root(), value, true).map_err(|misfit| told(misfit, definition))
}

fn told(mut misfit: Misfit, definition: &str) -> String {
    misfit.path.reverse();
    if let Some(problem) = misfit.problem {
        return problem;
    }
    let (owner, mut wanted) = named(definition, &misfit.path);
    if misfit.entry
        && let Some(inner) = wanted.strip_prefix("map[string]")
    {
        wanted = inner.to_owned();
    }
    format!(
        "json: cannot unmarshal {} into Go struct field {owner}.{} of type {wanted}",
        misfit.found,
        misfit.path.join(".")
    )
}

const METADATA: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// Of custom kinds only `metadata` has a Go type.
fn metadata(value: &mut Value) -> Result<(), Misfit> {
    let Some(metadata) = value.get_mut("metadata").filter(|metadata| !metadata.is_null()) else { return Ok(()) };
    match definitions::schema_of(METADATA) {
        Some(schema) => walk(schema.root(), metadata, false),
        None => Ok(()),
    }
}

/// Takes out what no `metadata` has, and tells its paths.
pub(crate) fn unknown_metadata(value: &mut Value) -> Vec<String> {
    let Some(metadata) = value.get_mut("metadata").filter(|metadata| metadata.is_object()) else { return Vec::new() };
    let dropped = definitions::schema_of(METADATA).map(|schema| schema.prune(metadata)).unwrap_or_default();
    dropped.into_iter().map(|path| format!("metadata.{path}")).collect()
}

fn walk(node: Node<'_>, value: &mut Value, root: bool) -> Result<(), Misfit> {
    match node.kind() {
        Type::Object => object(node, value, root),
        Type::Array => {
            let Value::Array(items) = value else { return Err(misfit(value)) };
            if let Some(inner) = node.items() {
                for item in items {
                    if item.is_null() {
                        *item = zero(inner);
                    }
                    walk(inner, item, false)?;
                }
            }
            Ok(())
        }
        Type::String => text(node, value),
        Type::Integer => match value {
            Value::Number(number) => {
                let range = if node.format() == Some("int32") {
                    i64::from(i32::MIN)..=i64::from(i32::MAX)
                } else {
                    i64::MIN..=i64::MAX
                };
                let fits = number.as_i64().is_some_and(|number| range.contains(&number));
                let found = || format!("number {number}").into();
                if fits { Ok(()) } else { Err(Misfit { found: found(), ..misfit(value) }) }
            }
            _ => Err(misfit(value)),
        },
        Type::Number if !value.is_number() => Err(misfit(value)),
        Type::Boolean if !value.is_boolean() => Err(misfit(value)),
        Type::Any if node.is_composition_only() => either(node, value),
        Type::IntOrString if !matches!(value, Value::Number(_) | Value::String(_)) => Err(misfit(value)),
        _ => Ok(()),
    }
}

/// Lists that say something by having no items: managed fields that shall be none, policies that are refused.
const SAYS: &[&str] = &["managedFields", "policies"];
/// Words of whole objects that are refused where they are empty.
const CHOSEN: &[&str] = &["preemptionPolicy", "volumeBindingMode"];

fn object(node: Node<'_>, value: &mut Value, root: bool) -> Result<(), Misfit> {
    let Value::Object(map) = value else { return Err(misfit(value)) };
    let entries = node.additional_properties().filter(|_| node.properties().next().is_none());
    if let Some(inner) = entries {
        for (name, value) in map.iter_mut() {
            if value.is_null() {
                *value = zero(inner);
            }
            // A map's entries are told by the map's name, with the type of an entry.
            walk(inner, value, false).map_err(|misfit| {
                if misfit.path.is_empty() { Misfit { entry: true, ..misfit } } else { below(misfit, name) }
            })?;
        }
        return Ok(());
    }
    map.retain(|name, value| {
        let Some(inner) = node.property(name) else { return true };
        let empty = match value {
            Value::Null => true,
            // An empty word where one of several is expected is no word.
            Value::String(text) => text.is_empty() && !inner.enum_values().is_empty(),
            Value::Array(items) => items.is_empty() && matches!(inner.kind(), Type::Array),
            Value::Object(entries) => {
                entries.is_empty() && inner.additional_properties().is_some() && inner.properties().next().is_none()
            }
            _ => false,
        };
        let says =
            empty && !value.is_null() && (SAYS.contains(&name.as_str()) || (root && CHOSEN.contains(&name.as_str())));
        !empty || says || (!value.is_null() && node.is_required(name))
    });
    for (name, value) in map.iter_mut() {
        if root && matches!(name.as_str(), "apiVersion" | "kind") {
            continue;
        }
        if let Some(inner) = node.property(name) {
            walk(inner, value, false).map_err(|misfit| below(misfit, name))?;
        }
    }
    Ok(())
}

fn text(node: Node<'_>, value: &Value) -> Result<(), Misfit> {
    let Value::String(text) = value else { return Err(misfit(value)) };
    let problem = match node.format() {
        Some("byte") => base64_problem(text),
        Some("date-time") if text.parse::<Timestamp>().is_err() => {
            let text = schema::go_quote(text);
            Some(format!("parsing time {text} as \"2006-01-02T15:04:05Z07:00\": cannot parse {text} as \"2006\""))
        }
        _ => None,
    };
    problem.map_or(Ok(()), |problem| Err(Misfit { problem: Some(problem), ..misfit(value) }))
}

/// Where Go's decoder stops.
fn base64_problem(text: &str) -> Option<String> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    if STANDARD.decode(text).is_ok() {
        return None;
    }
    let bad = |letter: char| !(letter.is_ascii_alphanumeric() || "+/=".contains(letter));
    let at = text.find(bad).unwrap_or(text.len() / 4 * 4);
    Some(format!("illegal base64 data at input byte {at}"))
}

/// Quantities, and numbers or words.
fn either(node: Node<'_>, value: &Value) -> Result<(), Misfit> {
    match value {
        Value::Number(number) if node.format() == Some("int-or-string") => {
            let fits = number.as_i64().is_some_and(|number| i32::try_from(number).is_ok());
            if fits { Ok(()) } else { Err(misfit(value)) }
        }
        Value::Number(_) => Ok(()),
        Value::String(text) => {
            let fits = node.format() == Some("int-or-string") || crate::object::quantity::is(text);
            if fits {
                return Ok(());
            }
            let problem = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
            Err(Misfit { problem: Some(problem.into()), ..misfit(value) })
        }
        _ => Err(misfit(value)),
    }
}

fn zero(node: Node<'_>) -> Value {
    match node.kind() {
        Type::Object => Value::Object(serde_json::Map::new()),
        Type::String => "".into(),
        Type::Integer | Type::Number => 0.into(),
        Type::Boolean => false.into(),
        Type::Any if node.is_composition_only() => "0".into(),
        _ => Value::Null,
    }
}

fn below(mut misfit: Misfit, name: &str) -> Misfit {
    misfit.path.push(name.to_owned());
    misfit
}

fn misfit(value: &Value) -> Misfit {
    Misfit { path: Vec::new(), problem: None, found: schema::go_type_name(value).into(), entry: false }
}

/// The struct that has the last field of the path, and the field's type, as Go names them.
fn named(definition: &str, path: &[String]) -> (String, String) {
    let mut name = definition.to_owned();
    let mut owner = short(&name).to_owned();
    let mut wanted = String::new();
    let mut inner = definitions::definition(&name).unwrap_or_default();
    for step in path {
        owner = short(&name).to_owned();
        let mut field = inner["properties"][step].clone();
        wanted = go_type(&field);
        while let Some(below) = ["items", "additionalProperties"].iter().find_map(|key| field.get(*key).cloned()) {
            field = below;
        }
        if let Some(next) = field["$ref"].as_str() {
            next.clone_into(&mut name);
            inner = definitions::definition(next).unwrap_or_default();
        } else {
            inner = field;
        }
    }
    (owner, wanted)
}

fn short(definition: &str) -> &str {
    definition.rsplit('.').next().unwrap_or_default()
}

fn go_type(field: &Value) -> String {
    if let Some(name) = field["$ref"].as_str() {
        let mut steps = name.rsplit('.');
        let (last, version) = (steps.next().unwrap_or_default(), steps.next().unwrap_or_default());
        return format!("{version}.{last}");
    }
    match field["type"].as_str().unwrap_or_default() {
        "array" => format!("[]{}", go_type(&field["items"])),
        "object" => format!("map[string]{}", go_type(&field["additionalProperties"])),
        "integer" => field["format"].as_str().unwrap_or("int64").to_owned(),
        "boolean" => "bool".into(),
        "number" => "float64".into(),
        _ => "string".into(),
    }
}

/// What an object of this kind is before anybody says anything: its structs, and null for lists that are always written.
pub(crate) fn blank(kind: &Kind) -> &Value {
    kind.blank.get_or_init(|| kind.schema().map_or(Value::Null, |schema| structs(schema.root())))
}

fn structs(node: Node<'_>) -> Value {
    let mut map = serde_json::Map::new();
    for (name, inner) in node.properties() {
        if name == "metadata" && map.is_empty() && node.property("apiVersion").is_some() {
            continue;
        }
        let is_struct = inner.default().and_then(Value::as_object).is_some_and(serde_json::Map::is_empty);
        if is_struct {
            map.insert(name.to_owned(), structs(inner));
        } else if node.is_required(name) && matches!(inner.kind(), Type::Array) {
            map.insert(name.to_owned(), Value::Null);
        }
    }
    map.into()
}
