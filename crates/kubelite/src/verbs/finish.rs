//! The last steps before a change is stored, the same for create, update and patch.

use serde_json::Value;

use super::Call;
use crate::{
    kinds::{Origin, typed},
    object::meta,
    status::{ApiError, Cause},
    wire::Validation,
};

/// Largest object, encoded.
const LARGEST: usize = 1_572_864;

/// Begins the refusal of a document that does not fit its type.
const UNREADABLE: &str = "cannot be decoded: ";
/// Begins the refusal of unknown and duplicate fields.
const STRICT: &str = "strict decoding error: ";

/// Checks that a patch left the object what it is, and where.
pub(super) fn same_object(call: &Call, object: &mut Value) -> Result<(), ApiError> {
    let kind = &call.kind;
    let version = kind.api_version();
    for (key, expected) in [("apiVersion", version.as_str()), ("kind", &kind.kind)] {
        let given = object[key].as_str().unwrap_or_default();
        if !given.is_empty() && given != expected && kind.origin == Origin::Builtin {
            return Err(ApiError::bad_request(format!("{UNREADABLE}{key} {given:?} is not {expected:?}")));
        }
    }
    if kind.origin == Origin::Builtin {
        fit(call, object)?;
    }
    identify(call, object)
}

/// Checks that body and path speak of the same kind, and fills in what was left out.
pub(super) fn identify(call: &Call, object: &mut Value) -> Result<(), ApiError> {
    let kind = &call.kind;
    if kind.origin == Origin::Custom && object.is_object() {
        says_its_kind(call, object)?;
    }
    let Some(map) = object.as_object_mut() else {
        return Err(ApiError::bad_request(format!("the body must be an object of kind {}", kind.kind)));
    };
    let expected = kind.api_version();
    for (key, expected, what) in [("apiVersion", expected.as_str(), "API version"), ("kind", &kind.kind, "kind")] {
        match map.get(key).and_then(Value::as_str).unwrap_or_default() {
            "" => {
                map.insert(key.into(), expected.into());
            }
            given if given == expected => {}
            given => {
                return Err(ApiError::bad_request(format!(
                    "the {what} in the data ({given}) does not match the expected {what} ({expected})"
                )));
            }
        }
    }
    if map.get("metadata").is_some_and(|metadata| !metadata.is_object() && !metadata.is_null()) {
        return Err(ApiError::bad_request("metadata: must be an object"));
    }
    for field in ["name", "generateName", "namespace", "uid", "resourceVersion"] {
        let given = &object["metadata"][field];
        if !given.is_string() && !given.is_null() {
            return Err(ApiError::bad_request(format!("metadata.{field}: must be a string")));
        }
    }
    let given = meta::text(object, "namespace").to_owned();
    match &call.namespace {
        Some(namespace) if kind.namespaced => {
            if !given.is_empty() && given != *namespace {
                return Err(ApiError::bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request",
                ));
            }
            meta::set(object, "namespace", namespace.as_str());
        }
        _ => meta::set(object, "namespace", Value::Null),
    }
    Ok(())
}

/// Objects of custom kinds say themselves what they are; one that says another kind is looked at as it is.
fn says_its_kind(call: &Call, object: &Value) -> Result<(), ApiError> {
    let (expected, given) = (&*call.kind.kind, object["kind"].as_str().unwrap_or_default());
    if given.is_empty() {
        return Err(ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {expected}): Object 'Kind' is missing"
        )));
    }
    if given == expected {
        return Ok(());
    }
    let message = format!("Invalid value: {given:?}: must be {expected}");
    let mut causes = vec![cause("FieldValueInvalid", "kind", message)];
    if let Some(schema) = call.kind.schema() {
        causes.extend(schema.validate(object, None).iter().map(crate::kinds::cause));
    }
    Err(ApiError::invalid_kind(&call.kind.group, given, meta::text(object, "name"), causes))
}

/// Refuses values of other types than those of a definition of Kubernetes' own.
pub(super) fn fit_to(definition: &str, object: &mut Value) -> Result<(), ApiError> {
    typed::fit_to(definition, object).map_err(|problem| ApiError::bad_request(format!("{UNREADABLE}{problem}")))
}

/// Refuses values of other types than the kind's.
pub(super) fn fit(call: &Call, object: &mut Value) -> Result<(), ApiError> {
    typed::fit(&call.kind, object).map_err(|problem| ApiError::bad_request(format!("{UNREADABLE}{problem}")))
}

/// Drops unknown fields as the request wants it, then applies the schema's defaults.
pub(super) fn structure(call: &Call, object: &mut Value, duplicates: Vec<String>) -> Result<(), ApiError> {
    let strictness = call.params.field_validation.unwrap_or_default();
    let mut problems = duplicates;
    fit(call, object)?;
    if call.kind.origin == Origin::Custom {
        let unknown = typed::unknown_metadata(object);
        problems.splice(0..0, unknown.into_iter().map(|path| format!("unknown field {path:?}")));
    }
    if let Some(schema) = call.kind.schema() {
        let unknown: Vec<String> =
            schema.prune(object).into_iter().map(|path| format!("unknown field {path:?}")).collect();
        // A typed decoder tells unknown fields as it meets them, a schema only after the document was read.
        let at = if call.kind.origin == Origin::Builtin { 0 } else { problems.len() };
        problems.splice(at..at, unknown);
    }
    if !problems.is_empty() {
        match strictness {
            Validation::Ignore => {}
            Validation::Warn => problems.iter().for_each(|problem| call.warn(problem.clone())),
            Validation::Strict => {
                return Err(ApiError::bad_request(format!("{STRICT}{}", problems.join(", "))));
            }
        }
    }
    default(call, object);
    Ok(())
}

/// What is wrong with what a patch makes is told of the patch.
pub(super) fn unpatchable(error: ApiError) -> ApiError {
    let problem = error.message.strip_prefix(UNREADABLE);
    let problem = problem.or_else(|| Some(&*error.message).filter(|text| text.starts_with(STRICT)));
    let Some(problem) = problem else { return error };
    ApiError::invalid_kind("", "", "", vec![cause("FieldValueInvalid", "patch", format!("Invalid value: {problem}"))])
}

/// What is wrong with a whole document is said of its kind.
pub(super) fn undecodable(kind: &str, version: &str, mut error: ApiError) -> ApiError {
    let problem = error.message.strip_prefix(UNREADABLE);
    if let Some(problem) = problem.or_else(|| Some(&*error.message).filter(|text| text.starts_with(STRICT))) {
        error.message = format!("{kind} in version {version:?} cannot be handled as a {kind}: {problem}");
    }
    error
}

/// Applies the defaults of schema and strategy.
pub(super) fn default(call: &Call, object: &mut Value) {
    if let Some(schema) = call.kind.schema() {
        schema.default_in_place(object);
    }
    crate::strategy::default(&call.kind, object);
}

/// All field errors of an object.
pub(super) fn validate(call: &Call, object: &Value, old: Option<&Value>) -> Result<(), ApiError> {
    let mut causes = match old {
        Some(old) => crate::strategy::validate_update(&call.kind, old, object),
        None => crate::strategy::validate_metadata(&call.kind, object, None),
    };
    if let Some(schema) = call.kind.schema() {
        if call.kind.origin == Origin::Builtin {
            causes.extend(crate::strategy::validate(&call.kind, schema, object, old, call.sub()));
        } else {
            let blocked = causes.iter().any(|cause| cause.reason == "FieldValueRequired");
            let errors = match (call.sub(), blocked) {
                ("status", blocked) => schema.validate_part("status", object, old, blocked),
                (_, true) => schema.validate_shape(object, old),
                (_, false) => schema.validate(object, old),
            };
            causes.extend(errors.iter().map(crate::kinds::cause));
            causes.extend(super::scale::problems(&call.kind, object, call.sub()));
        }
    }
    if causes.is_empty() { Ok(()) } else { Err(ApiError::invalid(&call.kind, meta::text(object, "name"), causes)) }
}

/// Refuses what is too large to be stored.
pub(super) fn size(len: usize) -> Result<(), ApiError> {
    if len > LARGEST {
        return Err(ApiError::too_large(format!(
            "Request is too large: the object would take {len} bytes, the limit is {LARGEST}"
        )));
    }
    Ok(())
}

/// A field error.
pub(super) fn cause(reason: &str, field: &str, message: impl Into<String>) -> Cause {
    Cause { reason: reason.to_owned(), field: field.to_owned(), message: message.into() }
}
