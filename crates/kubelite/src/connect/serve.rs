//! From a request for a stream into a pod to the hook.

use std::sync::Arc;

use futures::StreamExt;
use http::{HeaderValue, Request, Response, StatusCode, header};

use super::{ExecOptions, LogOptions, PodConnect, PodRef, websocket};
use crate::{admission::Operation, status::ApiError, verbs::Call, wire::Body};

fn pods(call: &Call) -> Result<Arc<dyn PodConnect>, ApiError> {
    call.core.pods.get().cloned().ok_or_else(|| {
        ApiError::not_implemented("no node is connected to this server: pods have no logs and take no connections")
    })
}

fn pod(call: &Call) -> Result<PodRef, ApiError> {
    let name = call.named()?.to_owned();
    let stored = call
        .core
        .store
        .shelf(&call.kind.shelf)
        .get(&call.path(&name))
        .ok_or_else(|| ApiError::not_found(&call.kind, &name))?;
    Ok(PodRef {
        namespace: stored.namespace().to_owned(),
        name,
        uid: stored.uid.to_string(),
        pod: Arc::new(stored.value()),
    })
}

/// The container that is meant.
fn container(call: &Call, pod: &PodRef) -> Result<String, ApiError> {
    let lists = ["containers", "initContainers", "ephemeralContainers"];
    let names = |list: &str| -> Vec<&str> {
        pod.pod["spec"][list]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|container| container["name"].as_str())
            .collect()
    };
    if let Some(wanted) = call.params.get("container").filter(|name| !name.is_empty()) {
        if lists.iter().any(|list| names(list).contains(&wanted)) {
            return Ok(wanted.to_owned());
        }
        return Err(ApiError::bad_request(format!("container {wanted} is not valid for pod {}", pod.name)));
    }
    let all = names("containers");
    if let Some(default) = pod.pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"]
        .as_str()
        .filter(|name| all.contains(name))
    {
        return Ok(default.to_owned());
    }
    match all.as_slice() {
        [one] => Ok((*one).to_owned()),
        _ => Err(ApiError::bad_request(format!(
            "a container name must be specified for pod {}, choose one of: [{}]",
            pod.name,
            all.join(" ")
        ))),
    }
}

/// Answers with the container's output.
pub(crate) async fn logs(call: &Call) -> Result<Response<Body>, ApiError> {
    let (hook, pod) = (pods(call)?, pod(call)?);
    let params = &call.params;
    let number = |key: &str| -> Result<Option<u64>, ApiError> {
        match params.number(key)? {
            Some(value) if value < 0 => {
                Err(ApiError::bad_request(format!("{key}: Invalid value: {value}: must be greater than or equal to 0")))
            }
            value => Ok(value.map(i64::unsigned_abs)),
        }
    };
    let since = match (number("sinceSeconds")?, params.get("sinceTime").filter(|text| !text.is_empty())) {
        (Some(_), Some(_)) => {
            return Err(ApiError::bad_request("at most one of `sinceTime` or `sinceSeconds` may be specified"));
        }
        (Some(seconds), None) => Some(
            call.core.now()
                - jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX / 4).min(1 << 33)),
        ),
        (None, Some(text)) => Some(
            text.parse().map_err(|_| ApiError::bad_request(format!("sinceTime: {text:?} is not an RFC 3339 time")))?,
        ),
        (None, None) => None,
    };
    if params.get("stream").is_some_and(|stream| !stream.is_empty() && stream != "All") {
        return Err(ApiError::not_implemented("stream: this server gives both output streams together (All)"));
    }
    let options = LogOptions {
        container: container(call, &pod)?,
        follow: params.flag("follow")?,
        previous: params.flag("previous")?,
        timestamps: params.flag("timestamps")?,
        since,
        tail_lines: number("tailLines")?,
        limit_bytes: number("limitBytes")?,
    };
    let stream = hook.logs(pod, options).await?;
    let stopping = call.core.stopping.clone();
    let mut response = Response::new(Body::from_stream(stream.take_until(async move { stopping.cancelled().await })));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    Ok(response)
}

/// Upgrades to a stream: exec, attach or port-forward.
pub(crate) async fn stream(call: &Call, request: Request<Body>) -> Result<Response<Body>, ApiError> {
    let (hook, pod) = (pods(call)?, pod(call)?);
    call.admit(Operation::Connect, &pod.name, Some(&pod.pod), None).await?;
    if pod.pod["status"]["phase"].as_str().is_some_and(|phase| phase == "Succeeded" || phase == "Failed") {
        let phase = pod.pod["status"]["phase"].as_str().unwrap_or_default();
        return Err(ApiError::bad_request(format!(
            "cannot connect to a container in a completed pod; current phase is {phase}"
        )));
    }
    if call.sub() == "portforward" {
        let ports = ports(call)?;
        return websocket::forward(request, hook, pod, ports, call.core.stopping.clone());
    }
    let tty = call.params.flag("tty")?;
    let options = ExecOptions {
        container: container(call, &pod)?,
        command: call.params.all("command").map(str::to_owned).collect(),
        tty,
    };
    if call.sub() == "exec" && options.command.is_empty() {
        return Err(ApiError::bad_request("you must specify at least 1 command for the container"));
    }
    let wanted = websocket::Wanted {
        stdin: call.params.flag("stdin")?,
        stdout: call.params.flag("stdout")?,
        stderr: call.params.flag("stderr")? && !tty,
        attach: call.sub() == "attach",
    };
    if !(wanted.stdin || wanted.stdout || wanted.stderr) {
        return Err(ApiError::bad_request("you must specify at least 1 of stdin, stdout, stderr"));
    }
    websocket::run(request, hook, pod, options, wanted, call.core.stopping.clone())
}

fn ports(call: &Call) -> Result<Vec<u16>, ApiError> {
    let ports: Vec<u16> = call
        .params
        .all("ports")
        .flat_map(|text| text.split(','))
        .map(|text| {
            text.trim()
                .parse::<u16>()
                .ok()
                .filter(|&port| port > 0)
                .ok_or_else(|| ApiError::bad_request(format!("ports: {text:?} is not a port")))
        })
        .collect::<Result<_, _>>()?;
    if ports.is_empty() || ports.len() > 100 {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            "ports: between 1 and 100 ports must be given in the query (port-forward over SPDY is not supported by this server)",
        ));
    }
    Ok(ports)
}
