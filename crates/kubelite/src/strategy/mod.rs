//! What Kubernetes does for its own kinds beyond their schemas: defaults, fields that only the server sets, immutability,
//! deletion. Rows in tables where possible; a file per subject where not.

mod addresses;
mod builtin;
mod defaults;
mod deletion;
mod metadata;
mod pods;
mod presence;
mod rules;

use serde_json::Value;

pub(crate) use self::{
    addresses::{Addresses, Lease},
    deletion::{grace_period, held, may_go, on_deleting, returns_deleted},
    metadata::validate_metadata,
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
) -> Result<(), ApiError> {
    if kind.origin == Origin::Builtin { builtin::before_update(core, kind, old, new, subresource) } else { Ok(()) }
}

/// Field errors that the schema cannot say.
pub(crate) fn validate(
    kind: &Kind,
    schema: &schema::Schema,
    object: &Value,
    old: Option<&Value>,
    subresource: &str,
) -> Vec<Cause> {
    // What controllers report in `status` is hardly checked.
    if subresource == "status" { Vec::new() } else { rules::check(kind, schema, object, old) }
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
