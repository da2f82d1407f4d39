//! From Rust types to the structural schemas of CRDs.

pub(crate) mod crd;
mod flatten;
pub(crate) mod rules;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// A lower-case DNS label.
pub(crate) const DNS_LABEL: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
/// A string that is one `${…}` expression.
pub(crate) const CEL: &str = r"^\$\{[\s\S]+\}\s*$";
/// A variable name.
pub(crate) const IDENTIFIER: &str = "^[a-zA-Z_][a-zA-Z0-9_]*$";
/// A span of time with days: `1d12h`.
pub(crate) const TTL: &str = r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$";
/// A span of time: `1h30m`, `1.5s`.
pub(crate) const DURATION: &str = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$";
/// A component type's reference: `deployment/service`.
pub(crate) const COMPONENT_TYPE: &str = "^(deployment|statefulset|cronjob|job|proxy)/[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
/// The id of an external reference.
pub(crate) const REFERENCE_ID: &str = "^[a-z][a-z0-9-]*[a-z0-9]$";
/// An e-mail address.
pub(crate) const EMAIL: &str = "^[a-zA-Z0-9!#$%&'*+/=?^_~-]+(?:\\.[a-zA-Z0-9!#$%&'*+/=?^_~-]+)*@[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*$";

/// The structural schema of a type, ready to stand in a CRD.
pub(crate) fn structural<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(object) = schema.as_object_mut() {
        object.remove("title");
    }
    flatten::flatten(&mut schema);
    schema
}

/// An integer without a stated width.
pub(crate) fn integer(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer" })
}

fn condition() -> Value {
    json!({
        "type": "object",
        "required": ["lastTransitionTime", "message", "reason", "status", "type"],
        "properties": {
            "type": {
                "type": "string",
                "maxLength": 316,
                "pattern": r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
                "description": "What the condition is about.",
            },
            "status": { "type": "string", "enum": ["True", "False", "Unknown"], "description": "Whether it holds." },
            "reason": {
                "type": "string",
                "minLength": 1,
                "maxLength": 1024,
                "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
                "description": "Why, as one word for programs.",
            },
            "message": { "type": "string", "maxLength": 32768, "description": "Why, as a sentence for people." },
            "lastTransitionTime": {
                "type": "string",
                "format": "date-time",
                "description": "When the status last changed.",
            },
            "observedGeneration": {
                "type": "integer",
                "format": "int64",
                "minimum": 0,
                "description": "The generation of the object that this was said about.",
            },
        },
    })
}

/// A list of conditions that server-side apply replaces as a whole.
pub(crate) fn conditions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": condition() })
}

/// A list of conditions that server-side apply merges by type.
pub(crate) fn conditions_by_type(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": condition(),
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
    })
}
