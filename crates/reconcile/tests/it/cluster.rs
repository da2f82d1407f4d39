//! A small API server with faults: what the engine needs of one (discovery, lists, watches, creates, patches,
//! server-side apply with ownership of leaves, deletes with preconditions), and the ways in which one can fail.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::stream;
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use kube::client::Body;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

type Answer = Response<UnsyncBoxBody<Bytes, std::io::Error>>;
type Place = (String, Option<String>, String);

/// How a write goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It works.
    None,
    /// The server fails before it writes.
    Before,
    /// It writes, and the answer is lost.
    After,
}

/// A process with clients.
#[derive(Clone, Default)]
pub(crate) struct Process(Arc<AtomicBool>);

impl Process {
    /// Nothing that it sends from here on arrives.
    pub(crate) fn die(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// A running server; clones are the same one.
#[derive(Clone)]
pub(crate) struct Cluster {
    state: Arc<Mutex<State>>,
    news: Arc<watch::Sender<u64>>,
}

#[derive(Default)]
struct State {
    revision: u64,
    uids: u64,
    objects: BTreeMap<Place, Value>,
    log: Vec<(u64, &'static str, String, Value)>,
    compacted: u64,
    epoch: u64,
    paused: bool,
    duplicate: bool,
    down: Option<StatusCode>,
    unserved: BTreeSet<String>,
    faults: VecDeque<Fault>,
    writes: Vec<String>,
    requests: u64,
}

const KINDS: [(&str, &str, &str, bool); 4] = [
    ("v1", "ConfigMap", "configmaps", true),
    ("v1", "Event", "events", true),
    ("apps/v1", "Deployment", "deployments", true),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", false),
];

impl Cluster {
    pub(crate) fn new() -> Self {
        Self { state: Arc::default(), news: Arc::new(watch::Sender::new(0)) }
    }

    /// A client of this server, until its process dies: from then on nothing that it sends arrives.
    pub(crate) fn client(&self, process: &Process) -> kube::Client {
        let (cluster, process) = (self.clone(), process.clone());
        let service = tower_service(move |request| {
            let (cluster, process) = (cluster.clone(), process.clone());
            async move {
                if process.0.load(Ordering::Acquire) {
                    Err(std::io::Error::other("the process is dead"))
                } else {
                    cluster.serve(request).await
                }
            }
        });
        kube::Client::new(service, "default")
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn announce(&self) {
        self.news.send_modify(|count| *count += 1);
    }

    /// Puts or replaces an object as a user would, keeping what only servers and the engine write.
    pub(crate) fn put(&self, manifest: &Value) {
        let (version, kind) = (text(manifest, "apiVersion"), text(manifest, "kind"));
        let plural = KINDS.iter().find(|row| row.0 == version && row.1 == kind).expect("a kind of this server").2;
        let place = place(&format!("{version}/{plural}"), manifest);
        let mut state = self.lock();
        let old = state.objects.get(&place).cloned();
        let mut new = manifest.clone();
        if let Some(old) = &old {
            for name in ["finalizers", "managedFields", "uid", "deletionTimestamp"] {
                if let Some(value) = old["metadata"].get(name) {
                    new["metadata"][name] = value.clone();
                }
            }
            if let Some(status) = old.get("status") {
                new["status"] = status.clone();
            }
        }
        state.store(&place, old, new);
        drop(state);
        self.announce();
    }

    /// Deletes an object as a user would; waits for nothing.
    pub(crate) fn remove(&self, resource: &str, namespace: &str, name: &str) {
        let mut state = self.lock();
        state.delete(&(resource.to_owned(), Some(namespace.to_owned()), name.to_owned()));
        drop(state);
        self.announce();
    }

    pub(crate) fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        self.lock().objects.get(&(resource.to_owned(), Some(namespace.to_owned()), name.to_owned())).cloned()
    }

    pub(crate) fn all(&self, resource: &str) -> Vec<Value> {
        self.lock().objects.iter().filter(|((of, ..), _)| of == resource).map(|(_, object)| object.clone()).collect()
    }

    /// The writes served so far, as `METHOD path`.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.lock().writes.clone()
    }

    /// All requests served so far.
    pub(crate) fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// What happens to the next writes.
    pub(crate) fn fail_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().faults.extend(faults);
    }

    /// From here on writes work.
    pub(crate) fn forgive(&self) {
        self.lock().faults.clear();
    }

    /// Ends all watches.
    pub(crate) fn cut(&self) {
        self.lock().epoch += 1;
        self.announce();
    }

    /// Forgets the past: a watch can no longer go on from an old revision.
    pub(crate) fn compact(&self) {
        let mut state = self.lock();
        state.compacted = state.revision;
        state.epoch += 1;
        drop(state);
        self.announce();
    }

    /// Watches stand still: caches become stale.
    pub(crate) fn pause(&self, paused: bool) {
        self.lock().paused = paused;
        self.announce();
    }

    /// Every event is told twice.
    pub(crate) fn duplicate(&self, duplicate: bool) {
        self.lock().duplicate = duplicate;
    }

    /// Answers everything with this status.
    pub(crate) fn down(&self, status: Option<StatusCode>) {
        let mut state = self.lock();
        state.down = status;
        state.epoch += 1;
        drop(state);
        self.announce();
    }

    /// Whether a kind (by its plural) is served.
    pub(crate) fn serve_kind(&self, plural: &str, served: bool) {
        let mut state = self.lock();
        if served {
            state.unserved.remove(plural);
        } else {
            state.unserved.insert(plural.to_owned());
        }
        drop(state);
        if served {
            self.put(&json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": plural}}));
        }
    }

    async fn serve(&self, request: Request<Body>) -> Result<Answer, std::io::Error> {
        let (parts, body) = request.into_parts();
        let body = body.collect_bytes().await.map_err(std::io::Error::other)?;
        let query: BTreeMap<String, String> = parts
            .uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.replace("%2F", "/")))
            .collect();
        let path: Vec<String> = parts.uri.path().trim_matches('/').split('/').map(str::to_owned).collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        self.lock().requests += 1;
        if let Some(status) = self.lock().down {
            return Ok(failure(status, "Down", "the server is down"));
        }
        let (version, rest) = match path.split_first() {
            Some((&"api", rest)) => (rest[0].to_owned(), &rest[1..]),
            Some((_, rest)) => (format!("{}/{}", rest[0], rest[1]), &rest[2..]),
            None => return Ok(failure(StatusCode::NOT_FOUND, "NotFound", "no such path")),
        };
        if rest.is_empty() {
            return Ok(self.discovery(&version));
        }
        let (namespace, rest) = if rest[0] == "namespaces" && rest.len() > 2 {
            (Some(rest[1].to_owned()), &rest[2..])
        } else {
            (None, rest)
        };
        if self.lock().unserved.contains(rest[0]) || !KINDS.iter().any(|row| row.0 == version && row.2 == rest[0]) {
            return Ok(failure(StatusCode::NOT_FOUND, "NotFound", "the server could not find the requested resource"));
        }
        let resource = format!("{version}/{}", rest[0]);
        if parts.method == Method::GET {
            return Ok(if query.contains_key("watch") {
                self.watch(resource, &query)
            } else {
                self.list(&resource, &query)
            });
        }
        let fault = self.lock().faults.pop_front().unwrap_or(Fault::None);
        if fault == Fault::Before {
            return Ok(failure(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "the write failed on purpose"));
        }
        let answer = {
            let mut state = self.lock();
            state.writes.push(format!("{} {}", parts.method, parts.uri.path()));
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            let manager = query.get("fieldManager").cloned().unwrap_or_default();
            let kind = parts.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            state.write((&parts.method, &resource), namespace, rest, kind, &manager, body)
        };
        self.announce();
        if fault == Fault::After {
            return Err(std::io::Error::other("the connection broke on purpose"));
        }
        Ok(match answer {
            Ok(object) => reply(StatusCode::OK, &object),
            Err((status, reason, message)) => failure(status, reason, &message),
        })
    }

    fn discovery(&self, version: &str) -> Answer {
        let state = self.lock();
        let served = KINDS.iter().filter(|row| row.0 == version && !state.unserved.contains(row.2));
        let resources: Vec<Value> =
            served.map(|row| json!({"name": row.2, "kind": row.1, "namespaced": row.3})).collect();
        reply(StatusCode::OK, &json!({"kind": "APIResourceList", "groupVersion": version, "resources": resources}))
    }

    fn list(&self, resource: &str, query: &BTreeMap<String, String>) -> Answer {
        let state = self.lock();
        let items: Vec<&Value> = state
            .objects
            .iter()
            .filter(|((of, ..), object)| of == resource && selected(object, query))
            .map(|(_, object)| object)
            .collect();
        reply(StatusCode::OK, &json!({"metadata": {"resourceVersion": state.revision.to_string()}, "items": items}))
    }

    fn watch(&self, resource: String, query: &BTreeMap<String, String>) -> Answer {
        let since: u64 = query["resourceVersion"].parse().unwrap_or_default();
        let (epoch, compacted) = {
            let state = self.lock();
            (state.epoch, state.compacted)
        };
        if since < compacted {
            return failure(StatusCode::GONE, "Expired", "too old resource version");
        }
        let (cluster, query) = (self.clone(), query.clone());
        let news = self.news.subscribe();
        let events = stream::unfold((since, news), move |(since, mut news)| {
            let (cluster, resource, query) = (cluster.clone(), resource.clone(), query.clone());
            async move {
                loop {
                    let mut lines = String::new();
                    let mut last = since;
                    {
                        let state = cluster.lock();
                        if state.epoch != epoch {
                            return None;
                        }
                        for (revision, kind, of, object) in
                            state.log.iter().filter(|entry| entry.0 > since && !state.paused)
                        {
                            last = *revision;
                            if *of == resource && selected(object, &query) {
                                let line = json!({"type": kind, "object": object}).to_string() + "\n";
                                lines += &line.repeat(if state.duplicate { 2 } else { 1 });
                            }
                        }
                    }
                    if !lines.is_empty() {
                        return Some((Ok(Frame::data(Bytes::from(lines))), (last, news)));
                    }
                    if news.changed().await.is_err() {
                        return None;
                    }
                }
            }
        });
        Response::new(StreamBody::new(events).boxed_unsync())
    }
}

type Refused = (StatusCode, &'static str, String);

impl State {
    fn write(
        &mut self,
        (method, resource): (&Method, &str),
        namespace: Option<String>,
        rest: &[&str],
        kind: &str,
        manager: &str,
        body: Value,
    ) -> Result<Value, Refused> {
        let conflict = |what: &str| (StatusCode::CONFLICT, "Conflict", what.to_owned());
        if *method == Method::POST {
            let place = (resource.to_owned(), namespace, text(&body["metadata"], "name"));
            if self.objects.contains_key(&place) {
                return Err((StatusCode::CONFLICT, "AlreadyExists", "it exists already".to_owned()));
            }
            return Ok(self.store(&place, None, body));
        }
        let place = (resource.to_owned(), namespace, rest[1].to_owned());
        let old = self.objects.get(&place).cloned();
        let not_found = || (StatusCode::NOT_FOUND, "NotFound", "it is not there".to_owned());
        if *method == Method::DELETE {
            let old = old.ok_or_else(not_found)?;
            if body["preconditions"]["uid"].as_str().is_some_and(|uid| old["metadata"]["uid"] != uid) {
                return Err(conflict("another UID"));
            }
            self.delete(&place);
            return Ok(json!({"kind": "Status", "status": "Success"}));
        }
        let new = match kind {
            "application/apply-patch+yaml" => apply(old.as_ref(), body, manager),
            "application/merge-patch+json" => {
                let mut new = old.clone().ok_or_else(not_found)?;
                for name in ["uid", "resourceVersion"] {
                    if body["metadata"].get(name).is_some_and(|wanted| *wanted != new["metadata"][name]) {
                        return Err(conflict("the object has been modified"));
                    }
                }
                new["metadata"]["finalizers"] = body["metadata"]["finalizers"].clone();
                new
            }
            "application/json-patch+json" => {
                let mut new = old.clone().ok_or_else(not_found)?;
                if body[0]["value"] != new["metadata"]["uid"] {
                    return Err((StatusCode::UNPROCESSABLE_ENTITY, "Invalid", "the test failed".to_owned()));
                }
                new["status"] = body[1]["value"].clone();
                new
            }
            other => return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", other.to_owned())),
        };
        Ok(self.store(&place, old, new))
    }

    fn store(&mut self, place: &Place, old: Option<Value>, mut new: Value) -> Value {
        let fresh = |value: &Value| {
            let mut value = value.clone();
            value["metadata"]["resourceVersion"] = Value::Null;
            value
        };
        if old.as_ref().is_some_and(|old| {
            let mut new = new.clone();
            new["metadata"]["generation"] = old["metadata"]["generation"].clone();
            fresh(old) == fresh(&new)
        }) {
            return old.unwrap_or_default();
        }
        self.revision += 1;
        let generation = match &old {
            Some(old) if old["spec"] == new["spec"] => old["metadata"]["generation"].as_u64().unwrap_or(1),
            Some(old) => old["metadata"]["generation"].as_u64().unwrap_or(1) + 1,
            None => {
                self.uids += 1;
                new["metadata"]["uid"] = format!("uid-{}", self.uids).into();
                1
            }
        };
        new["metadata"]["generation"] = generation.into();
        new["metadata"]["resourceVersion"] = self.revision.to_string().into();
        let done = new["metadata"]["deletionTimestamp"].is_string()
            && new["metadata"]["finalizers"].as_array().is_none_or(Vec::is_empty);
        let event = match (&old, done) {
            (_, true) => "DELETED",
            (None, _) => "ADDED",
            _ => "MODIFIED",
        };
        if done {
            self.objects.remove(place);
        } else {
            self.objects.insert(place.clone(), new.clone());
        }
        self.log.push((self.revision, event, place.0.clone(), new.clone()));
        new
    }

    fn delete(&mut self, place: &Place) {
        let Some(old) = self.objects.get(place).cloned() else { return };
        let mut new = old.clone();
        if new["metadata"].get("deletionTimestamp").is_none() {
            new["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
            self.store(place, Some(old), new);
        }
    }
}

/// Server-side apply with lists as leaves: what the manager set before and sets no more goes.
fn apply(old: Option<&Value>, mut intent: Value, manager: &str) -> Value {
    let mut new = old.cloned().unwrap_or_else(|| json!({"apiVersion": intent["apiVersion"], "kind": intent["kind"], "metadata": {"name": intent["metadata"]["name"], "namespace": intent["metadata"]["namespace"]}}));
    for name in ["apiVersion", "kind"] {
        intent.as_object_mut().expect("an object").remove(name);
    }
    for name in ["name", "namespace"] {
        intent["metadata"].as_object_mut().expect("metadata").remove(name);
    }
    let mut managed = new["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let mine = managed.iter().position(|entry| entry["manager"] == manager).map(|at| managed.remove(at));
    if let Some(mine) = mine {
        drop_fields(&mut new, &mine["fieldsV1"], &intent);
    }
    merge(&mut new, &intent);
    managed.push(json!({"manager": manager, "operation": "Apply", "apiVersion": new["apiVersion"], "fieldsType": "FieldsV1", "fieldsV1": fields(&intent)}));
    new["metadata"]["managedFields"] = managed.into();
    new
}

fn fields(value: &Value) -> Value {
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().map(|(name, value)| (format!("f:{name}"), fields(value))).collect::<Map<_, _>>().into()
        }
        _ => json!({}),
    }
}

fn drop_fields(live: &mut Value, fields: &Value, intent: &Value) {
    let Some(map) = live.as_object_mut() else { return };
    for (step, below) in fields.as_object().into_iter().flatten() {
        let Some(name) = step.strip_prefix("f:") else { continue };
        if below.as_object().is_none_or(Map::is_empty) {
            if intent.get(name).is_none() {
                map.remove(name);
            }
        } else if let Some(value) = map.get_mut(name) {
            drop_fields(value, below, intent.get(name).unwrap_or(&Value::Null));
        }
    }
}

fn merge(live: &mut Value, intent: &Value) {
    match (live, intent) {
        (Value::Object(live), Value::Object(intent)) => {
            intent.iter().for_each(|(name, value)| merge(live.entry(name).or_insert(Value::Null), value));
        }
        (live, intent) => *live = intent.clone(),
    }
}

fn selected(object: &Value, query: &BTreeMap<String, String>) -> bool {
    query.get("labelSelector").is_none_or(|label| object["metadata"]["labels"].get(label).is_some())
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn place(resource: &str, manifest: &Value) -> Place {
    let meta = &manifest["metadata"];
    (resource.to_owned(), meta["namespace"].as_str().map(str::to_owned), text(meta, "name"))
}

fn reply(status: StatusCode, value: &Value) -> Answer {
    let body = Full::new(Bytes::from(value.to_string())).map_err(|never: Infallible| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    response
}

fn failure(status: StatusCode, reason: &str, message: &str) -> Answer {
    reply(
        status,
        &json!({"kind": "Status", "status": "Failure", "code": status.as_u16(), "reason": reason, "message": message}),
    )
}

fn tower_service<F, R>(
    serve: F,
) -> impl tower::Service<
    Request<Body>,
    Response = Answer,
    Error = std::io::Error,
    Future = futures::future::BoxFuture<'static, Result<Answer, std::io::Error>>,
> + Send
+ 'static
where
    F: Fn(Request<Body>) -> R + Send + 'static,
    R: Future<Output = Result<Answer, std::io::Error>> + Send + 'static,
{
    tower::service_fn(move |request| Box::pin(serve(request)) as futures::future::BoxFuture<'static, _>)
}
