//! What `kubectl explain` says of the fields that every object has.

use serde_json::Value;

pub(super) const API_VERSION: &str =
    "APIVersion defines the group and version of the schema that this representation of the object follows.";
pub(super) const KIND: &str =
    "Kind is the REST resource that this object represents, in CamelCase. It cannot be changed.";

/// Fields of `metadata`.
const METADATA: &[(&str, &str)] = &[
    ("annotations", "Annotations is an unstructured map for tools and libraries to keep arbitrary metadata in."),
    (
        "creationTimestamp",
        "CreationTimestamp is a timestamp of the server's time when the object was created. Read-only.",
    ),
    ("deletionGracePeriodSeconds", "Seconds that the object gets to end gracefully before it is removed. Read-only."),
    (
        "deletionTimestamp",
        "DeletionTimestamp is the time after which the object will be gone, set when its deletion is asked for. Read-only.",
    ),
    (
        "finalizers",
        "Must be empty before the object is removed; each entry names a component that removes it when its work is done.",
    ),
    ("generateName", "GenerateName is a prefix from which the server makes a unique name when none is given."),
    ("generation", "A number that counts the states of what is wanted. Read-only."),
    ("labels", "Map of keys and values by which objects are organized and selected."),
    ("managedFields", "ManagedFields says who manages which fields; it is for server-side apply."),
    ("name", "Name must be unique within a namespace. It cannot be changed."),
    ("namespace", "Namespace is the space within which the name must be unique. It cannot be changed."),
    ("ownerReferences", "List of objects that this object depends on; when all are gone, it is collected."),
    (
        "resourceVersion",
        "An opaque value for the internal version of the object, by which clients tell that it changed. Read-only.",
    ),
    ("selfLink", "Not used any more."),
    ("uid", "UID is the unique value in time and space for this object. Read-only."),
];

/// Adds the texts to the definition of `metadata`.
pub(super) fn describe(definition: &mut Value) {
    for (name, text) in METADATA {
        if let Some(field) = definition["properties"].get_mut(*name).and_then(Value::as_object_mut) {
            field.insert("description".into(), (*text).into());
        }
    }
    definition["description"] = "ObjectMeta is metadata that all persisted resources must have.".into();
}
