//! From path and method to a verb.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures::FutureExt;
use http::{Method, Request, Response, StatusCode};
use serde_json::json;

use super::{Body, Format, Metadata, Params, Shape, Target, answer, body, gzip, path, query};
use crate::{
    admission::User,
    auth, connect,
    core::Core,
    crd, discovery,
    faults::{self, FaultPoint},
    kinds::Origin,
    metrics,
    status::ApiError,
    verbs::{self, Call},
};

/// Answers a request. Never fails: what goes wrong becomes a `Status`.
pub(crate) async fn serve(core: Arc<Core>, request: Request<Body>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let gzip = gzip::accepted(request.headers());
    let format = Format::negotiate(request.headers()).unwrap_or(Format::JSON);
    let faults = core.faults.clone();
    let response = match AssertUnwindSafe(answer(core, request)).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => answer::failure(&error, format),
        // A bug of ours must cost this request only.
        Err(_) => {
            tracing::error!(%path, "a request ended in a panic");
            answer::failure(
                &ApiError::internal("this server has a bug that this request found; its log says where"),
                format,
            )
        }
    };
    if faults::at(faults.as_ref(), FaultPoint::Response) {
        return answer::broken();
    }
    if gzip { gzip::compressed(response) } else { response }
}

async fn answer(core: Arc<Core>, request: Request<Body>) -> Result<Response<Body>, ApiError> {
    query::timeout(request.uri())?;
    let path = request.uri().path();
    if let Some(response) = open(&core, path) {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        return if path == "/version" && !reads { Err(ApiError::method_not_allowed()) } else { response };
    }
    let Some(user) = request.extensions().get::<Arc<User>>().cloned() else { return Err(ApiError::unauthorized()) };
    if let Some(target) = path::parse(path) {
        if metrics::is_asked(&core, &target) {
            return metrics::serve(&core, &target, &user, &request.into_parts().0).await;
        }
        return resource(core, target, user, request).await;
    }
    let verb = request.method().as_str().to_ascii_lowercase();
    auth::authorize(&core, &user, &auth::Attributes { verb: &verb, path, ..auth::Attributes::default() })?;
    if request.method() != Method::GET {
        return Err(ApiError::no_such_page());
    }
    discovery::serve(&core, request.uri(), request.headers())
}

/// The kind of the options that come with a method.
fn options_kind(method: &Method) -> &'static str {
    match method.as_str() {
        "POST" => "CreateOptions",
        "PUT" => "UpdateOptions",
        "PATCH" => "PatchOptions",
        "DELETE" => "DeleteOptions",
        _ => "ListOptions",
    }
}

/// What everybody may see.
fn open(core: &Core, path: &str) -> Option<Result<Response<Body>, ApiError>> {
    match path {
        "/healthz" | "/livez" | "/healthz/ping" | "/livez/ping" => Some(Ok(answer::text_answer(StatusCode::OK, "ok"))),
        "/readyz" | "/readyz/ping" => Some(Ok(if core.stopping.is_cancelled() {
            answer::text_answer(StatusCode::INTERNAL_SERVER_ERROR, "[-]shutdown failed: the server is shutting down")
        } else {
            answer::text_answer(StatusCode::OK, "ok")
        })),
        "/version" => Some(Ok(answer::json_answer(
            StatusCode::OK,
            &json!({
                "major": "1", "minor": "36", "gitVersion": concat!("v1.36.3+kubelite.", env!("CARGO_PKG_VERSION")), "gitCommit": "", "gitTreeState": "clean",
                "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "rustc", "platform": concat!("linux/", "amd64"),
            }),
            Format::JSON,
        ))),
        _ => None,
    }
}

/// The verb that Kubernetes calls this request.
fn verb(method: &Method, target: &Target, params: &Params) -> Option<&'static str> {
    let named = target.name.is_some();
    Some(match *method {
        Method::GET | Method::HEAD if target.watch || (params.watch && target.subresource.is_none()) => "watch",
        Method::GET | Method::HEAD if named => "get",
        Method::GET | Method::HEAD => "list",
        Method::POST => "create",
        Method::PUT if named => "update",
        Method::PATCH if named => "patch",
        Method::DELETE if named => "delete",
        Method::DELETE => "deletecollection",
        _ => return None,
    })
}

async fn resource(
    core: Arc<Core>,
    target: Target,
    user: Arc<User>,
    request: Request<Body>,
) -> Result<Response<Body>, ApiError> {
    let mut kinds = core.registry.kinds();
    if kinds.resource(&target.group, &target.version, &target.plural).is_none() {
        kinds = crd::kinds_with(&core, &target.plural, &target.group);
    }
    let kind = kinds
        .resource(&target.group, &target.version, &target.plural)
        .cloned()
        .ok_or_else(|| discovery::nothing_at(&kinds, &target.group))?;
    let mut params = Params::parse(request.uri(), options_kind(request.method()))?;
    params.watch |= target.watch;
    let verb = verb(request.method(), &target, &params).ok_or_else(ApiError::method_not_allowed)?;
    let qualified = match &target.subresource {
        Some(sub) => format!("{}/{sub}", kind.plural),
        None => kind.plural.to_string(),
    };
    // A namespace is seen as lying in itself, so that who is bound in it may look at it.
    let own = if kind.group.is_empty() && *kind.plural == *"namespaces" { &target.name } else { &target.namespace };
    let namespace = own.as_deref().unwrap_or_default();
    auth::authorize(
        &core,
        &user,
        &auth::Attributes {
            verb,
            group: &kind.group,
            resource: &kind.plural,
            subresource: target.subresource.as_deref().unwrap_or_default(),
            namespace,
            name: target.name.as_deref().unwrap_or_default(),
            path: "",
        },
    )?;
    if kind.namespaced && target.namespace.is_none() && !matches!(verb, "list" | "watch") && kind.can("list") {
        return Err(ApiError::method_not_allowed());
    }
    if !kind.namespaced && target.namespace.is_some() {
        return Err(ApiError::no_such_path());
    }
    let format = Format::negotiate(request.headers());
    let agent =
        request.headers().get(http::header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("unknown");
    let manager = if params.field_manager.is_empty() {
        agent.split('/').next().unwrap_or(agent).chars().take(128).collect()
    } else {
        params.field_manager.clone()
    };
    let mut call = Call {
        core,
        kinds,
        kind: kind.clone(),
        namespace: target.namespace,
        name: target.name,
        subresource: target.subresource,
        user,
        params,
        format: format.clone().unwrap_or(Format::JSON),
        manager,
        warnings: std::sync::Mutex::default(),
        under_way: request.extensions().get().cloned(),
    };
    match call.sub() {
        ""
        | "scale"
        | "status"
        | "finalize"
        | "ephemeralcontainers"
        | "token"
        | "binding"
        | "eviction"
        | "log"
        | "exec"
        | "attach"
        | "portforward" => {}
        sub if kind.subresource(sub).is_none() => return Err(no_such_part(&call)),
        _ => return Err(ApiError::not_implemented(format!("{qualified} is not served by this server"))),
    }
    let allowed = match call.subresource.as_deref() {
        None => kind.can(verb),
        Some(sub) => kind.subresource(sub).ok_or_else(|| no_such_part(&call))?.verbs.iter().any(|known| known == verb),
    };
    let named_create = verb == "create" && call.sub().is_empty() && call.name.is_some();
    if !allowed || named_create {
        return Err(ApiError::method_not_allowed());
    }
    format?;
    if call.format.shape != Shape::Whole && !kind.can("list") {
        // Reviews and bindings are answered, not kept: they have no metadata to make rows of.
        return Err(ApiError::not_acceptable("application/json, application/yaml"));
    }
    if call.format.shape == Shape::Table
        && !matches!(call.params.include_object.as_str(), "" | "None" | "Metadata" | "Object")
    {
        return Err(ApiError::bad_request(format!(
            "Unable to convert to Table as requested: includeObject: Invalid value: {:?}: must be 'Metadata', 'Object', 'None', or empty",
            call.params.include_object
        )));
    }
    if matches!(call.sub(), "log" | "exec" | "attach" | "portforward") {
        verbs::current(&call)?;
    }
    match call.sub() {
        "log" => return connect::logs(&call).await,
        "exec" | "attach" | "portforward" => return connect::stream(&call, request).await,
        _ => {}
    }
    if verb == "watch" {
        return verbs::watch(call);
    }
    let outcome = carry_out(&mut call, verb, request).await;
    // What was warned of is told with a refusal too.
    let mut response = outcome.unwrap_or_else(|error| answer::failure(&error, call.format));
    call.finish(&mut response);
    Ok(response)
}

async fn carry_out(call: &mut Call, verb: &str, request: Request<Body>) -> Result<Response<Body>, ApiError> {
    let (parts, body) = request.into_parts();
    let response = match verb {
        "get" => verbs::get(call)?,
        "list" => verbs::list(call)?,
        _ => {
            let patch = verb == "patch" && call.kind.origin == Origin::Builtin;
            let media = if patch { body::patch_of(&parts.headers)? } else { body::media_of(&parts.headers)? };
            let bytes = body::read(body).await?;
            match verb {
                "create" => verbs::create(call, media, &bytes).await?,
                "update" => verbs::update(call, media, &bytes).await?,
                "patch" => verbs::patch(call, media, &bytes).await?,
                "delete" => verbs::delete(call, media, &bytes).await?,
                _ => verbs::delete_collection(call, media, &bytes).await?,
            }
        }
    };
    let listed = call.format.metadata != Metadata::Single;
    if call.format.shape == Shape::Metadata && listed != (verb == "list") {
        let kind = &call.kind.kind;
        let why = if listed {
            format!("you requested PartialObjectMetadataList, but the requested object is not a list ({kind})")
        } else {
            format!("you requested PartialObjectMetadata, but the requested object is a list ({kind}List)")
        };
        return Err(ApiError::new(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", why));
    }
    Ok(response)
}

/// Objects of custom kinds have no other parts than their definitions say: what is asked for is not there.
fn no_such_part(call: &Call) -> ApiError {
    match (&call.name, call.kind.origin) {
        (Some(name), Origin::Custom) => ApiError::not_found(&call.kind, name),
        _ => ApiError::no_such_path(),
    }
}
