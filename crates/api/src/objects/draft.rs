//! What a client may set of an object, taken out of a body.

use super::Resource;
use super::body::type_name;
use super::warnings::unknown_members;
use crate::problem::{Detail, Problem};
use serde_json::{Map, Value};

/// Members of an object. `status` is the platform's.
const MEMBERS: &[&str] = &["apiVersion", "kind", "metadata", "spec", "status"];

/// Members of `metadata` that a client may send: what it sets, and what it has read and sends back.
const METADATA: &[&str] = &[
    "name",
    "namespace",
    "labels",
    "annotations",
    "resourceVersion",
    "uid",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
    "selfLink",
];

/// What a client may set of an object.
pub(super) struct Draft {
    pub(super) name: Option<String>,
    namespace: Option<String>,
    pub(super) labels: Map<String, Value>,
    pub(super) annotations: Map<String, Value>,
    /// As it will be written, with what the server adds.
    pub(super) spec: Option<Value>,
    /// As the client sent it.
    pub(super) sent: Option<Value>,
    /// The version that the client read.
    pub(super) version: Option<String>,
    /// What the client said and the server does not do.
    pub(super) warnings: Vec<String>,
}

impl Draft {
    /// Takes what the server decides out of a body: versions, kinds, status, and whatever else it owns.
    pub(super) fn read(resource: &Resource, body: Map<String, Value>) -> Result<Draft, Problem> {
        let mut body = body;
        let mut warnings = unknown_members("", &body, MEMBERS);
        for (member, ours) in [("apiVersion", model::API_VERSION), ("kind", resource.kind())] {
            if let Some(other) = body.get(member).filter(|other| !other.is_null() && *other != ours) {
                warnings.push(format!("field {member:?}: this address takes {ours:?}, {other} was not used"));
            }
        }
        let mut metadata = match body.remove("metadata") {
            Some(Value::Object(metadata)) => metadata,
            None | Some(Value::Null) => Map::new(),
            Some(other) => return Err(wrong_type("metadata", "an object", &other)),
        };
        warnings.extend(unknown_members("metadata.", &metadata, METADATA));
        let mut text = |field: &str| match metadata.remove(field) {
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            None | Some(Value::Null) => Ok(None),
            Some(other) => Err(wrong_type(&format!("metadata.{field}"), "a string", &other)),
        };
        let name = text("name")?;
        let version = text("resourceVersion")?;
        let namespace = text("namespace")?;
        let mut map = |field: &str| match metadata.remove(field) {
            Some(Value::Object(map)) => Ok(map),
            None | Some(Value::Null) => Ok(Map::new()),
            Some(other) => Err(wrong_type(&format!("metadata.{field}"), "an object of strings", &other)),
        };
        let (labels, annotations) = (map("labels")?, map("annotations")?);
        let spec = match body.remove("spec") {
            None | Some(Value::Null) => None,
            Some(spec @ Value::Object(_)) => Some(spec),
            Some(other) => return Err(wrong_type("spec", "an object", &other)),
        };
        Ok(Draft { name, namespace, labels, annotations, sent: spec.clone(), spec, version, warnings })
    }

    /// The path says where the object lies. A body that says otherwise is refused, or told that it does not count.
    pub(super) fn belongs_to(&mut self, resource: &Resource, path: Option<&str>, refuse: bool) -> Result<(), Problem> {
        let Some(said) = self.namespace.as_deref().filter(|said| Some(*said) != path) else { return Ok(()) };
        if refuse {
            return Err(Problem::bad_request("Namespace in body does not match path"));
        }
        self.warnings.push(match path.filter(|_| resource.row.is_namespaced()) {
            Some(path) => {
                format!("field \"metadata.namespace\": the path says {path:?}, {said:?} was not used")
            }
            None => format!(
                "field \"metadata.namespace\": a {} belongs to no namespace, {said:?} was not used",
                resource.kind()
            ),
        });
        Ok(())
    }

    /// The path says which object is meant; another name in the body does not rename it.
    pub(super) fn is_called(&mut self, path: &str) {
        if let Some(said) = self.name.as_deref().filter(|said| *said != path) {
            self.warnings.push(format!("field \"metadata.name\": the path says {path:?}, {said:?} was not used"));
        }
    }

    pub(super) fn label(&mut self, name: &str, value: &str) {
        self.labels.insert(name.to_owned(), value.into());
    }

    /// A string inside `spec`, by JSON pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.spec.as_ref()?.pointer(pointer)?.as_str()
    }
}

/// A member of a body is not of the type that it should be.
pub(crate) fn wrong_type(field: &str, expected: &str, got: &Value) -> Problem {
    let message = format!("expected {expected}, got {}", type_name(got));
    Problem {
        details: vec![Detail { field: field.to_owned(), message: message.clone() }],
        ..Problem::bad_request(format!("can't decode JSON body: {field}: {message}"))
    }
}
