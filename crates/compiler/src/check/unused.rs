//! Parameters that nothing reads.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Checked;
use crate::problem::{Code, Place, Problem};

/// Warns of top-level properties of the two schemas whose names appear in no text outside the schemas, where no text
/// uses the variable as a whole.
pub(super) fn values(spec: &Value, place: &Place, checked: &mut Checked) {
    let mut texts = BTreeSet::new();
    for (field, value) in spec.as_object().into_iter().flatten() {
        if field != "parameters" && field != "environmentConfigs" {
            collect(value, &mut texts);
        }
    }
    for variable in ["parameters", "environmentConfigs"] {
        let schema = &spec[variable]["openAPIV3Schema"]["properties"];
        let whole = texts.iter().any(|text| uses_whole(text, variable));
        for property in schema.as_object().into_iter().flatten().map(|(name, _)| name) {
            if !whole && !texts.iter().any(|text| text.contains(property.as_str())) {
                let place = place.below(&format!("spec.{variable}.openAPIV3Schema.properties.{property}"));
                let message = format!("{variable}.{property} is declared but nothing reads it");
                checked.warnings.push(Problem::new(Code::Spec, &place, message));
            }
        }
    }
}

fn collect<'v>(value: &'v Value, texts: &mut BTreeSet<&'v str>) {
    match value {
        Value::String(text) if text.contains("${") => {
            texts.insert(text);
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(entries) => {
            for (key, value) in entries {
                if key.contains("${") {
                    texts.insert(key);
                }
                collect(value, texts);
            }
        }
        _ => {}
    }
}

/// Whether the variable occurs otherwise than before a dot.
fn uses_whole(text: &str, variable: &str) -> bool {
    text.match_indices(variable).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + variable.len()..].chars().next();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.') && after != Some('.')
    })
}
