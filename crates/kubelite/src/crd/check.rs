//! What a definition must be like.

use serde_json::Value;

use super::versions;
use crate::{
    object::{meta, names},
    status::Cause,
    strategy::cause,
};

pub(super) fn text(value: &Value) -> &str {
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
    for field in ["plural", "singular", "kind", "listKind"] {
        required(&names[field], &format!("spec.names.{field}"), &mut causes);
    }
    named(names, &mut causes);
    let expected = format!("{}.{}", text(&names["plural"]), text(&spec["group"]));
    let name = meta::text(definition, "name");
    if name != expected {
        causes.push(invalid("metadata.name", &name.into(), "must be spec.names.plural+\".\"+spec.group"));
    }
    approved(definition, old, &mut causes);
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
    match text(&spec["conversion"]["strategy"]) {
        "" | "None" => {}
        "Webhook" => causes.push(cause(
            "FieldValueNotSupported",
            "spec.conversion.strategy",
            "Unsupported value: \"Webhook\": this server converts with strategy None only; supported values: \"None\"",
        )),
        other => causes.push(cause(
            "FieldValueNotSupported",
            "spec.conversion.strategy",
            format!("Unsupported value: {other:?}: supported values: \"None\", \"Webhook\""),
        )),
    }
    if spec["preserveUnknownFields"] == true {
        causes.push(cause("FieldValueInvalid", "spec.preserveUnknownFields", "Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"));
    }
    versions::check(definition, old, &mut causes);
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
    }
    causes
}

/// Names are labels; kinds are, but for their capitals.
fn named(names: &Value, causes: &mut Vec<Cause>) {
    let mut check = |field: &str, name: &str| {
        for problem in names::dns1035(&name.to_lowercase()).into_iter().filter(|_| !name.is_empty()) {
            let problem = format!("may have mixed case, but should otherwise match: {problem}");
            causes.push(invalid(format!("spec.names.{field}"), &name.into(), &problem));
        }
    };
    check("kind", text(&names["kind"]));
    check("listKind", text(&names["listKind"]));
    let short = names["shortNames"].as_array().into_iter().flatten().map(text).enumerate();
    let labels = ["plural", "singular"].map(|field| (field.to_owned(), text(&names[field])));
    let labels = labels.into_iter().chain(short.map(|(index, name)| (format!("shortNames[{index}]"), name)));
    for (field, name) in labels {
        for problem in names::dns1035(name).into_iter().filter(|_| !name.is_empty()) {
            causes.push(invalid(format!("spec.names.{field}"), &name.into(), &problem));
        }
    }
    let (kind, list) = (text(&names["kind"]), text(&names["listKind"]));
    if !kind.is_empty() && kind == list {
        causes.push(invalid("spec.names.listKind", &list.into(), "kind and listKind may not be the same"));
    }
}

/// Groups of the Kubernetes community are for what it has agreed to.
fn approved(definition: &Value, old: Option<&Value>, causes: &mut Vec<Cause>) {
    const APPROVAL: &str = "api-approved.kubernetes.io";
    let group = text(&definition["spec"]["group"]);
    let of = |domain: &str| group == domain || group.ends_with(&format!(".{domain}"));
    if !of("k8s.io") && !of("kubernetes.io") {
        return;
    }
    let given = |definition: &Value| definition["metadata"]["annotations"][APPROVAL].clone();
    if old.is_some_and(|old| given(old) == given(definition)) {
        return;
    }
    let (value, at) = (given(definition), format!("metadata.annotations[{APPROVAL}]"));
    let help = "see https://github.com/kubernetes/enhancements/pull/1111";
    match value.as_str() {
        None | Some("") => causes.push(cause(
            "FieldValueRequired",
            at,
            format!("Required value: protected groups must have approval annotation {APPROVAL:?}, {help}"),
        )),
        Some(text)
            if text.starts_with("unapproved") || text.parse::<http::Uri>().is_ok_and(|uri| uri.host().is_some()) => {}
        Some(_) => {
            let why = format!(
                "protected groups must have approval annotation {APPROVAL:?} with either a URL or a reason starting with \"unapproved\", {help}"
            );
            causes.push(invalid(at, &value, &why));
        }
    }
}

/// A field error with its value.
pub(super) fn invalid(at: impl Into<String>, value: &Value, why: &str) -> Cause {
    cause("FieldValueInvalid", at, format!("Invalid value: {value}: {why}"))
}
