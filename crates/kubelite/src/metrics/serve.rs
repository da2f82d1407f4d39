//! Requests for what is used now.

use std::sync::Arc;

use http::{Method, Response, StatusCode, request::Parts};
use serde_json::{Value, json};

use super::{Measured, Metrics, Used};
use crate::{
    admission::User,
    auth,
    core::Core,
    object::{label_selector::LabelSelector, meta},
    status::ApiError,
    wire::{Body, Format, Params, Target, json_answer},
};

const GROUP: &str = "metrics.k8s.io";
const API_VERSION: &str = "metrics.k8s.io/v1beta1";

/// Whether the path is one of this group and somebody fills the hook.
pub(crate) fn is_asked(core: &Core, target: &Target) -> bool {
    target.group == GROUP && core.metrics.get().is_some()
}

/// Answers a request for this group.
pub(crate) async fn serve(
    core: &Core,
    target: &Target,
    user: &User,
    request: &Parts,
) -> Result<Response<Body>, ApiError> {
    let of_pods = target.plural == "pods";
    let known = target.version == "v1beta1" && (of_pods || target.plural == "nodes");
    let misplaced =
        !of_pods && target.namespace.is_some() || of_pods && target.name.is_some() && target.namespace.is_none();
    if !known || misplaced || target.subresource.is_some() {
        return Err(ApiError::no_such_path());
    }
    let params = Params::parse(&request.uri, "ListOptions")?;
    if request.method != Method::GET || target.watch || params.watch {
        return Err(ApiError::method_not_allowed());
    }
    let (namespace, name) = (target.namespace.as_deref(), target.name.as_deref());
    auth::authorize(
        core,
        user,
        &auth::Attributes {
            verb: if name.is_some() { "get" } else { "list" },
            group: GROUP,
            resource: &target.plural,
            namespace: namespace.unwrap_or_default(),
            name: name.unwrap_or_default(),
            ..auth::Attributes::default()
        },
    )?;
    if !params.field_selector.is_empty() {
        return Err(ApiError::bad_request("fieldSelector: metrics are chosen by labelSelector only"));
    }
    let labels = LabelSelector::parse(&params.label_selector)
        .map_err(|problem| ApiError::bad_request(format!("labelSelector: {problem}")))?;
    let Some(hook) = core.metrics.get() else { return Err(ApiError::no_such_path()) };
    let mut measured = ask(hook, of_pods, namespace, name).await;
    measured.retain(|one| labels.matches(&one.labels) && name.is_none_or(|name| one.name == name));
    measured.sort_by(|one, other| (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name)));
    let kind = if of_pods { "PodMetrics" } else { "NodeMetrics" };
    let answer = match name {
        Some(name) => {
            let one = measured.first().ok_or_else(|| unmeasured(&target.plural, name))?;
            let mut answer = document(one, of_pods);
            answer["kind"] = kind.into();
            answer["apiVersion"] = API_VERSION.into();
            answer
        }
        None => {
            let items: Vec<Value> = measured.iter().map(|one| document(one, of_pods)).collect();
            json!({"kind": format!("{kind}List"), "apiVersion": API_VERSION, "metadata": {}, "items": items})
        }
    };
    // Rows are made by the client: no column is defined for these kinds.
    let yaml = Format::negotiate(&request.headers).is_ok_and(|format| format.yaml);
    Ok(json_answer(StatusCode::OK, &answer, Format { yaml, ..Format::JSON }))
}

async fn ask(hook: &Arc<dyn Metrics>, of_pods: bool, namespace: Option<&str>, name: Option<&str>) -> Vec<Measured> {
    if of_pods { hook.pods(namespace, name).await } else { hook.nodes().await }
}

fn unmeasured(plural: &str, name: &str) -> ApiError {
    let message =
        format!("{plural}.{GROUP} {name:?} not found: it is not there, does not run, or was not measured yet");
    ApiError::new(StatusCode::NOT_FOUND, "NotFound", message)
}

fn document(measured: &Measured, of_pod: bool) -> Value {
    let mut metadata = json!({"name": measured.name, "creationTimestamp": meta::time(measured.at)});
    if !measured.namespace.is_empty() {
        metadata["namespace"] = measured.namespace.as_str().into();
    }
    if !measured.labels.is_empty() {
        metadata["labels"] = json!(measured.labels);
    }
    // At least a thousandth of a second, since none would say that nothing was measured.
    let window = format!("{:.3}s", measured.window.as_secs_f64().max(0.001));
    let mut document = json!({"metadata": metadata, "timestamp": meta::time(measured.at), "window": window});
    if of_pod {
        let containers = measured.used.iter().map(|(name, used)| json!({"name": name, "usage": usage(*used)}));
        document["containers"] = containers.collect();
    } else if let Some(used) = measured.used.values().next() {
        document["usage"] = usage(*used);
    }
    document
}

fn usage(used: Used) -> Value {
    json!({"cpu": format!("{}n", used.cpu), "memory": format!("{}Ki", used.memory / 1024)})
}
