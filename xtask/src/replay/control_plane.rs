//! The set-up of the recording, in process: one server that is control plane and data plane, all controllers.

use super::history::History;
use super::kinds::{self, KindName};
use super::scenario::{Id, State, Uids};
use super::stand_in;
use anyhow::{Context, Result};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, DynamicObject, ListParams, PostParams};
use kube::runtime::conditions::{is_crd_established, is_deleted};
use kube::runtime::wait::await_condition;
use reconcile::controllers;
use reconcile::engine::{Cluster, ClusterId, Engine, EngineHandle};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long the server's own clean-up may take before the replay gives up on it.
const CLEAN_UP: Duration = Duration::from_secs(20);
/// How long a step may take until it is at rest.
const REST: Duration = Duration::from_secs(60);

/// What a scenario is played on.
pub(crate) struct ControlPlane {
    server: kubelite::Server,
    pub(crate) client: Client,
    engine: EngineHandle,
    pub(crate) history: History,
}

impl ControlPlane {
    /// Starts it with those types installed. Objects get the uids that were recorded, where some were.
    pub(crate) async fn start(uids: Uids, platform: &[Value]) -> Result<ControlPlane> {
        let recorded = Mutex::new(uids);
        let options = kubelite::Options {
            uids: Arc::new(move |kind, namespace, name| uid(&recorded, &kind.kind, namespace, name)),
            admission: vec![Arc::new(admission::Rules)],
            ..kubelite::Options::default()
        };
        let server = kubelite::Server::open(options).await.context("cannot open the server")?;
        let client = server.client();
        define(&client).await?;
        for object in ground().iter().chain(platform) {
            create(&client, object).await?;
        }
        let history = History::start(&client).await?;
        let engine = engine(&client)?;
        let control_plane = ControlPlane { server, client, engine, history };
        control_plane.settle().await.context("the set-up")?;
        Ok(control_plane)
    }

    /// Waits until controllers, the stand-in for the node and the server's clean-up have nothing left to do.
    pub(crate) async fn settle(&self) -> Result<()> {
        let rest = async {
            loop {
                self.engine.settled().await;
                let moved = stand_in::advance(&self.client).await?;
                let cleaned = self.clean_up().await?;
                if !moved && !cleaned {
                    return Ok(());
                }
            }
        };
        let rested: Result<()> =
            tokio::time::timeout(REST, rest).await.with_context(|| format!("not at rest after {REST:?}"))?;
        rested?;
        self.history.catch_up(&self.client).await
    }

    /// Waits for the end of one object that the server is about to remove; answers whether there was one.
    async fn clean_up(&self) -> Result<bool> {
        let objects = self.list(|_| true).await?;
        let uids: BTreeSet<&str> = objects.iter().filter_map(|(_, one)| one["metadata"]["uid"].as_str()).collect();
        for (kind, object) in &objects {
            let meta = &object["metadata"];
            let owners = meta["ownerReferences"].as_array();
            let orphan = owners.is_some_and(|owners| {
                !owners.is_empty()
                    && owners.iter().all(|owner| owner["uid"].as_str().is_some_and(|uid| !uids.contains(uid)))
            });
            let leaving = !meta["deletionTimestamp"].is_null();
            let held = meta["finalizers"].as_array().is_some_and(|held| !held.is_empty());
            let going = (kind.kind == "Namespace" && leaving) || (orphan && !(leaving && held));
            if !going {
                continue;
            }
            let id = Id::of(object);
            let api = kind.api(&self.client, &id.namespace);
            let uid = meta["uid"].as_str().unwrap_or_default();
            let gone = tokio::time::timeout(CLEAN_UP, await_condition(api, &id.name, is_deleted(uid))).await;
            gone.with_context(|| format!("{id} is about to go and does not"))?
                .with_context(|| format!("cannot watch {id}"))?;
            return Ok(true);
        }
        Ok(false)
    }

    /// The objects of the control plane's namespaces and of the data-plane namespaces that belong to them.
    pub(crate) async fn state(&self, namespaces: &[String]) -> Result<State> {
        let objects = self.list(|kind| kind.namespaced || kind.kind == "Namespace").await?;
        let cells: BTreeSet<String> = objects
            .iter()
            .filter(|(kind, object)| {
                let of =
                    object.pointer("/metadata/labels").and_then(|labels| labels["openchoreo.dev/namespace"].as_str());
                kind.kind == "Namespace" && of.is_some_and(|of| namespaces.iter().any(|one| one == of))
            })
            .map(|(_, object)| Id::of(object).name)
            .collect();
        let mut state = State::new();
        for (kind, object) in objects {
            let id = Id::of(&object);
            let belongs = if kind.group == model::GROUP {
                namespaces.contains(&id.namespace)
            } else if kind.kind == "Namespace" {
                cells.contains(&id.name)
            } else {
                cells.contains(&id.namespace)
            };
            let own = (kind.kind == "ServiceAccount" && id.name == "default") || id.name == "kube-root-ca.crt";
            if belongs && !own {
                state.insert(id, object);
            }
        }
        Ok(state)
    }

    async fn list(&self, wanted: impl Fn(&KindName) -> bool) -> Result<Vec<(KindName, Value)>> {
        let mut objects = Vec::new();
        let all = kinds::ours().chain(kinds::BUILTIN.iter().copied()).chain(kinds::THIRD_PARTY.iter().copied());
        for kind in all.filter(wanted) {
            for object in list(&self.client, &kind).await? {
                objects.push((kind, object));
            }
        }
        Ok(objects)
    }

    /// Ends everything.
    pub(crate) async fn stop(self) {
        self.engine.shutdown().await;
        self.server.shutdown().await;
    }
}

/// All objects of a kind.
pub(crate) async fn list(client: &Client, kind: &KindName) -> Result<Vec<Value>> {
    let found = kind.api(client, "").list(&ListParams::default()).await;
    let found = found.with_context(|| format!("cannot list {}", kind.plural))?;
    found
        .items
        .into_iter()
        .map(|object| {
            let mut value = serde_json::to_value(object)?;
            value["apiVersion"] = kind.api_version().into();
            value["kind"] = kind.kind.into();
            Ok(value)
        })
        .collect()
}

/// The recorded uid, once; an object made again is another one.
fn uid(recorded: &Mutex<Uids>, kind: &str, namespace: &str, name: &str) -> String {
    let mut recorded = recorded.lock().unwrap_or_else(PoisonError::into_inner);
    let key = format!("{kind}/{name}");
    let of_another = |owner: &Option<String>| owner.as_deref().is_some_and(|owner| owner != namespace);
    match recorded.get(&key) {
        Some((_, owner)) if of_another(owner) => random_uid(),
        _ => recorded.remove(&key).map_or_else(random_uid, |(uid, _)| uid),
    }
}

/// Any uid. Its own process and a counter make it unique where no recorded one is.
fn random_uid() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("00000000-0000-4000-8000-{:012x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

async fn define(client: &Client) -> Result<()> {
    let third_party = kinds::THIRD_PARTY.iter().map(KindName::definition);
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in model::crds().into_iter().chain(third_party) {
        let definition: CustomResourceDefinition = serde_json::from_value(definition)?;
        let name = definition.metadata.name.clone().unwrap_or_default();
        api.create(&PostParams::default(), &definition).await.with_context(|| format!("cannot define {name}"))?;
        await_condition(api.clone(), &name, is_crd_established())
            .await
            .with_context(|| format!("cannot watch {name}"))?;
    }
    Ok(())
}

/// Planes and what belongs to them.
fn ground() -> Vec<Value> {
    let openchoreo = |kind: &str, spec: Value| json!({"apiVersion": model::API_VERSION, "kind": kind, "metadata": {"name": "default"}, "spec": spec});
    let agent = json!({"clientCA": {"value": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"}});
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "openchoreo-data-plane"}}),
        openchoreo(
            "ClusterDataPlane",
            json!({
                "planeID": "default",
                "clusterAgent": agent,
                "gateway": {"ingress": {"external": {
                    "name": "gateway-default",
                    "namespace": "openchoreo-data-plane",
                    "http": {"listenerName": "http", "port": 19080, "host": "openchoreoapis.localhost"},
                }}},
                "secretStoreRef": {"name": "default"},
            }),
        ),
        openchoreo("ClusterWorkflowPlane", json!({"planeID": "default", "clusterAgent": agent})),
        openchoreo(
            "ClusterObservabilityPlane",
            json!({"planeID": "default", "clusterAgent": agent, "observerURL": "http://observer.localhost:19080"}),
        ),
    ]
}

/// Makes an object that is part of the set-up.
pub(crate) async fn create(client: &Client, object: &Value) -> Result<()> {
    let kind = kinds::of_manifest(object)?;
    let id = Id::of(object);
    let wanted: DynamicObject = serde_json::from_value(object.clone()).with_context(|| id.to_string())?;
    let api = kind.api(client, &id.namespace);
    api.create(&PostParams::default(), &wanted).await.with_context(|| format!("cannot create {id}"))?;
    Ok(())
}

fn engine(client: &Client) -> Result<EngineHandle> {
    controllers::all(Engine::builder())
        .cluster(Cluster::new(ClusterId::control_plane(), client.clone()))
        .cluster(Cluster::new(ClusterId::cluster_plane("ClusterDataPlane", "default"), client.clone()))
        .identity("replay")
        .start()
        .context("cannot start the controllers")
}
