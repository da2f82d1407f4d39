//! Writes the statuses of classes, Gateways and routes: only what differs from what is there.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{Debug, Display};
use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::ObjectMeta;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::attach::{ToldParents, parents};
use super::conditions::{Said as Condition, conditions};
use super::listeners::GatewayView;
use super::objects::{ClassStatus, Feature, Gateway, GatewayClass, RouteKey, RouteStatus};
use super::sources::{Changed, Sources};
use crate::network::ObjectKey;

/// Statuses written at once, per kind.
const AT_ONCE: usize = 8;

/// What of Gateway API is served, in its own names and their order.
const FEATURES: &[&str] = &[
    "GRPCRoute",
    "Gateway",
    "GatewayHTTPListenerIsolation",
    "GatewayPort8080",
    "HTTPRoute",
    "HTTPRoute303RedirectStatusCode",
    "HTTPRoute307RedirectStatusCode",
    "HTTPRoute308RedirectStatusCode",
    "HTTPRouteBackendProtocolH2C",
    "HTTPRouteBackendProtocolWebSocket",
    "HTTPRouteBackendRequestHeaderModification",
    "HTTPRouteBackendTimeout",
    "HTTPRouteCORS",
    "HTTPRouteHostRewrite",
    "HTTPRouteMethodMatching",
    "HTTPRouteNamedRouteRule",
    "HTTPRouteParentRefPort",
    "HTTPRoutePathRedirect",
    "HTTPRoutePathRewrite",
    "HTTPRoutePortRedirect",
    "HTTPRouteQueryParamMatching",
    "HTTPRouteRequestMirror",
    "HTTPRouteRequestMultipleMirrors",
    "HTTPRouteRequestPercentageMirror",
    "HTTPRouteRequestTimeout",
    "HTTPRouteResponseHeaderModification",
    "HTTPRouteSchemeRedirect",
    "ReferenceGrant",
    "TLSRoute",
];

/// What is to be said, kept beside the objects until it is written.
#[derive(Debug)]
pub(super) struct Said {
    changed: Arc<Changed>,
    routes: Mutex<HashMap<RouteKey, Arc<ToldParents>>>,
    gateways: Mutex<BTreeMap<ObjectKey, GatewayView>>,
    attached: Mutex<HashMap<ObjectKey, BTreeMap<String, i32>>>,
}

impl Said {
    pub(super) fn new(changed: Arc<Changed>) -> Self {
        Self { changed, routes: Mutex::default(), gateways: Mutex::default(), attached: Mutex::default() }
    }

    /// Says of a route what is told to its parents; nothing any more where the route is gone.
    pub(super) fn route(&self, key: RouteKey, told: Option<ToldParents>) {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        match told {
            Some(told) => drop(routes.insert(key.clone(), Arc::new(told))),
            None => drop(routes.remove(&key)),
        }
        drop(routes);
        self.changed.route_statuses.add(key);
    }

    /// Says what the Gateways of ours are; `all` are the Gateways there are.
    pub(super) fn gateways(&self, ours: &BTreeMap<ObjectKey, GatewayView>, all: impl Iterator<Item = ObjectKey>) {
        *self.gateways.lock().unwrap_or_else(PoisonError::into_inner) = ours.clone();
        self.changed.gateway_statuses.add_all(all);
    }

    /// Says how many routes are attached to each listener.
    pub(super) fn attached(&self, counts: &HashMap<(ObjectKey, String), i32>) {
        let mut by_gateway: HashMap<ObjectKey, BTreeMap<String, i32>> = HashMap::new();
        for ((gateway, listener), count) in counts {
            by_gateway.entry(gateway.clone()).or_default().insert(listener.clone(), *count);
        }
        let mut attached = self.attached.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *attached, by_gateway);
        let differs = |key: &&ObjectKey| before.get(*key) != attached.get(*key);
        let changed: Vec<_> = before.keys().chain(attached.keys()).filter(differs).cloned().collect();
        drop(attached);
        self.changed.gateway_statuses.add_all(changed);
    }
}

/// Writes statuses as they change. Never returns.
pub(super) async fn write(
    client: Client,
    sources: Arc<Sources>,
    said: Arc<Said>,
    controller_name: String,
    address: String,
) {
    sources.synced().await;
    let changed = sources.changed.clone();
    let classes = changed.class_statuses.work(AT_ONCE, |key| class(&client, &sources, &controller_name, key));
    let gateways = changed.gateway_statuses.work(AT_ONCE, |key| gateway(&client, &sources, &said, &address, key));
    let routes = changed.route_statuses.work(AT_ONCE, |key| route(&client, &sources, &said, &controller_name, key));
    futures::join!(classes, gateways, routes);
}

async fn class(client: &Client, sources: &Sources, controller_name: &str, key: ObjectKey) -> Result<(), ()> {
    let Some(class) = sources.classes.get(&key).filter(|class| class.spec.controller_name == controller_name) else {
        return Ok(());
    };
    let accepted = if class.spec.parameters_ref.is_none() {
        Condition::yes("Accepted", "Accepted", "Gateways of this class are served")
    } else {
        Condition::no("Accepted", "InvalidParameters", "spec.parametersRef is not supported: remove it")
    };
    let generation = class.metadata.generation.unwrap_or_default();
    let features = FEATURES.iter().map(|name| Feature { name: (*name).to_owned() });
    let status = ClassStatus {
        conditions: conditions(&class.status.conditions, &[accepted], generation, Timestamp::now()),
        supported_features: features.collect(),
    };
    if status == class.status {
        return Ok(());
    }
    patch(&Api::<GatewayClass>::all(client.clone()), &*class, &json!(status)).await
}

async fn gateway(client: &Client, sources: &Sources, said: &Said, address: &str, key: ObjectKey) -> Result<(), ()> {
    let view = said.gateways.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    let (Some(view), Some(gateway)) = (view, sources.gateways.get(&key)) else { return Ok(()) };
    let attached = said.attached.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned().unwrap_or_default();
    let status = view.status(&gateway, address, &attached, Timestamp::now());
    if status == gateway.status {
        return Ok(());
    }
    patch(&namespaced::<Gateway>(client, &key), &*gateway, &json!(status)).await
}

async fn route(
    client: &Client,
    sources: &Sources,
    said: &Said,
    controller_name: &str,
    key: RouteKey,
) -> Result<(), ()> {
    let told = said.routes.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    let (Some(told), Some(route)) = (told, sources.routes.get(&key)) else { return Ok(()) };
    // Said of an older generation: what is said of this one is on its way.
    if told.generation != route.metadata.generation {
        return Ok(());
    }
    let status = RouteStatus { parents: parents(&route, &told, controller_name, Timestamp::now()) };
    if status == route.status {
        return Ok(());
    }
    let api = Api::<DynamicObject>::namespaced_with(client.clone(), &key.key.namespace, &key.kind.resource());
    put(&api, &key, &route.metadata, &json!(status)).await
}

fn namespaced<K>(client: &Client, key: &ObjectKey) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    Api::namespaced(client.clone(), &key.namespace)
}

async fn patch<K>(api: &Api<K>, object: &K, status: &Value) -> Result<(), ()>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    put(api, &format!("{} {}", K::kind(&()), ObjectKey::of(object)), object.meta(), status).await
}

/// Replaces the status of the very object that was looked at.
async fn put<K>(api: &Api<K>, shown: &impl Display, meta: &ObjectMeta, status: &Value) -> Result<(), ()>
where
    K: Clone + Debug + DeserializeOwned,
{
    let name = meta.name.as_deref().unwrap_or_default();
    let body = json!({"metadata": {"uid": meta.uid, "resourceVersion": meta.resource_version}, "status": status});
    match api.patch_status(name, &PatchParams::default(), &Patch::Merge(body)).await {
        Ok(_) => Ok(()),
        // Gone, or changed meanwhile: the event of that brings it here again.
        Err(kube::Error::Api(refused)) if matches!(refused.code, 404 | 409) => Ok(()),
        Err(error) => {
            tracing::warn!(object = %shown, %error, "a status could not be written; trying again");
            Err(())
        }
    }
}
