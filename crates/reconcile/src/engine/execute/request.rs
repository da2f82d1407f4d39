//! The single requests that plans become.

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::engine::cache::Thing;
use crate::engine::server::{Call, Mapping, collection, object, status};
use crate::engine::{EventNote, EventType, Gvk, ObjectKey, ObjectRef};

/// A request, and how its answer is understood.
pub(crate) struct Request {
    pub action: &'static str,
    pub target: ObjectRef,
    pub call: Call,
    pub expect: Expect,
}

/// What a good answer means.
pub(crate) enum Expect {
    /// The object as it is now; its live values are remembered with the hash of what was desired.
    Applied { thing: Thing, desired: u64, manager: &'static str },
    /// The status as it is now; likewise.
    Status { thing: Thing, desired: u64 },
    /// The object as it is now. That it exists already is an answer from a time that the cache does not know yet.
    Written,
    /// It is gone or going; that it is not there, or is another one, is as good.
    Deleted { uid: String },
    /// Nothing depends on it.
    Told,
}

fn call(method: Method, uri: String, content_type: &'static str, body: &Value) -> Call {
    Call { method, uri, content_type, accept: "application/json", body: Bytes::from(body.to_string()) }
}

pub(super) fn apply(
    target: ObjectRef,
    mapping: &Mapping,
    manager: &'static str,
    manifest: &Value,
    thing: Thing,
    desired: u64,
) -> Request {
    let uri = format!("{}?fieldManager={manager}&force=true", object(&target.gvk, mapping, &target.key));
    let call = call(Method::PATCH, uri, "application/apply-patch+yaml", manifest);
    Request { action: "apply", target, call, expect: Expect::Applied { thing, desired, manager } }
}

pub(super) fn create(target: ObjectRef, mapping: &Mapping, manager: &str, manifest: &Value) -> Request {
    let uri = format!("{}?fieldManager={manager}", collection(&target.gvk, mapping, target.key.namespace.as_deref()));
    let call = call(Method::POST, uri, "application/json", manifest);
    Request { action: "create", target, call, expect: Expect::Written }
}

pub(super) fn delete(target: ObjectRef, mapping: &Mapping, uid: String) -> Request {
    let body = json!({
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": uid},
        "propagationPolicy": "Background",
    });
    let call = call(Method::DELETE, object(&target.gvk, mapping, &target.key), "application/json", &body);
    Request { action: "delete", target, call, expect: Expect::Deleted { uid } }
}

/// Replaces the list of finalizers that the cache shows. The revision makes it fail when the cache is behind.
pub(super) fn finalizers(
    action: &'static str,
    target: ObjectRef,
    mapping: &Mapping,
    manager: &str,
    uid: &str,
    revision: &str,
    list: &[String],
) -> Request {
    let uri = format!("{}?fieldManager={manager}", object(&target.gvk, mapping, &target.key));
    let body = json!({"metadata": {"uid": uid, "resourceVersion": revision, "finalizers": list}});
    let call = call(Method::PATCH, uri, "application/merge-patch+json", &body);
    Request { action, target, call, expect: Expect::Written }
}

/// Replaces the whole status of this very object, whatever revision it has.
pub(super) fn replace_status(
    target: ObjectRef,
    mapping: &Mapping,
    manager: &str,
    uid: &str,
    new: &Value,
    thing: Thing,
    desired: u64,
) -> Request {
    let uri = format!("{}?fieldManager={manager}", status(&target.gvk, mapping, &target.key));
    let body = json!([
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "add", "path": "/status", "value": new},
    ]);
    let call = call(Method::PATCH, uri, "application/json-patch+json", &body);
    Request { action: "write the status of", target, call, expect: Expect::Status { thing, desired } }
}

pub(super) fn event(
    about: &ObjectRef,
    uid: &str,
    note: &EventNote,
    controller: &str,
    identity: &str,
    at: Timestamp,
    number: usize,
) -> Request {
    let namespace = about.key.namespace.as_deref().unwrap_or("default");
    let time = Timestamp::from_second(at.as_second()).unwrap_or(at).to_string();
    let name = format!("{}.{:x}", about.key.name, at.as_nanosecond().unsigned_abs() + number as u128);
    let body = json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": namespace, "name": name},
        "involvedObject": {
            "apiVersion": about.gvk.api_version,
            "kind": about.gvk.kind,
            "namespace": about.key.namespace.as_deref(),
            "name": &*about.key.name,
            "uid": uid,
        },
        "type": if note.kind == EventType::Warning { "Warning" } else { "Normal" },
        "reason": note.reason,
        "message": note.message,
        "count": 1,
        "firstTimestamp": time,
        "lastTimestamp": time,
        "source": {"component": controller},
        "reportingComponent": controller,
        "reportingInstance": identity,
    });
    let gvk = Gvk::new("v1", "Event");
    let mapping = Mapping { plural: "events".into(), namespaced: true };
    let uri = collection(&gvk, &mapping, Some(namespace));
    let target = ObjectRef { cluster: about.cluster.clone(), gvk, key: ObjectKey::new(Some(namespace), &name) };
    let call = call(Method::POST, uri, "application/json", &body);
    Request { action: "create", target, call, expect: Expect::Told }
}
