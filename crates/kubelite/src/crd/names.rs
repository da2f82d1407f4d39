//! Whether the names that a definition wants are free in its group.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::kinds::{Kinds, Origin};

/// What another definition says about names, without its schemas.
pub(super) fn used(definition: &[u8]) -> Option<Value> {
    #[derive(Deserialize)]
    struct Definition {
        spec: Spec,
        #[serde(default)]
        status: Status,
    }
    #[derive(Deserialize)]
    struct Spec {
        group: String,
    }
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "camelCase", default)]
    struct Status {
        accepted_names: Value,
    }
    let Definition { spec, status } = serde_json::from_slice(definition).ok()?;
    Some(json!({"spec": {"group": spec.group}, "status": {"acceptedNames": status.accepted_names}}))
}

/// The names that the definition may use, and why not all of those it wants.
pub(super) fn accept(definition: &Value, others: &[Value], kinds: &Kinds) -> (Value, Option<(String, String)>) {
    let group = &definition["spec"]["group"];
    let wanted = &definition["spec"]["names"];
    let mut taken: Vec<String> = Vec::new();
    let mut taken_kinds: Vec<String> = Vec::new();
    for other in others.iter().filter(|other| other["spec"]["group"] == *group) {
        let names = &other["status"]["acceptedNames"];
        for key in ["plural", "singular"] {
            taken.extend(names[key].as_str().map(str::to_owned));
        }
        taken.extend(names["shortNames"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        for key in ["kind", "listKind"] {
            taken_kinds.extend(names[key].as_str().map(str::to_owned));
        }
    }
    for row in kinds.rows.iter().filter(|row| row.origin == Origin::Builtin && *group == *row.group) {
        taken.extend([row.plural.to_string(), row.singular.to_string()]);
        taken_kinds.extend([row.kind.to_string(), row.list_kind.to_string()]);
    }
    let mut accepted = json!({"plural": "", "kind": ""});
    let mut problem = None;
    let mut check = |key: &str, reason: &str, taken: &[String]| {
        let Some(name) = wanted[key].as_str().filter(|name| !name.is_empty()) else { return };
        if taken.iter().any(|other| other == name) {
            problem.get_or_insert_with(|| (reason.to_owned(), format!("{name:?} is already in use")));
        } else {
            accepted[key] = name.into();
        }
    };
    check("plural", "PluralConflict", &taken);
    check("singular", "SingularConflict", &taken);
    check("kind", "KindConflict", &taken_kinds);
    check("listKind", "ListKindConflict", &taken_kinds);
    let short: Vec<&str> = wanted["shortNames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some(name) = short.iter().find(|name| taken.iter().any(|other| other == **name)) {
        problem.get_or_insert_with(|| ("ShortNamesConflict".to_owned(), format!("{name:?} is already in use")));
    } else if !short.is_empty() {
        accepted["shortNames"] = short.into();
    }
    if let Some(categories) = wanted.get("categories").filter(|categories| !categories.is_null()) {
        accepted["categories"] = categories.clone();
    }
    (accepted, problem)
}
