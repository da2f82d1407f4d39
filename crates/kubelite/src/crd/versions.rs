//! What the versions of a definition must be like.

use serde_json::{Value, json};

use super::{
    check::{invalid, text},
    paths,
};
use crate::{kinds, object::names, status::Cause, strategy::cause};

/// Checks all versions.
pub(super) fn check(definition: &Value, old: Option<&Value>, causes: &mut Vec<Cause>) {
    let spec = &definition["spec"];
    let versions: Vec<&Value> = spec["versions"].as_array().into_iter().flatten().collect();
    together(&versions, causes);
    stored(definition, &versions, causes);
    let common = |field, of_all: &'static str| in_common(&versions, field).then_some(of_all);
    let schema_at = common("schema", "spec.validation.openAPIV3Schema");
    let columns_at = common("additionalPrinterColumns", "spec.additionalPrinterColumns");
    let subresources_at = common("subresources", "spec.subresources");
    let selectable_at = common("selectableFields", "spec.selectableFields");
    for (index, version) in versions.iter().enumerate() {
        let first = index == 0;
        // What all versions have in common is told once, as something of the definition.
        let place = |of_all: Option<&str>, own: &str| match of_all {
            Some(of_all) => first.then(|| of_all.to_owned()),
            None => Some(format!("spec.versions[{index}].{own}")),
        };
        let name = text(&version["name"]);
        for problem in names::dns1035(name) {
            if first {
                causes.push(invalid("spec.version", &name.into(), &problem));
            }
            causes.push(invalid(format!("spec.versions[{index}].name"), &name.into(), &problem));
        }
        let schema = &version["schema"]["openAPIV3Schema"];
        let unchanged = old.is_some_and(|old| {
            let mut before = old["spec"]["versions"].as_array().into_iter().flatten();
            before.any(|before| before["name"] == version["name"] && before["schema"] == version["schema"])
        });
        if schema.is_null() {
            let at = format!("spec.versions[{index}].schema.openAPIV3Schema");
            causes.push(cause("FieldValueRequired", at, "Required value"));
        } else if let Some(at) = place(schema_at, "schema.openAPIV3Schema").filter(|_| !unchanged) {
            usable(schema, &at, causes);
        }
        if let Some(at) = place(columns_at, "additionalPrinterColumns") {
            paths::columns(&version["additionalPrinterColumns"], &at, causes);
        }
        if let Some(at) = place(subresources_at, "subresources") {
            paths::scale(&version["subresources"]["scale"], &at, causes);
        }
        if let Some(at) = place(selectable_at, "selectableFields") {
            paths::selectable(&version["selectableFields"], schema, &at, causes);
        }
    }
}

/// Whether all versions say the same of something.
fn in_common(versions: &[&Value], field: &str) -> bool {
    versions.windows(2).all(|pair| pair[0][field] == pair[1][field])
}

/// Names are different, and one of them is that of what is stored.
fn together(versions: &[&Value], causes: &mut Vec<Cause>) {
    let shown = || {
        let each: Vec<String> = versions.iter().map(|version| summary(version)).collect();
        format!("[{}]", each.join(","))
    };
    let mut refuse = |why: &str| {
        causes.push(cause("FieldValueInvalid", "spec.versions", format!("Invalid value: {}: {why}", shown())));
    };
    let mut seen: Vec<&str> = versions.iter().map(|version| text(&version["name"])).collect();
    seen.sort_unstable();
    if seen.windows(2).any(|pair| pair[0] == pair[1]) {
        refuse("must contain unique version names");
    }
    if versions.iter().filter(|version| version["storage"] == true).count() != 1 {
        refuse("must have exactly one version marked as storage version");
    }
}

/// A version without what can be long.
fn summary(version: &Value) -> String {
    let flag = |key: &str| version[key] == true;
    format!(
        "{{\"Name\":{},\"Served\":{},\"Storage\":{},\"Deprecated\":{},\"DeprecationWarning\":{},\"Schema\":null,\"Subresources\":null,\"AdditionalPrinterColumns\":null,\"SelectableFields\":null}}",
        version["name"],
        flag("served"),
        flag("storage"),
        flag("deprecated"),
        version["deprecationWarning"],
    )
}

/// What objects were ever stored as must still be there.
fn stored(definition: &Value, versions: &[&Value], causes: &mut Vec<Cause>) {
    let storage: Vec<&Value> =
        versions.iter().filter(|version| version["storage"] == true).map(|version| &version["name"]).collect();
    // A definition that is being made stores its first such version.
    let made: Vec<Value> = storage.first().map(|name| vec![(*name).clone()]).unwrap_or_default();
    let listed = definition["status"]["storedVersions"].as_array().filter(|listed| !listed.is_empty());
    let listed = listed.unwrap_or(&made);
    if listed.is_empty() {
        causes.push(invalid("status.storedVersions", &Value::Null, "must have at least one stored version"));
        return;
    }
    for (index, name) in listed.iter().enumerate() {
        if !versions.iter().any(|version| version["name"] == *name) {
            causes.push(invalid(format!("status.storedVersions[{index}]"), name, "must appear in spec.versions"));
        }
    }
    // While a definition changes, the new storage version is added after this.
    if definition["status"]["storedVersions"].is_null()
        && let Some(last) = storage.last().filter(|name| !listed.contains(name))
    {
        let why = format!("must have the storage version {}", text(last));
        causes.push(invalid("status.storedVersions", &json!(listed), &why));
    }
}

/// A schema that cannot be used, or whose rules could cost too much.
fn usable(schema: &Value, at: &str, causes: &mut Vec<Cause>) {
    let problems = match schema::Schema::parse(schema) {
        Err(problems) => problems,
        Ok(schema) => schema.costs(),
    };
    causes.extend(problems.iter().map(|problem| kinds::cause(&problem.in_field(at))));
}
