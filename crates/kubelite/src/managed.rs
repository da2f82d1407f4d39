//! Who owns which field: how a request is described to [`crate::apply`].

use std::sync::LazyLock;

use serde_json::Value;

use crate::{
    apply::{self, FieldSet},
    verbs::Call,
};

static ANY: LazyLock<schema::Schema> = LazyLock::new(schema::Schema::any);
static NOTHING: LazyLock<FieldSet> = LazyLock::new(FieldSet::new);
static STATUS: LazyLock<FieldSet> = LazyLock::new(|| FieldSet::of_fields(&[&["status"]]));
static BUT_STATUS: LazyLock<FieldSet> = LazyLock::new(|| FieldSet::of_fields(&[&["metadata"], &["spec"]]));

/// The circumstances of the call.
pub(crate) fn request<'a>(call: &'a Call, api_version: &'a str, now: jiff::Timestamp) -> apply::Request<'a> {
    let reset_fields = match call.sub() {
        "status" => &*BUT_STATUS,
        "" if call.kind.has_status() => &*STATUS,
        _ => &*NOTHING,
    };
    apply::Request {
        schema: call.kind.schema().unwrap_or(&ANY),
        manager: &call.manager,
        api_version,
        subresource: call.sub(),
        reset_fields,
        now,
    }
}

/// Brings `managedFields` of the object up to date with what this request changed.
///
/// After server-side apply they already say what was applied; what rules and defaults added then belongs to nobody.
pub(crate) fn record(call: &Call, old: Option<&Value>, new: &mut Value, applied: Option<&Value>, now: jiff::Timestamp) {
    if let Some(fields) = applied {
        crate::object::meta::set(new, "managedFields", fields.clone());
        return;
    }
    apply::update(old, new, &request(call, &call.kind.api_version(), now));
}

/// Whether nothing changed but the times in `managedFields`.
pub(crate) fn same(old: &Value, new: &Value) -> bool {
    let timeless = |value: &Value| {
        let mut value = value.clone();
        if let Some(entries) = value.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut) {
            for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
                entry.remove("time");
            }
        }
        value
    };
    timeless(old) == timeless(new)
}
