//! A cluster in process for tests: kubelite with the kinds that the node serves.

use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, Discovery};
use serde_json::{Value, json};

/// A server in memory with our definitions applied.
pub(crate) struct Cluster {
    _server: kubelite::Server,
    pub(crate) client: Client,
    discovery: Discovery,
}

impl Cluster {
    /// Opens a server whose Services get their addresses from `service_range`.
    pub(crate) async fn open(service_range: &str) -> Self {
        let options = kubelite::Options { service_range: service_range.to_owned(), ..kubelite::Options::default() };
        let server = kubelite::Server::open(options).await.expect("a server in memory");
        let client = server.client();
        let kind =
            ApiResource::from_gvk(&GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition"));
        let definitions: Api<DynamicObject> = Api::all_with(client.clone(), &kind);
        for definition in crate::crds::all() {
            let definition: DynamicObject = serde_json::from_value(definition).expect("a definition");
            let name = definition.metadata.name.clone().expect("a name");
            definitions.create(&PostParams::default(), &definition).await.expect("created");
            until(&definitions, &name, |object| {
                let conditions = object.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
                conditions.iter().any(|one| one["type"] == "Established" && one["status"] == "True")
            })
            .await;
        }
        let discovery = Discovery::new(client.clone()).run().await.expect("discovery");
        Self { _server: server, client, discovery }
    }

    fn api(&self, kind: &str, namespace: Option<&str>) -> Api<DynamicObject> {
        let (resource, _) = self
            .discovery
            .groups()
            .flat_map(kube::discovery::ApiGroup::recommended_resources)
            .find(|(resource, _)| resource.kind == kind)
            .unwrap_or_else(|| panic!("the server knows no kind {kind}"));
        match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        }
    }

    pub(crate) async fn namespace(&self, name: &str, labels: Value) {
        self.create("Namespace", json!({"metadata": {"name": name, "labels": labels}})).await;
    }

    /// Creates an object, with its status where it has one.
    pub(crate) async fn create(&self, kind: &str, object: Value) -> DynamicObject {
        let status = object.get("status").cloned();
        let mut object: DynamicObject = serde_json::from_value(object).expect("an object");
        let api = self.api(kind, object.metadata.namespace.as_deref());
        object.types =
            Some(kube::api::TypeMeta { api_version: api_version(&self.discovery, kind), kind: kind.to_owned() });
        let name = object.metadata.name.clone().expect("a name");
        let made =
            api.create(&PostParams::default(), &object).await.unwrap_or_else(|error| panic!("{kind} {name}: {error}"));
        match status {
            Some(status) => self.patch_status(kind, made.metadata.namespace.as_deref(), &name, status).await,
            None => made,
        }
    }

    pub(crate) async fn patch_status(
        &self,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
        status: Value,
    ) -> DynamicObject {
        let patch = Patch::Merge(json!({"status": status}));
        self.api(kind, namespace).patch_status(name, &PatchParams::default(), &patch).await.expect("patched")
    }

    pub(crate) async fn patch(&self, kind: &str, namespace: &str, name: &str, patch: Value) {
        let api = self.api(kind, Some(namespace));
        api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.expect("patched");
    }

    pub(crate) async fn exists(&self, kind: &str, namespace: &str, name: &str) -> bool {
        self.api(kind, Some(namespace)).get_opt(name).await.expect("an answer").is_some()
    }

    pub(crate) async fn delete(&self, kind: &str, namespace: &str, name: &str) {
        let api = self.api(kind, Some(namespace));
        api.delete(name, &DeleteParams::default()).await.expect("deleted");
    }

    /// Returns the object as soon as it is as `wanted` says.
    pub(crate) async fn until(
        &self,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
        wanted: impl Fn(&DynamicObject) -> bool,
    ) -> DynamicObject {
        until(&self.api(kind, namespace), name, wanted).await
    }

    /// Returns the first object of a namespace that is as `wanted` says.
    pub(crate) async fn any(
        &self,
        kind: &str,
        namespace: &str,
        wanted: impl Fn(&DynamicObject) -> bool,
    ) -> DynamicObject {
        follow(&self.api(kind, Some(namespace)), watcher::Config::default(), wanted).await
    }
}

fn api_version(discovery: &Discovery, kind: &str) -> String {
    let mut all = discovery.groups().flat_map(kube::discovery::ApiGroup::recommended_resources);
    all.find(|(resource, _)| resource.kind == kind).map(|(resource, _)| resource.api_version).expect("a known kind")
}

async fn until(api: &Api<DynamicObject>, name: &str, wanted: impl Fn(&DynamicObject) -> bool) -> DynamicObject {
    follow(api, watcher::Config::default().fields(&format!("metadata.name={name}")), wanted).await
}

async fn follow(
    api: &Api<DynamicObject>,
    config: watcher::Config,
    wanted: impl Fn(&DynamicObject) -> bool,
) -> DynamicObject {
    let seen = std::sync::Mutex::new(None);
    let mut events = std::pin::pin!(watcher(api.clone(), config).default_backoff().applied_objects());
    let found = tokio::time::timeout(std::time::Duration::from_secs(20), async {
        while let Some(object) = futures::StreamExt::next(&mut events).await {
            let object = object.expect("a watch");
            if wanted(&object) {
                return object;
            }
            *seen.lock().expect("not poisoned") = Some(object);
        }
        panic!("the watch ended");
    });
    let found = found.await;
    found.unwrap_or_else(|_| {
        panic!("it never was as wanted; last seen: {}", json!(seen.lock().expect("not poisoned").take()))
    })
}

/// The conditions of an object or a part of one, as `Type=Status/Reason`.
pub(crate) fn told(conditions: &Value) -> Vec<String> {
    let all = conditions.as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all.map(|one| format!("{}={}/{}", text(&one["type"]), text(&one["status"]), text(&one["reason"]))).collect()
}
