//! The functions of the template language: `oc_omit`, `oc_merge`, `oc_generate_name`, `oc_dns_label`, `oc_hash`.

use cel::libraries;
use cel::{Args, Env, EvalError, Function, Library, Macro, MapBuilder, Opaque, Overload, Type, Value};
use model::{hash, names};

/// The value of `oc_omit()`.
#[derive(Debug)]
pub(super) struct Omit;

impl Opaque for Omit {
    fn type_name(&self) -> &'static str {
        "omit"
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.type_name() == self.type_name()
    }

    fn to_json(&self) -> Option<serde_json::Value> {
        Some(serde_json::Value::Object(serde_json::Map::new()))
    }
}

/// What `oc_merge` makes of an omitted entry: it stays, and is `{}` in JSON (contract of v1.2).
#[derive(Debug)]
pub(super) struct KeptOmit;

impl Opaque for KeptOmit {
    fn type_name(&self) -> &'static str {
        "omit"
    }

    fn to_json(&self) -> Option<serde_json::Value> {
        Some(serde_json::Value::Object(serde_json::Map::new()))
    }
}

/// The environment of all templates, without variables.
pub(super) fn env() -> Env {
    Env::builder()
        .libraries([
            libraries::strings(),
            libraries::encoders(),
            libraries::math(),
            libraries::lists(),
            libraries::sets(),
            libraries::optionals(),
            libraries::two_variables(),
        ])
        .library(library())
        .optional_syntax(true)
        .build()
}

fn library() -> Library {
    let strings = || Type::map(Type::String, Type::Dyn);
    Library {
        functions: vec![
            Function::new("oc_omit").overload(Overload::global("oc_omit", [], Type::Dyn, |_| Ok(Value::opaque(Omit)))),
            Function::new("oc_merge")
                .overload(Overload::global("oc_merge", [strings(), strings()], strings(), merge).unguarded()),
            name_function("oc_generate_name", names::MAX_NAME),
            name_function("oc_dns_label", names::MAX_LABEL),
            Function::new("oc_hash").overload(
                Overload::global("oc_hash", [Type::String], Type::String, |args| match args {
                    [Value::String(text)] => Ok(hash::fnv32a_hex(text).into()),
                    _ => Err(EvalError::no_overload_for("oc_hash", args)),
                })
                .unguarded(),
            ),
        ],
        macros: vec![merge_macro(), name_macro("oc_generate_name"), name_macro("oc_dns_label")],
        ..Library::default()
    }
}

/// `oc_merge(a, b, c)` is `oc_merge(oc_merge(a, b), c)`.
fn merge_macro() -> Macro {
    Macro::global("oc_merge", Args::Any, |call| match call.args {
        [] | [_] => Err(call.error("oc_merge requires at least 2 arguments")),
        [_, _] => Ok(None),
        [first, rest @ ..] => {
            Ok(Some(rest.iter().fold(first.clone(), |merged, next| call.call("oc_merge", vec![merged, next.clone()]))))
        }
    })
}

/// Shallow, the right side wins; an omitted entry stays as an empty object (contract of v1.2).
fn merge(args: &[Value]) -> Result<Value, EvalError> {
    let [Value::Map(left), Value::Map(right)] = args else {
        return Err(EvalError::no_overload_for("oc_merge", args));
    };
    let mut merged = MapBuilder::with_capacity(left.len() + right.len());
    for (key, value) in left.iter().chain(right.iter()) {
        let value = if value.downcast::<Omit>().is_some() { Value::opaque(KeptOmit) } else { value.clone() };
        merged.insert(key.to_text().into(), value);
    }
    Ok(merged.build().into())
}

/// Several arguments, or none, are one list.
fn name_macro(name: &'static str) -> Macro {
    Macro::global(name, Args::Any, move |call| {
        Ok((call.args.len() != 1).then(|| call.call(name, vec![call.list(call.args.to_vec())])))
    })
}

fn name_function(name: &'static str, limit: usize) -> Function {
    let native = move |args: &[Value]| match args {
        [Value::String(text)] => Ok(names::generate(limit, &[text]).into()),
        [Value::List(items)] => {
            let parts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            if parts.is_empty() {
                return Err(EvalError::invalid(format!("{name} needs at least one string to make a name of")));
            }
            Ok(names::generate(limit, &parts).into())
        }
        _ => Err(EvalError::no_overload_for(name, args)),
    };
    Function::new(name)
        .overload(Overload::global(&format!("{name}_string"), [Type::String], Type::String, native).unguarded())
        .overload(Overload::global(&format!("{name}_list"), [Type::list(Type::Dyn)], Type::String, native).unguarded())
}
