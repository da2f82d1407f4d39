//! Create, update and delete.

use super::body::{JsonBody, type_name};
use super::{Parts, Resource, answer, fetch, name, namespace, rules};
use crate::problem::{Detail, Problem};
use crate::serving::App;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use kube::api::{DeleteParams, PostParams};
use kube::core::DynamicObject;
use serde_json::{Map, Value, json};

/// How often an update without a version is tried again when somebody else wrote in between.
const TRIES: usize = 5;

/// What a client may set of an object.
pub(super) struct Draft {
    pub(super) name: Option<String>,
    labels: Map<String, Value>,
    annotations: Map<String, Value>,
    pub(super) spec: Option<Value>,
    /// The version that the client read.
    version: Option<String>,
}

impl Draft {
    /// Takes what the server decides out of a body: versions, kinds, status, and whatever else it owns.
    pub(super) fn read(
        resource: &Resource,
        path_namespace: Option<&str>,
        body: Map<String, Value>,
    ) -> Result<Draft, Problem> {
        let mut body = body;
        if let Some(kind) = body.get("kind").filter(|kind| kind.as_str() != Some(resource.kind)) {
            return Err(Problem::bad_request(format!("kind: expected {:?}, got {kind}", resource.kind)));
        }
        let mut metadata = match body.remove("metadata") {
            Some(Value::Object(metadata)) => metadata,
            None | Some(Value::Null) => Map::new(),
            Some(other) => return Err(wrong_type("metadata", "an object", &other)),
        };
        let mut text = |field: &str| match metadata.remove(field) {
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            None | Some(Value::Null) => Ok(None),
            Some(other) => Err(wrong_type(&format!("metadata.{field}"), "a string", &other)),
        };
        let name = text("name")?;
        let version = text("resourceVersion")?;
        if let (Some(namespace), true) = (text("namespace")?, resource.namespaced)
            && Some(namespace.as_str()) != path_namespace
        {
            return Err(Problem::bad_request("Namespace in body does not match path"));
        }
        let mut map = |field: &str| match metadata.remove(field) {
            Some(Value::Object(map)) => Ok(map),
            None | Some(Value::Null) => Ok(Map::new()),
            Some(other) => Err(wrong_type(&format!("metadata.{field}"), "an object of strings", &other)),
        };
        Ok(Draft {
            name,
            labels: map("labels")?,
            annotations: map("annotations")?,
            spec: body.remove("spec").filter(|spec| !spec.is_null()),
            version,
        })
    }

    pub(super) fn label(&mut self, name: &str, value: &str) {
        self.labels.insert(name.to_owned(), value.into());
    }

    /// A string inside `spec`, by JSON pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.spec.as_ref()?.pointer(pointer)?.as_str()
    }
}

fn wrong_type(field: &str, expected: &str, got: &Value) -> Problem {
    let message = format!("expected {expected}, got {}", type_name(got));
    Problem {
        details: vec![Detail { field: field.to_owned(), message: message.clone() }],
        ..Problem::bad_request(format!("can't decode JSON body: {field}: {message}"))
    }
}

/// `POST` on a collection.
pub(super) async fn create(
    app: App,
    resource: &'static Resource,
    parts: Parts,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let mut draft = Draft::read(resource, namespace(&parts), body)?;
    let Some(name) = draft.name.clone() else {
        let details =
            vec![Detail { field: "metadata.name".into(), message: "Required value: name is required".into() }];
        return Err(Problem::unprocessable("metadata.name: Required value: name is required", details));
    };
    rules::on_create(&app, resource, namespace(&parts), &mut draft).await?;
    let mut object = json!({
        "apiVersion": "openchoreo.dev/v1alpha1",
        "kind": resource.kind,
        "metadata": {"name": name, "labels": draft.labels, "annotations": draft.annotations},
    });
    if let Some(spec) = draft.spec {
        object["spec"] = spec;
    }
    if let Some(namespace) = namespace(&parts) {
        object["metadata"]["namespace"] = namespace.into();
    }
    let object: DynamicObject = serde_json::from_value(object)
        .map_err(|error| Problem::bad_request(format!("can't decode JSON body: {error}")))?;
    let created = resource
        .api(&app.client, namespace(&parts))
        .create(&PostParams { field_manager: Some(super::rules::MANAGER.into()), ..PostParams::default() }, &object)
        .await
        .map_err(|error| Problem::from_kube(error, resource.missing, resource.taken))?;
    Ok((StatusCode::CREATED, answer(resource, &created)?).into_response())
}

/// `PUT` on an object: its spec, labels and annotations become what the body says. With `If-Match` or
/// `metadata.resourceVersion` the object must not have changed since; without, the last writer wins.
pub(super) async fn update(
    app: App,
    resource: &'static Resource,
    parts: Parts,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, Problem> {
    let mut draft = Draft::read(resource, namespace(&parts), body)?;
    let if_match = headers
        .get(header::IF_MATCH)
        .and_then(|value| value.to_str().ok())
        .map(|value| value.trim_matches('"').to_owned());
    let version = if_match.or(draft.version.take());
    let api = resource.api(&app.client, namespace(&parts));
    let params = PostParams { field_manager: Some(rules::MANAGER.into()), ..PostParams::default() };
    let mut tries = 0;
    loop {
        tries += 1;
        let live = fetch(&app, resource, namespace(&parts), name(&parts)).await?;
        rules::on_update(resource, &live, &mut draft)?;
        let mut next = live;
        next.metadata.labels = Some(strings("metadata.labels", &draft.labels)?);
        next.metadata.annotations = Some(strings("metadata.annotations", &draft.annotations)?);
        if let Some(version) = &version {
            next.metadata.resource_version = Some(version.clone());
        }
        if let Value::Object(data) = &mut next.data {
            data.insert("spec".into(), draft.spec.clone().unwrap_or_else(|| Value::Object(Map::new())));
        }
        match api.replace(name(&parts), &params, &next).await {
            Ok(updated) => return answer(resource, &updated),
            Err(kube::Error::Api(status)) if status.code == 409 && version.is_none() && tries < TRIES => {}
            Err(error) => return Err(Problem::from_kube(error, resource.missing, resource.taken)),
        }
    }
}

fn strings(field: &str, map: &Map<String, Value>) -> Result<std::collections::BTreeMap<String, String>, Problem> {
    map.iter()
        .map(|(name, value)| match value {
            Value::String(text) => Ok((name.clone(), text.clone())),
            other => Err(wrong_type(&format!("{field}.{name}"), "a string", other)),
        })
        .collect()
}

/// `DELETE` on an object: it goes as soon as everything that depends on it is gone.
pub(super) async fn delete(app: App, resource: &'static Resource, parts: Parts) -> Result<StatusCode, Problem> {
    resource
        .api(&app.client, namespace(&parts))
        .delete(name(&parts), &DeleteParams::default())
        .await
        .map_err(|error| Problem::from_kube(error, resource.missing, resource.taken))?;
    Ok(StatusCode::NO_CONTENT)
}
