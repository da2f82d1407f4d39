//! The objects of a deployment as they are on its plane, with what they made.

use super::binding::Deployed;
use super::environment::resource;
use crate::objects::{Parts, Resource, to_wire};
use crate::problem::Problem;
use crate::serving::App;
use axum::Json;
use axum::extract::{Path, State};
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};
use kube::core::{DynamicObject, GroupVersionKind};
use kube::discovery::pinned_kind;
use serde_json::{Map, Value, json};

/// `GET …/k8sresources/tree`
pub(super) async fn tree(State(app): State<App>, Path(parts): Path<Parts>) -> Result<Json<Value>, Problem> {
    let deployed = Deployed::resolve(&app, &parts).await?;
    let kind = rendered_release()?;
    let mut releases = Vec::new();
    for release in rendered(&app, &deployed).await? {
        let health = release_health(&release);
        let mut nodes = Vec::new();
        for wanted in manifests(&release) {
            let Some(object) = live(&deployed, wanted).await? else { continue };
            let key = (text(&object, "/kind"), text(&object, "/metadata/name"));
            let state = health.iter().find(|(known, _)| *known == key).map(|(_, state)| state.clone());
            let below = children(&deployed, &object).await?;
            nodes.push(node(object, None, state));
            nodes.extend(below);
        }
        releases.push(json!({
            "name": release.metadata.name,
            "targetPlane": release.data.pointer("/spec/targetPlane").cloned().unwrap_or_else(|| "dataplane".into()),
            "nodes": nodes,
            "renderedRelease": to_wire(kind, &release)?,
        }));
    }
    Ok(Json(json!({"renderedReleases": releases})))
}

/// Rendered releases can be seen here and are written by nobody but the platform.
fn rendered_release() -> Result<&'static Resource, Problem> {
    resource("RenderedRelease")
}

/// The rendered releases of a deployment.
async fn rendered(app: &App, deployed: &Deployed) -> Result<Vec<DynamicObject>, Problem> {
    let names = [
        format!("{}-{}", deployed.component, deployed.environment),
        format!("{}-{}-observability", deployed.component, deployed.environment),
    ];
    let kind = rendered_release()?;
    let api = kind.api(&app.client, Some(&deployed.namespace));
    let mut found = Vec::new();
    for name in names {
        match api.get_opt(&name).await {
            Ok(release) => found.extend(release.filter(|release| owner(release) == Some(deployed.component.as_str()))),
            Err(error) => return Err(Problem::from_kube(error, kind.missing, kind.taken)),
        }
    }
    Ok(found)
}

fn owner(release: &DynamicObject) -> Option<&str> {
    release.data.pointer("/spec/owner/componentName").and_then(Value::as_str)
}

/// The manifests that a deployment consists of, as they were rendered.
pub(super) async fn deployed_objects(app: &App, deployed: &Deployed) -> Result<Vec<Value>, Problem> {
    Ok(rendered(app, deployed).await?.iter().flat_map(manifests).cloned().collect())
}

fn manifests(release: &DynamicObject) -> impl Iterator<Item = &Value> {
    release
        .data
        .pointer("/spec/resources")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.get("object"))
}

/// Health by kind and name, as the release's status tells it.
fn release_health(release: &DynamicObject) -> Vec<((String, String), Value)> {
    let resources = release.data.pointer("/status/resources").and_then(Value::as_array);
    resources
        .into_iter()
        .flatten()
        .filter_map(|resource| {
            let state = resource.get("healthStatus")?.as_str()?;
            Some(((text(resource, "/kind"), text(resource, "/name")), json!({"status": state})))
        })
        .collect()
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The object as the plane has it now.
async fn live(deployed: &Deployed, wanted: &Value) -> Result<Option<Value>, Problem> {
    let version = text(wanted, "/apiVersion");
    let (group, version) = version.rsplit_once('/').unwrap_or(("", &version));
    let kind = GroupVersionKind::gvk(group, version, &text(wanted, "/kind"));
    let (resource, capabilities) = match pinned_kind(&deployed.plane, &kind).await {
        Ok(found) => found,
        Err(kube::Error::Discovery(_)) => return Ok(None),
        Err(kube::Error::Api(status)) if status.code == 404 => return Ok(None),
        Err(error) => return Err(Problem::from_kube(error, "Object", "Object")),
    };
    let namespace = text(wanted, "/metadata/namespace");
    let api: Api<DynamicObject> = if capabilities.scope == kube::discovery::Scope::Namespaced {
        Api::namespaced_with(deployed.plane.clone(), &namespace, &resource)
    } else {
        Api::all_with(deployed.plane.clone(), &resource)
    };
    match api.get_opt(&text(wanted, "/metadata/name")).await {
        Ok(found) => {
            found.map(|object| serde_json::to_value(object).map_err(|error| Problem::internal(&error))).transpose()
        }
        Err(error) => Err(Problem::from_kube(error, "Object", "Object")),
    }
}

/// What an object made, down to its pods. The steps between are left out, as `parentRefs` name the object itself.
async fn children(deployed: &Deployed, object: &Value) -> Result<Vec<Value>, Problem> {
    let mut owners = vec![text(object, "/metadata/uid")];
    let namespace = text(object, "/metadata/namespace");
    let all = ListParams::default();
    let failed = |error| Problem::from_kube(error, "Namespace", "Object");
    let of = |owners: &[String], metadata: &kube::core::ObjectMeta| {
        metadata.owner_references.iter().flatten().any(|reference| owners.contains(&reference.uid))
    };
    match text(object, "/kind").as_str() {
        "Deployment" => {
            let sets =
                Api::<ReplicaSet>::namespaced(deployed.plane.clone(), &namespace).list(&all).await.map_err(failed)?;
            owners = sets
                .items
                .into_iter()
                .filter(|set| of(&owners, &set.metadata))
                .filter_map(|set| set.metadata.uid)
                .collect();
        }
        "CronJob" => {
            let jobs = Api::<Job>::namespaced(deployed.plane.clone(), &namespace).list(&all).await.map_err(failed)?;
            owners = jobs
                .items
                .into_iter()
                .filter(|job| of(&owners, &job.metadata))
                .filter_map(|job| job.metadata.uid)
                .collect();
        }
        "StatefulSet" | "DaemonSet" | "Job" => {}
        _ => return Ok(Vec::new()),
    }
    let pods = Api::<Pod>::namespaced(deployed.plane.clone(), &namespace).list(&all).await.map_err(failed)?;
    let mut nodes = Vec::new();
    for pod in pods.items.into_iter().filter(|pod| of(&owners, &pod.metadata)) {
        let state = pod_health(&pod);
        let mut value = serde_json::to_value(&pod).map_err(|error| Problem::internal(&error))?;
        value["apiVersion"] = "v1".into();
        value["kind"] = "Pod".into();
        nodes.push(node(value, Some(object), Some(json!({"status": state}))));
    }
    Ok(nodes)
}

fn pod_health(pod: &Pod) -> &'static str {
    let status = pod.status.as_ref();
    let ready = status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten())
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    match status.and_then(|status| status.phase.as_deref()) {
        Some("Running") if ready => "Healthy",
        Some("Succeeded") => "Healthy",
        Some("Failed") => "Degraded",
        Some("Pending" | "Running") => "Progressing",
        _ => "Unknown",
    }
}

/// One node; secrets keep their values to themselves.
fn node(mut object: Value, parent: Option<&Value>, health: Option<Value>) -> Value {
    let version = text(&object, "/apiVersion");
    let (group, version) = version.rsplit_once('/').map_or(("", version.as_str()), |(group, version)| (group, version));
    let mut node = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value.filter(|value| !value.is_null() && value != "") {
            node.insert(name.to_owned(), value);
        }
    };
    put("group", Some(group.into()));
    put("version", Some(version.into()));
    put("kind", object.get("kind").cloned());
    put("name", object.pointer("/metadata/name").cloned());
    put("namespace", object.pointer("/metadata/namespace").cloned());
    put("uid", object.pointer("/metadata/uid").cloned());
    put("resourceVersion", object.pointer("/metadata/resourceVersion").cloned());
    put("createdAt", object.pointer("/metadata/creationTimestamp").cloned());
    put("health", health.or_else(|| Some(json!({"status": "Unknown"}))));
    put("parentRefs", parent.map(|parent| json!([reference(parent)])));
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    if object["kind"] == "Secret"
        && let Some(secret) = object.as_object_mut()
    {
        secret.remove("data");
        secret.remove("stringData");
    }
    put("object", Some(object));
    Value::Object(node)
}

fn reference(object: &Value) -> Value {
    let version = text(object, "/apiVersion");
    let (group, version) = version.rsplit_once('/').map_or(("", version.as_str()), |(group, version)| (group, version));
    let mut reference = json!({
        "version": version,
        "kind": object["kind"],
        "name": object["metadata"]["name"],
        "namespace": object["metadata"]["namespace"],
        "uid": object["metadata"]["uid"],
    });
    if !group.is_empty() {
        reference["group"] = group.into();
    }
    reference
}
