//! Cases of the language's specification.

use base64::Engine as _;
use serde_json::Value as Json;

use super::Outcome;
use crate::{Env, EnvBuilder, Function, Key, MapBuilder, Overload, Type, Value, libraries, render};

pub(super) fn run(case: &Json) -> Outcome {
    match judge(case) {
        Ok(()) => Outcome::Passed,
        Err(why) => Outcome::Failed(format!("{}: {why}", text(case, "expr"))),
    }
}

/// Cases whose recorded answer is wrong, with the right one and the reason.
const CORRECTED: [(&str, &str, &str, &str); 1] = [(
    "bytes_literals",
    "triple_single_quoted_unescaped_punctuation",
    "ID8gIiAnIGAg",
    "the specification's own answer has a backslash that the expression does not have",
)];

/// The case with its answer put right, and the reason, if it is one of [`CORRECTED`].
pub(super) fn corrected(case: &Json) -> Option<(Json, &'static str)> {
    let (_, _, bytes, reason) = CORRECTED.iter().find(|(section, name, ..)| {
        *section == text(case, "section") && *name == text(case, "name") && text(case, "expr").starts_with("b'")
    })?;
    let mut right = case.clone();
    right.as_object_mut()?.insert("value".to_owned(), serde_json::json!({ "bytesValue": bytes }));
    Some((right, reason))
}

fn text<'a>(json: &'a Json, name: &str) -> &'a str {
    json.get(name).and_then(Json::as_str).unwrap_or("")
}

fn judge(case: &Json) -> Result<(), String> {
    let env = environment(case)?;
    let source = text(case, "expr");
    let unchecked = case.get("disableCheck").is_some();
    let fails = case.get("evalError").is_some();
    let compiled = if unchecked { env.compile_unchecked(source) } else { env.compile(source) };
    let program = match compiled {
        Ok(program) => program,
        Err(_) if fails => return Ok(()),
        Err(issues) => return Err(render(&issues)),
    };
    if let Some(wanted) = case.pointer("/typedResult/deducedType") {
        let wanted = type_of(wanted)?;
        if *program.output_type() != wanted {
            return Err(format!("is of type {}, expected {wanted}", program.output_type()));
        }
    }
    if case.get("checkOnly").is_some() {
        return Ok(());
    }
    let mut activation = env.activation();
    for (name, binding) in case.get("bindings").and_then(Json::as_object).into_iter().flatten() {
        activation.set(name, value(binding.get("value").unwrap_or(&Json::Null))?);
    }
    let wanted = case.get("value").or_else(|| case.pointer("/typedResult/result"));
    let wanted = wanted.map_or(Ok(Value::Bool(true)), value)?;
    match program.eval(&activation) {
        Err(_) if fails => Ok(()),
        Err(error) => Err(format!("failed: {error}, expected {wanted}")),
        Ok(found) if fails => Err(format!("gives {found}, expected an error")),
        Ok(found) if same(&found, &wanted) => Ok(()),
        Ok(found) => Err(format!("gives {found}, expected {wanted}")),
    }
}

/// Equal and of the same type.
fn same(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Double(a), Value::Double(b)) if a.is_nan() && b.is_nan() => true,
        // The JSON reader may round the recorded number to a neighbour.
        (Value::Double(a), Value::Double(b)) => a.to_bits().abs_diff(b.to_bits()) <= 1,
        _ => found.type_name() == wanted.type_name() && found == wanted,
    }
}

fn environment(case: &Json) -> Result<Env, String> {
    let mut builder =
        Env::builder().libraries(libraries::extensions()).optional_syntax(true).container(text(case, "container"));
    let declared = case.get("typeEnv").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    for declaration in declared {
        let name = text(declaration, "name");
        if let Some(ty) = declaration.pointer("/ident/type") {
            builder = builder.variable(name, type_of(ty)?);
        }
        let overloads = declaration.pointer("/function/overloads").and_then(Json::as_array);
        for overload in overloads.into_iter().flatten() {
            builder = declare(builder, name, overload)?;
        }
    }
    for name in case.get("bindings").and_then(Json::as_object).into_iter().flatten().map(|(name, _)| name) {
        if !declared.iter().any(|declaration| text(declaration, "name") == name) {
            builder = builder.variable(name, Type::Dyn);
        }
    }
    Ok(builder.build())
}

/// A function that is declared for the checker alone.
fn declare(builder: EnvBuilder, name: &str, overload: &Json) -> Result<EnvBuilder, String> {
    let params = overload.get("params").and_then(Json::as_array).into_iter().flatten();
    let params = params.map(type_of).collect::<Result<Vec<_>, _>>()?;
    let result = type_of(overload.get("resultType").unwrap_or(&Json::Null))?;
    let id = text(overload, "overloadId");
    let unbound = |_: &[Value]| Err(crate::EvalError::no_such_overload());
    let overload = if overload.get("isInstanceFunction").is_some() {
        Overload::member(id, params, result, unbound)
    } else {
        Overload::global(id, params, result, unbound)
    };
    Ok(builder.function(Function::new(name).overload(overload)))
}

fn type_of(json: &Json) -> Result<Type, String> {
    let inner = |path: &str| json.pointer(path).map_or(Ok(Type::Dyn), type_of);
    let object = json.as_object().ok_or_else(|| format!("no type: {json}"))?;
    let kind = object.keys().next().map_or("", String::as_str);
    Ok(match (kind, object.get(kind).and_then(Json::as_str)) {
        ("dyn", _) => Type::Dyn,
        ("null", _) => Type::Null,
        ("primitive", Some("BOOL")) => Type::Bool,
        ("primitive", Some("INT64")) => Type::Int,
        ("primitive", Some("UINT64")) => Type::Uint,
        ("primitive", Some("DOUBLE")) => Type::Double,
        ("primitive", Some("STRING")) => Type::String,
        ("primitive", Some("BYTES")) => Type::Bytes,
        ("wellKnown", Some("TIMESTAMP")) => Type::Timestamp,
        ("wellKnown", Some("DURATION")) => Type::Duration,
        ("wrapper", Some(_)) => Type::nullable(type_of(&serde_json::json!({"primitive": object.get(kind)}))?),
        ("typeParam", Some(name)) => Type::param(name),
        ("type", _) => Type::type_of(inner("/type")?),
        ("listType", _) => Type::list(inner("/listType/elemType")?),
        ("mapType", _) => Type::map(inner("/mapType/keyType")?, inner("/mapType/valueType")?),
        ("abstractType", _) => {
            let params = json.pointer("/abstractType/parameterTypes").and_then(Json::as_array);
            let params = params.into_iter().flatten().map(type_of).collect::<Result<Vec<_>, _>>()?;
            let name = json.pointer("/abstractType/name").and_then(Json::as_str).unwrap_or("");
            match params.as_slice() {
                [only] if name == "optional_type" => Type::optional(only.clone()),
                _ => Type::Opaque(name.into(), params.into()),
            }
        }
        _ => return Err(format!("unknown type: {json}")),
    })
}

fn value(json: &Json) -> Result<Value, String> {
    let wrong = || format!("unknown value: {json}");
    let (kind, inner) = json.as_object().and_then(|object| object.iter().next()).ok_or_else(wrong)?;
    let inner_text = inner.as_str();
    Ok(match kind.as_str() {
        "nullValue" => Value::Null,
        "boolValue" => Value::Bool(inner.as_bool().ok_or_else(wrong)?),
        "int64Value" => Value::Int(inner_text.and_then(|t| t.parse().ok()).or(inner.as_i64()).ok_or_else(wrong)?),
        "uint64Value" => Value::Uint(inner_text.and_then(|t| t.parse().ok()).or(inner.as_u64()).ok_or_else(wrong)?),
        "doubleValue" => Value::Double(match inner_text {
            Some("Infinity") => f64::INFINITY,
            Some("-Infinity") => f64::NEG_INFINITY,
            Some("NaN") => f64::NAN,
            _ => inner.as_f64().ok_or_else(wrong)?,
        }),
        "stringValue" => Value::from(inner_text.ok_or_else(wrong)?),
        "bytesValue" => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(inner_text.ok_or_else(wrong)?);
            Value::Bytes(bytes.map_err(|_| wrong())?.into())
        }
        "typeValue" => Value::Type(std::sync::Arc::new(Type::opaque(inner_text.ok_or_else(wrong)?))),
        "listValue" => {
            let items = inner.get("values").and_then(Json::as_array).into_iter().flatten();
            Value::from(items.map(value).collect::<Result<Vec<_>, _>>()?)
        }
        "mapValue" => {
            let mut map = MapBuilder::default();
            for entry in inner.get("entries").and_then(Json::as_array).into_iter().flatten() {
                let key = value(entry.get("key").ok_or_else(wrong)?)?;
                let item = value(entry.get("value").ok_or_else(wrong)?)?;
                map.insert(Key::from_value(&key).ok_or_else(wrong)?, item);
            }
            Value::from(map.build())
        }
        _ => return Err(wrong()),
    })
}
