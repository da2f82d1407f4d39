//! What Kubernetes does for its own kinds beyond their schemas: defaults, fields that only the server sets, immutability,
//! deletion. Rows in tables where possible; a file per subject where not.

mod addresses;
mod builtin;
mod defaults;
mod deletion;
mod go_json;
mod lease;
mod metadata;
mod node_ports;
mod omitted;
mod pods;
mod presence;
mod rules;
mod service;

use serde_json::Value;

pub(crate) use self::{
    addresses::Addresses,
    builtin::bare_metadata,
    deletion::{
        default_propagation, ends_by_itself, grace_period, gracious, held, last_finalizer, may_go, on_deleting,
        returns_deleted,
    },
    go_json::metadata_json,
    lease::Lease,
    metadata::{validate_metadata, validate_update},
    node_ports::NodePorts,
};
use crate::{
    core::Core,
    kinds::{Kind, Origin},
    object::meta,
    status::{ApiError, Cause},
};

/// A field error.
pub(crate) fn cause(reason: &str, field: impl Into<String>, message: impl Into<String>) -> Cause {
    Cause { reason: reason.to_owned(), field: field.into(), message: message.into() }
}

/// Fills in what the kind's author left out.
pub(crate) fn default(kind: &Kind, object: &mut Value) {
    if kind.origin == Origin::Builtin {
        omitted::drop(kind, object);
        defaults::fill(kind, object);
    }
}

/// The last touch before a new object is validated.
pub(crate) fn before_create(core: &Core, kind: &Kind, object: &mut Value) -> Result<Lease, ApiError> {
    if kind.origin == Origin::Builtin { builtin::before_create(core, kind, object) } else { Ok(Lease::none()) }
}

/// The last touch before a changed object is validated.
pub(crate) fn before_update(
    core: &Core,
    kind: &Kind,
    old: &Value,
    new: &mut Value,
    subresource: &str,
) -> Result<Lease, ApiError> {
    match kind.origin {
        Origin::Builtin => builtin::before_update(core, kind, old, new, subresource),
        Origin::Custom => Ok(Lease::none()),
    }
}

/// Field errors that the schema cannot say.
pub(crate) fn validate(
    kind: &Kind,
    schema: &schema::Schema,
    object: &Value,
    old: Option<&Value>,
    subresource: &str,
) -> Vec<Cause> {
    match (subresource, old) {
        ("status", Some(old)) => rules::check_status(kind, object, old),
        _ => rules::check(kind, schema, object, old),
    }
}

/// What is not wrong, but hardly meant.
pub(crate) fn warnings(kind: &Kind, object: &Value) -> Vec<String> {
    if kind.origin == Origin::Builtin { rules::warnings(kind, object) } else { Vec::new() }
}

/// What a write to `status` may change in the metadata of Kubernetes' own kinds.
pub(crate) fn status_metadata(kind: &Kind, wished: &Value, object: &mut Value) {
    if kind.origin == Origin::Builtin {
        meta::set(object, "annotations", wished["annotations"].clone());
    }
    if matches!(&*kind.kind, "Node" | "Pod") && kind.group.is_empty() {
        meta::set(object, "labels", wished["labels"].clone());
    }
}
