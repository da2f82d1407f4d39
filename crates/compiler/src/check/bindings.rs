//! What a component type gives the traits that it embeds, against what they declare.

use cel::Type;
use schema::Node;

use super::expressions::output_type;
use super::{Checked, hint, schema_types};
use crate::bind::{SchemaError, Undeclared, Values, ValuesError};
use crate::problem::{Code, Place};
use crate::program::{Embedded, TraitProgram};
use crate::template::{Key, Template};
use crate::tree::Map;

/// Tells values that the trait refuses whenever it is used, or does not know.
pub(super) fn embedded(used: &Embedded, program: &TraitProgram, place: &Place, checked: &mut Checked) {
    for (field, given, declared) in [
        ("parameters", &used.parameters, &program.parameters),
        ("environmentConfigs", &used.environment_configs, &program.environment_configs),
    ] {
        values(given.as_ref(), declared, &place.below(field), field, checked);
    }
}

fn values(
    given: Option<&Template>,
    declared: &Result<Values, SchemaError>,
    place: &Place,
    field: &str,
    checked: &mut Checked,
) {
    // A broken schema is told of the trait.
    let Ok(declared) = declared else { return };
    let literal = match given {
        None => Some(None),
        Some(Template::Literal(tree)) => match tree.to_json() {
            Ok(json) => Some(Some(json)),
            Err(error) => return checked.add(Code::Encoding, place, error.to_string()),
        },
        Some(_) => None,
    };
    if let Some(json) = literal {
        match declared.bound(json.as_ref(), Undeclared::Dropped) {
            Ok(_) => {}
            Err(ValuesError::Invalid(errors)) => {
                for (path, message) in errors {
                    checked.add(Code::Values, &place.below(&path), message);
                }
            }
            Err(error) => checked.add(Code::Values, place, error.to_string()),
        }
    }
    let entries: Vec<(&str, Option<&Template>)> = match given {
        Some(Template::Literal(tree)) => {
            tree.as_map().into_iter().flat_map(Map::iter).map(|(key, _)| (&**key, None)).collect()
        }
        Some(Template::Map(entries)) if entries.iter().all(|(key, _)| matches!(key, Key::Literal(_))) => entries
            .iter()
            .map(|(key, value)| match key {
                Key::Literal(key) | Key::Dynamic { source: key, .. } => (&**key, Some(value)),
            })
            .collect(),
        _ => return,
    };
    let Some(root) = declared.schema().map(schema::Schema::root) else {
        if !entries.is_empty() {
            checked.warn(Code::Unused, place, format!("the trait declares no {field}: these values are dropped"));
        }
        return;
    };
    known(&entries, root, place, field, checked);
    if literal_is_judged(given) {
        return;
    }
    for (name, node) in root.properties() {
        if root.is_required(name) && node.default().is_none() && !entries.iter().any(|(key, _)| *key == name) {
            checked.add(Code::Values, place, format!(".{name} is required"));
        }
    }
}

fn literal_is_judged(given: Option<&Template>) -> bool {
    matches!(given, None | Some(Template::Literal(_)))
}

fn known(entries: &[(&str, Option<&Template>)], root: Node<'_>, place: &Place, field: &str, checked: &mut Checked) {
    for (key, value) in entries {
        let place = place.below(key);
        let Some(node) = root.property(key) else {
            if root.additional_properties().is_none() && !root.preserves_unknown_fields() {
                let near = hint::nearest(key, root.properties().map(|(name, _)| name));
                let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                checked.warn(Code::Unused, &place, format!("the trait declares no {field}.{key}{near}"));
            }
            continue;
        };
        let wanted = schema_types::of(node, key);
        let found = match value {
            Some(Template::Whole(expression)) => match output_type(expression) {
                Some(ty) => ty,
                None => continue,
            },
            Some(Template::Text(_)) => Type::String,
            Some(Template::List(_)) => Type::list(Type::Dyn),
            Some(Template::Map(_)) => Type::map(Type::String, Type::Dyn),
            _ => continue,
        };
        if let (Some(a), Some(b)) = (class(&wanted), class(&found))
            && a != b
        {
            checked.add(Code::Values, &place, format!("the trait wants {a} here, this is {b}"));
        }
    }
}

/// What a value of the type is, where that is certain.
fn class(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::Bool => "a boolean",
        Type::Int | Type::Uint | Type::Double => "a number",
        Type::String => "a string",
        Type::List(_) => "a list",
        Type::Map(_) | Type::Object(_) => "an object",
        _ => return None,
    })
}
