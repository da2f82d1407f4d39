//! What a definition must be like.

use serde_json::Value;

use crate::{
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
    let mut seen = Vec::new();
    for (index, version) in versions.iter().enumerate() {
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
        } else if !unchanged {
            check_schema(schema, &format!("{at}.schema.openAPIV3Schema"), causes);
        }
        for (number, column) in version["additionalPrinterColumns"].as_array().into_iter().flatten().enumerate() {
            if let Err(problem) = JsonPath::parse(text(&column["jsonPath"])) {
                causes.push(cause(
                    "FieldValueInvalid",
                    format!("{at}.additionalPrinterColumns[{number}].jsonPath"),
                    format!("Invalid value: {}: {problem}", column["jsonPath"]),
                ));
            }
        }
        let scale = &version["subresources"]["scale"];
        if scale.is_object() {
            for (field, prefix) in [("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")] {
                if !text(&scale[field]).starts_with(prefix) {
                    causes.push(cause(
                        "FieldValueInvalid",
                        format!("{at}.subresources.scale.{field}"),
                        format!(
                            "Invalid value: {:?}: should be a json path under {}",
                            text(&scale[field]),
                            prefix.trim_end_matches('.')
                        ),
                    ));
                }
            }
        }
    }
}

/// A schema that cannot be used, or whose rules could cost too much.
fn check_schema(schema: &Value, at: &str, causes: &mut Vec<Cause>) {
    match schema::Schema::parse(schema) {
        Err(problems) => {
            let told =
                problems.iter().map(|problem| cause("FieldValueInvalid", at, format!("Invalid value: {problem}")));
            causes.extend(told);
        }
        Ok(schema) => causes.extend(schema.costs().into_iter().map(|problem| {
            let path = if problem.path.is_empty() { at.to_owned() } else { format!("{at}.{}", problem.path) };
            cause("FieldValueForbidden", path, format!("Forbidden: {}", problem.detail))
        })),
    }
}
