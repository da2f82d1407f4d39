//! Whatever is deleted in whatever order: it ends, nothing is left, and meanwhile everything says what it waits for.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, DynamicObject, ListParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::conditions::{is_crd_established, is_deleted};
use kube::runtime::wait::await_condition;
use kube::{Api, Client};
use kubelite::{Options, Server};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reconcile::ClusterId;
use reconcile::controllers;
use reconcile::engine::{Cluster, Engine, EngineHandle};
use serde_json::{Value, json};

/// How long an end may take on a slow, loaded machine.
const END: Duration = Duration::from_secs(120);

/// What a person deletes, and the controller that says what it waits for.
const OBJECTS: [(&str, &str, Option<&str>); 10] = [
    ("Project", "shop", Some("project")),
    ("Component", "web", Some("component")),
    ("Environment", "development", Some("environment")),
    ("DeploymentPipeline", "main", Some("deployment-pipeline")),
    ("ReleaseBinding", "web-development", Some("release-binding")),
    ("Resource", "db", Some("resource")),
    ("ResourceReleaseBinding", "db-development", Some("resource-release-binding")),
    ("ProjectReleaseBinding", "shop-development", Some("project-release-binding")),
    ("DataPlane", "east", Some("data-plane")),
    ("Workload", "web", None),
];

struct House {
    _server: Server,
    client: Client,
    engine: EngineHandle,
    next: AtomicU32,
}

fn openchoreo(kind: &str, namespace: &str, name: &str, spec: &Value) -> Value {
    let metadata =
        if namespace.is_empty() { json!({"name": name}) } else { json!({"name": name, "namespace": namespace}) };
    json!({"apiVersion": model::API_VERSION, "kind": kind, "metadata": metadata, "spec": spec})
}

fn agent() -> Value {
    json!({"clientCA": {"value": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"}})
}

fn map(name: &str) -> Value {
    let metadata = json!({"name": name, "namespace": "${metadata.namespace}"});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "b"}})
}

impl House {
    async fn open() -> House {
        let server = Server::open(Options::default()).await.expect("a server in memory");
        let client = server.client();
        let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
        for definition in model::crds() {
            let definition: CustomResourceDefinition = serde_json::from_value(definition).expect("a definition");
            let name = definition.metadata.name.clone().expect("a name");
            definitions.create(&PostParams::default(), &definition).await.expect("defined");
            await_condition(definitions.clone(), &name, is_crd_established()).await.expect("served");
        }
        let engine = controllers::all(Engine::builder())
            .cluster(Cluster::new(ClusterId::control_plane(), client.clone()))
            .start()
            .expect("the engine starts");
        let house = House { _server: server, client, engine, next: AtomicU32::new(0) };
        house
            .create(&openchoreo(
                "ClusterProjectType",
                "",
                "default",
                &json!({"resources": [{"id": "namespace", "template": {
                    "apiVersion": "v1", "kind": "Namespace",
                    "metadata": {"name": "${metadata.namespace}", "labels": "${metadata.labels}"},
                }}]}),
            ))
            .await;
        house
            .create(&openchoreo("ClusterComponentType", "", "service", &json!({"workloadType": "deployment", "resources": [
                {"id": "deployment", "template": {
                    "apiVersion": "apps/v1", "kind": "Deployment",
                    "metadata": {"name": "${metadata.name}", "namespace": "${metadata.namespace}"},
                    "spec": {
                        "selector": {"matchLabels": "${metadata.podSelectors}"},
                        "template": {
                            "metadata": {"labels": "${metadata.podSelectors}"},
                            "spec": {"containers": [{"name": "main", "image": "${workload.container.image}", "env": "${dependencies.toContainerEnvs()}"}]},
                        },
                    },
                }},
                {"id": "config", "template": map("${metadata.componentName}")},
            ]})))
            .await;
        house
            .create(&openchoreo(
                "ClusterResourceType",
                "",
                "store",
                &json!({
                    "resources": [{"id": "config", "template": map("${metadata.name}")}],
                    "outputs": [{"name": "host", "value": "${metadata.name}"}],
                }),
            ))
            .await;
        house
    }

    fn api(&self, kind: &str, namespace: &str) -> Api<DynamicObject> {
        if kind == "Namespace" {
            let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("", "v1", kind), "namespaces");
            return Api::all_with(self.client.clone(), &resource);
        }
        let row = model::KINDS.iter().find(|row| row.kind == kind).expect("a kind of ours");
        let gvk = GroupVersionKind::gvk(model::GROUP, model::VERSION, kind);
        let resource = ApiResource::from_gvk_with_plural(&gvk, row.plural);
        if namespace.is_empty() {
            Api::all_with(self.client.clone(), &resource)
        } else {
            Api::namespaced_with(self.client.clone(), namespace, &resource)
        }
    }

    async fn create(&self, object: &Value) -> DynamicObject {
        let kind = object["kind"].as_str().expect("a kind");
        let api = self.api(kind, object["metadata"]["namespace"].as_str().unwrap_or_default());
        let wanted: DynamicObject = serde_json::from_value(object.clone()).expect("an object");
        api.create(&PostParams::default(), &wanted).await.unwrap_or_else(|error| panic!("{kind}: {error}"))
    }

    /// A project with a component that runs and a resource that it needs, on a plane of its own.
    async fn furnish(&self) -> String {
        let namespace = format!("n{}", self.next.fetch_add(1, Ordering::Relaxed));
        self.create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})).await;
        let plane = ClusterId::plane("DataPlane", &namespace, "east");
        self.engine.add_cluster(Cluster::new(plane, self.client.clone())).await;
        let objects = [
            ("DataPlane", "east", json!({"planeID": "east", "clusterAgent": agent()})),
            ("Environment", "development", json!({"dataPlaneRef": {"kind": "DataPlane", "name": "east"}})),
            (
                "DeploymentPipeline",
                "main",
                json!({"promotionPaths": [{"sourceEnvironmentRef": {"name": "development"}, "targetEnvironmentRefs": []}]}),
            ),
            (
                "Project",
                "shop",
                json!({"type": {"kind": "ClusterProjectType", "name": "default"}, "deploymentPipelineRef": {"name": "main"}}),
            ),
            (
                "ProjectReleaseBinding",
                "shop-development",
                json!({"owner": {"projectName": "shop"}, "environment": "development"}),
            ),
            (
                "Resource",
                "db",
                json!({"owner": {"projectName": "shop"}, "type": {"kind": "ClusterResourceType", "name": "store"}}),
            ),
        ];
        for (kind, name, spec) in &objects {
            self.create(&openchoreo(kind, &namespace, name, spec)).await;
        }
        self.engine.settled().await;
        let resource = self.api("Resource", &namespace).get("db").await.expect("the resource");
        let release = resource.data["status"]["latestRelease"]["name"].clone();
        assert!(release.is_string(), "{resource:?}");
        let owner = json!({"projectName": "shop", "resourceName": "db"});
        let objects = [
            (
                "ResourceReleaseBinding",
                "db-development",
                json!({"owner": owner, "environment": "development", "resourceRelease": release}),
            ),
            (
                "Component",
                "web",
                json!({"owner": {"projectName": "shop"}, "autoDeploy": true, "componentType": {"kind": "ClusterComponentType", "name": "deployment/service"}}),
            ),
            (
                "Workload",
                "web",
                json!({
                    "owner": {"projectName": "shop", "componentName": "web"},
                    "container": {"image": "web:1"},
                    "dependencies": {"resources": [{"ref": "db", "envBindings": {"host": "DB"}}]},
                }),
            ),
        ];
        for (kind, name, spec) in &objects {
            self.create(&openchoreo(kind, &namespace, name, spec)).await;
        }
        assert_eq!(self.engine.settled().await.failing, []);
        let cell = model::names::runtime_namespace(&namespace, "shop", "development");
        let maps: Api<k8s_openapi::api::core::v1::ConfigMap> = Api::namespaced(self.client.clone(), &cell);
        let made = ListParams::default().labels("openchoreo.dev/managed-by");
        assert_eq!(maps.list(&made).await.expect("a list").items.len(), 2, "component and resource run in {namespace}");
        namespace
    }

    async fn delete(&self, kind: &str, namespace: &str, name: &str) {
        let done = self.api(kind, namespace).delete(name, &DeleteParams::background()).await;
        match done {
            Ok(_) => {}
            // It went with something else.
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => panic!("{kind} {name}: {error}"),
        }
    }

    /// Everything that is on its way out names what it waits for.
    async fn all_explain_themselves(&self, namespace: &str) -> Result<(), TestCaseError> {
        for (kind, name, controller) in OBJECTS {
            let Some(controller) = controller else { continue };
            let Some(object) = self.api(kind, namespace).get_opt(name).await.expect("an answer") else { continue };
            if object.metadata.deletion_timestamp.is_none() {
                continue;
            }
            let why = self.engine.why(controller, (namespace, name)).await;
            let Some(why) = why else { continue };
            let waits = why.plan.as_ref().map_or(0, |plan| plan.waits().len());
            // At its end it waits for nothing but its own removal.
            let ends = why.plan.as_ref().is_some_and(|plan| !plan.removed_finalizers().is_empty());
            prop_assert!(waits > 0 || ends, "{kind} {name} is held and does not say by what: {why}");
        }
        Ok(())
    }

    async fn gone(&self, kind: &str, namespace: &str, name: &str) -> Result<(), TestCaseError> {
        let api = self.api(kind, namespace);
        let Some(object) = api.get_opt(name).await.expect("an answer") else { return Ok(()) };
        let uid = object.metadata.uid.unwrap_or_default();
        let ended = tokio::time::timeout(END, await_condition(api.clone(), name, is_deleted(&uid))).await;
        if ended.is_err() {
            let left = api.get_opt(name).await.expect("an answer");
            return Err(TestCaseError::fail(format!("{kind} {name} does not end: {left:?}")));
        }
        Ok(())
    }

    /// Deletes these in this order, looks whether all that is held says why, deletes the others, and waits for the end.
    async fn play(&self, order: &[usize], in_between: bool, with_namespace: bool) -> Result<(), TestCaseError> {
        let namespace = self.furnish().await;
        for at in order {
            let (kind, name, _) = OBJECTS[*at];
            self.delete(kind, &namespace, name).await;
            if in_between {
                self.engine.settled().await;
                self.all_explain_themselves(&namespace).await?;
            }
        }
        self.engine.settled().await;
        self.all_explain_themselves(&namespace).await?;
        if with_namespace {
            // All the rest at once, as whoever deletes a namespace does.
            self.delete("Namespace", "", &namespace).await;
        } else {
            for (kind, name, _) in OBJECTS {
                self.delete(kind, &namespace, name).await;
            }
            for (kind, name, _) in OBJECTS {
                self.gone(kind, &namespace, name).await?;
            }
            self.engine.settled().await;
            let cells = ListParams::default().labels(&format!("openchoreo.dev/namespace={namespace}"));
            let cells = self.api("Namespace", "").list(&cells).await.expect("a list").items;
            prop_assert!(cells.is_empty(), "{cells:?}");
            for row in model::KINDS.iter().filter(|row| row.is_namespaced()) {
                let left = self.api(row.kind, &namespace).list(&ListParams::default()).await.expect("a list").items;
                prop_assert!(left.is_empty(), "{} left: {left:?}", row.kind);
            }
            self.delete("Namespace", "", &namespace).await;
        }
        self.gone("Namespace", "", &namespace).await?;
        self.gone("Namespace", "", &model::names::runtime_namespace(&namespace, "shop", "development")).await?;
        self.engine.remove_cluster(ClusterId::plane("DataPlane", &namespace, "east")).await;
        Ok(())
    }
}

/// `PROPTEST_CASES=500 cargo test -p reconcile --test it deletion` plays more.
#[test]
fn deletion_ends_in_every_order() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let house = runtime.block_on(House::open());
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(12);
    let config = Config { cases, max_shrink_iters: 20, failure_persistence: None, ..Config::default() };
    let all: Vec<usize> = (0..OBJECTS.len()).collect();
    let orders = proptest::sample::subsequence(all, 1..=5).prop_shuffle();
    let ended = TestRunner::new(config)
        .run(&(orders, any::<bool>(), any::<bool>()), |(order, in_between, with_namespace)| {
            runtime.block_on(house.play(&order, in_between, with_namespace))
        });
    if let Err(failure) = ended {
        panic!("{failure}");
    }
    runtime.block_on(house.engine.shutdown());
}
