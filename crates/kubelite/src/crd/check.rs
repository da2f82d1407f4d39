//! What a definition must be like.

use serde_json::Value;

use crate::{
    kinds,
    object::{meta, names},
    status::Cause,
    strategy::cause,
    table::JsonPath,
};

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Field errors of a definition beyond its own schema.
pub(crate) fn problems(definition: &Value, old: Option<&Value>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let spec = &definition["spec"];
    if !spec.is_object() {
        causes.push(cause("FieldValueRequired", "spec", "Required value"));
        return causes;
    }
    let names = &spec["names"];
    let required = |value: &Value, field: &str, causes: &mut Vec<Cause>| {
        if text(value).is_empty() {
            causes.push(cause("FieldValueRequired", field, "Required value"));
        }
    };
    required(&spec["group"], "spec.group", &mut causes);
    required(&names["plural"], "spec.names.plural", &mut causes);
    required(&names["kind"], "spec.names.kind", &mut causes);
    let expected = format!("{}.{}", text(&names["plural"]), text(&spec["group"]));
    if causes.is_empty() && meta::text(definition, "name") != expected {
        let name = meta::text(definition, "name");
        causes.push(cause(
            "FieldValueInvalid",
            "metadata.name",
            format!("Invalid value: {name:?}: must be spec.names.plural+\".\"+spec.group"),
        ));
    }
    if !text(&spec["group"]).contains('.') && !text(&spec["group"]).is_empty() {
        causes.push(cause(
            "FieldValueInvalid",
            "spec.group",
            format!("Invalid value: {:?}: should be a domain with at least one dot", text(&spec["group"])),
        ));
    }
    for problem in names::subdomain(text(&spec["group"])).into_iter().filter(|_| !text(&spec["group"]).is_empty()) {
        causes.push(cause(
            "FieldValueInvalid",
            "spec.group",
            format!("Invalid value: {:?}: {problem}", text(&spec["group"])),
        ));
    }
    match text(&spec["scope"]) {
        "Namespaced" | "Cluster" => {}
        "" => causes.push(cause("FieldValueRequired", "spec.scope", "Required value")),
        other => causes.push(cause(
            "FieldValueNotSupported",
            "spec.scope",
            format!("Unsupported value: {other:?}: supported values: \"Cluster\", \"Namespaced\""),
        )),
    }
    if text(&spec["conversion"]["strategy"]) == "Webhook" {
        causes.push(cause(
            "FieldValueNotSupported",
            "spec.conversion.strategy",
            "Unsupported value: \"Webhook\": this server converts with strategy None only; supported values: \"None\"",
        ));
    }
    if spec["preserveUnknownFields"] == true {
        causes.push(cause("FieldValueInvalid", "spec.preserveUnknownFields", "Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"));
    }
    versions(spec, old, &mut causes);
    if let Some(old) = old {
        for field in ["group", "scope"] {
            if spec[field] != old["spec"][field] {
                causes.push(cause(
                    "FieldValueInvalid",
                    format!("spec.{field}"),
                    format!("Invalid value: {}: field is immutable", spec[field]),
                ));
            }
        }
        for field in ["plural", "kind"] {
            if names[field] != old["spec"]["names"][field] {
                causes.push(cause(
                    "FieldValueInvalid",
                    format!("spec.names.{field}"),
                    format!("Invalid value: {}: field is immutable", names[field]),
                ));
            }
        }
        for stored in old["status"]["storedVersions"].as_array().into_iter().flatten() {
            if !spec["versions"].as_array().into_iter().flatten().any(|version| version["name"] == *stored) {
                causes.push(cause(
                    "FieldValueInvalid",
                    "status.storedVersions",
                    format!("Invalid value: {stored}: missing from spec.versions; must be in spec.versions"),
                ));
            }
        }
    }
    causes
}

fn versions(spec: &Value, old: Option<&Value>, causes: &mut Vec<Cause>) {
    let versions: Vec<&Value> = spec["versions"].as_array().into_iter().flatten().collect();
    if versions.iter().filter(|version| version["storage"] == true).count() != 1 {
        causes.push(cause(
            "FieldValueInvalid",
            "spec.versions",
            "Invalid value: must have exactly one version marked as storage version",
        ));
    }
    let common = |field, of_all: &'static str| in_common(&versions, field).then_some(of_all);
    let schema_at = common("schema", "spec.validation.openAPIV3Schema");
    let columns_at = common("additionalPrinterColumns", "spec.additionalPrinterColumns");
    let subresources_at = common("subresources", "spec.subresources");
    let mut seen = Vec::new();
    for (index, version) in versions.iter().enumerate() {
        let first = index == 0;
        // What all versions have in common is told once, as something of the definition.
        let place = |of_all: Option<&str>, own: &str| match of_all {
            Some(of_all) => first.then(|| of_all.to_owned()),
            None => Some(format!("spec.versions[{index}].{own}")),
        };
        let at = format!("spec.versions[{index}]");
        let name = text(&version["name"]);
        if seen.contains(&name) {
            causes.push(cause("FieldValueDuplicate", format!("{at}.name"), format!("Duplicate value: {name:?}")));
        }
        seen.push(name);
        let schema = &version["schema"]["openAPIV3Schema"];
        let unchanged = old.is_some_and(|old| {
            old["spec"]["versions"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|before| before["name"] == version["name"] && before["schema"] == version["schema"])
        });
        if schema.is_null() {
            causes.push(cause(
                "FieldValueRequired",
                format!("{at}.schema.openAPIV3Schema"),
                "Required value: schemas are required",
            ));
        } else if let Some(at) = place(schema_at, "schema.openAPIV3Schema").filter(|_| !unchanged) {
            check_schema(schema, &at, causes);
        }
        if let Some(at) = place(columns_at, "additionalPrinterColumns") {
            check_columns(&version["additionalPrinterColumns"], &at, causes);
        }
        if let Some(at) = place(subresources_at, "subresources") {
            check_scale(&version["subresources"]["scale"], &at, causes);
        }
    }
}

/// Whether all versions say the same of something.
fn in_common(versions: &[&Value], field: &str) -> bool {
    versions.windows(2).all(|pair| pair[0][field] == pair[1][field])
}

fn check_columns(columns: &Value, at: &str, causes: &mut Vec<Cause>) {
    for (number, column) in columns.as_array().into_iter().flatten().enumerate() {
        if let Err(problem) = JsonPath::parse(text(&column["jsonPath"])) {
            causes.push(cause(
                "FieldValueInvalid",
                format!("{at}[{number}].JSONPath"),
                format!("Invalid value: {}: {problem}", column["jsonPath"]),
            ));
        }
    }
}

fn check_scale(scale: &Value, at: &str, causes: &mut Vec<Cause>) {
    if !scale.is_object() {
        return;
    }
    for (field, prefix) in [("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")] {
        if !text(&scale[field]).starts_with(prefix) {
            causes.push(cause(
                "FieldValueInvalid",
                format!("{at}.scale.{field}"),
                format!(
                    "Invalid value: {:?}: should be a json path under {}",
                    text(&scale[field]),
                    prefix.trim_end_matches('.')
                ),
            ));
        }
    }
}

/// A schema that cannot be used, or whose rules could cost too much.
fn check_schema(schema: &Value, at: &str, causes: &mut Vec<Cause>) {
    let problems = match schema::Schema::parse(schema) {
        Err(problems) => problems,
        Ok(schema) => schema.costs(),
    };
    causes.extend(problems.iter().map(|problem| kinds::cause(&problem.in_field(at))));
}
