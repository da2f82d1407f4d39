//! Who owns which field: how a request is described to [`crate::apply`].

use std::sync::LazyLock;

use serde_json::Value;

use crate::{
    apply::{self, FieldSet},
    kinds::{Kind, Origin, typed},
    verbs::Call,
};

static ANY: LazyLock<schema::Schema> = LazyLock::new(schema::Schema::any);
static NOTHING: LazyLock<FieldSet> = LazyLock::new(FieldSet::new);
static STATUS: LazyLock<FieldSet> = LazyLock::new(|| FieldSet::of_fields(&[&["status"]]));
static BUT_STATUS: LazyLock<FieldSet> = LazyLock::new(|| FieldSet::of_fields(&[&["metadata"], &["spec"]]));
/// A write to the status of one of Kubernetes' own kinds may annotate the object.
static BUT_STATUS_AND_ANNOTATIONS: LazyLock<FieldSet> = LazyLock::new(|| {
    FieldSet::of_fields(&[
        &["spec"],
        &["metadata", "labels"],
        &["metadata", "finalizers"],
        &["metadata", "ownerReferences"],
        &["metadata", "generateName"],
        &["metadata", "deletionTimestamp"],
        &["metadata", "deletionGracePeriodSeconds"],
    ])
});

/// The circumstances of the call.
pub(crate) fn request<'a>(call: &'a Call, api_version: &'a str, now: jiff::Timestamp) -> apply::Request<'a> {
    let reset_fields = match call.sub() {
        "status" if call.kind.origin == Origin::Builtin => &*BUT_STATUS_AND_ANNOTATIONS,
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
    if call.sub() == "scale"
        && let (Some(old), Some(scale)) = (old, &call.kind.scale)
    {
        apply::scaled(old, new, &request(call, &call.kind.api_version(), now), &scale.spec);
        return;
    }
    let blank = old.is_none() && call.kind.origin == Origin::Builtin;
    let live = if blank { Some(typed::blank(&call.kind)) } else { old };
    apply::update(live, new, &request(call, &call.kind.api_version(), now));
}

/// Records what the server itself wrote into the status of an object.
pub(crate) fn by_server(kind: &Kind, old: &Value, new: &mut Value, now: jiff::Timestamp) {
    let request = apply::Request {
        schema: kind.schema().unwrap_or(&ANY),
        manager: "kube-apiserver",
        api_version: &kind.api_version(),
        subresource: "status",
        reset_fields: &BUT_STATUS,
        now,
    };
    apply::update(Some(old), new, &request);
}

/// Records who sent a document of another kind than the one at the call's path; `blank` is one of which nothing is said.
pub(crate) fn update(call: &Call, blank: &Value, document: &mut Value, api_version: &str) {
    let request = apply::Request { schema: &ANY, ..request(call, api_version, call.core.now()) };
    apply::update(Some(blank), document, &request);
}

/// Whether nothing changed but the times in `managedFields`.
pub(crate) fn same(old: &Value, new: &Value) -> bool {
    equal_but(old, new, "metadata", |old, new| equal_but(old, new, "managedFields", same_entries))
}

/// Whether two objects are equal, with a comparison of its own for one member.
fn equal_but(old: &Value, new: &Value, member: &str, equal: impl Fn(&Value, &Value) -> bool) -> bool {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            old.len() == new.len()
                && old.iter().all(|(name, value)| match new.get(name) {
                    Some(other) if name == member => equal(value, other),
                    Some(other) => value == other,
                    None => false,
                })
        }
        _ => old == new,
    }
}

fn same_entries(old: &Value, new: &Value) -> bool {
    let timeless = |entry: &Value| -> Vec<(String, Value)> {
        let members = entry.as_object().into_iter().flatten().filter(|(name, _)| *name != "time");
        members.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    match (old.as_array(), new.as_array()) {
        (Some(old), Some(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| timeless(old) == timeless(new))
        }
        _ => old == new,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::same;

    #[test]
    fn only_times_of_managed_fields_do_not_count() {
        let object = |time: &str, manager: &str, label: &str| json!({"metadata": {"labels": {"a": label}, "managedFields": [{"manager": manager, "time": time}]}, "spec": {"time": label}});
        let old = object("1", "m", "x");
        assert!(same(&old, &object("2", "m", "x")));
        assert!(!same(&old, &object("1", "n", "x")));
        assert!(!same(&old, &object("1", "m", "y")));
        let mut grown = old.clone();
        grown["status"] = json!({});
        assert!(!same(&old, &grown) && !same(&grown, &old));
        let mut unmanaged = old.clone();
        unmanaged["metadata"].as_object_mut().expect("an object").remove("managedFields");
        assert!(!same(&old, &unmanaged) && !same(&unmanaged, &old));
    }
}
