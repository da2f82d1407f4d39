//! Log lines of one pod of a deployment, once or as they come.

use super::binding::Deployed;
use crate::objects::Parts;
use crate::problem::Problem;
use crate::serving::App;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{AsyncBufReadExt, StreamExt, TryStreamExt};
use http::header;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, LogParams};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Lines of one answer that does not follow.
const MOST_LINES: i64 = 10_000;

/// `GET …/k8sresources/logs?podName&container&sinceSeconds&tailLines&follow`: JSON, or with `follow=true` an event stream
/// with one entry for each line.
pub(super) async fn logs(
    State(app): State<App>,
    Path(parts): Path<Parts>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Problem> {
    let Some(pod_name) = query.get("podName") else {
        return Err(Problem::bad_request("Query argument podName is required, but not found"));
    };
    let deployed = Deployed::resolve(&app, &parts).await?;
    let pod = deployed.pod(pod_name).await?;
    let container = container(&pod, query.get("container").filter(|name| !name.is_empty()))?;
    let params = LogParams {
        container: Some(container.clone()),
        since_seconds: number(&query, "sinceSeconds")?,
        tail_lines: number(&query, "tailLines")?.or(Some(MOST_LINES)),
        timestamps: true,
        follow: query.get("follow").is_some_and(|follow| follow == "true"),
        ..LogParams::default()
    };
    let pods = Api::<Pod>::namespaced(deployed.plane.clone(), pod.metadata.namespace.as_deref().unwrap_or_default());
    let failed = |error| Problem::from_kube(error, "Pod", "Pod");
    let lines = pods.log_stream(pod_name, &params).await.map_err(failed)?.lines();
    if params.follow {
        let stream = lines.map_ok(move |line| Bytes::from(format!("data: {}\n\n", entry(&container, &line))));
        let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache, no-transform")];
        return Ok((headers, Body::from_stream(stream)).into_response());
    }
    let entries: Vec<Value> = lines
        .map(|line| line.map(|line| entry(&container, &line)))
        .try_collect()
        .await
        .map_err(|error| Problem::unavailable(format!("the log of pod {pod_name} broke off: {error}")))?;
    Ok(Json(json!({"logEntries": entries})).into_response())
}

/// The container asked for, or the pod's first.
pub(super) fn container(pod: &Pod, wanted: Option<&String>) -> Result<String, Problem> {
    let names: Vec<&str> =
        pod.spec.iter().flat_map(|spec| &spec.containers).map(|container| container.name.as_str()).collect();
    match wanted {
        None => names
            .first()
            .map(|name| (*name).to_owned())
            .ok_or_else(|| Problem::bad_request("the pod has no containers")),
        Some(wanted) if names.contains(&wanted.as_str()) => Ok(wanted.clone()),
        Some(wanted) => {
            Err(Problem::bad_request(format!("container {wanted:?} not found in the pod: it has {}", names.join(", "))))
        }
    }
}

fn number(query: &HashMap<String, String>, name: &str) -> Result<Option<i64>, Problem> {
    match query.get(name).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => match text.parse::<i64>() {
            Ok(number) if number >= 0 => Ok(Some(number)),
            _ => Err(Problem::bad_request(format!(
                "Invalid format for parameter {name}: {text:?} is not a number of 0 or more"
            ))),
        },
    }
}

/// A line of the kubelet's form `TIME TEXT`.
fn entry(container: &str, line: &str) -> Value {
    let (time, text) = line.split_once(' ').unwrap_or((line, ""));
    json!({"timestamp": time, "log": text, "container": container})
}
