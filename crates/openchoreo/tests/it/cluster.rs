//! Objects of a running server: applied, waited for, deleted.

use crate::server::PATIENCE;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind, NamespaceResourceScope};
use kube::runtime::wait::await_condition;
use kube::{Client, Resource};
use model::ReleaseBinding;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Debug;
use std::path::{Path, PathBuf};

/// A namespaced kind with a type of its own.
pub(crate) trait Known:
    Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug + Send + 'static
{
}

impl<K> Known for K where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug + Send + 'static
{
}

/// A client with words for what these tests do.
#[derive(Clone)]
pub(crate) struct Cluster(pub(crate) Client);

impl Cluster {
    pub(crate) fn api<K: Known>(&self, namespace: &str) -> Api<K> {
        Api::namespaced(self.0.clone(), namespace)
    }

    /// Applies all documents of a text in their order.
    pub(crate) async fn apply(&self, text: &str) {
        self.apply_all(documents(text)).await;
    }

    pub(crate) async fn apply_all(&self, documents: Vec<Value>) {
        for document in documents {
            self.apply_one(document).await;
        }
    }

    pub(crate) async fn apply_one(&self, document: Value) {
        let applied = self.try_apply(&document).await;
        let name = &document["metadata"]["name"];
        applied.unwrap_or_else(|error| panic!("{} {name} is refused: {error}", document["kind"]));
    }

    pub(crate) async fn try_apply(&self, document: &Value) -> Result<(), kube::Error> {
        let kind = document["kind"].as_str().expect("a kind");
        let row = model::kind_row(kind).unwrap_or_else(|| panic!("{kind} is a kind of ours"));
        let gvk = GroupVersionKind::gvk(model::GROUP, model::VERSION, kind);
        let resource = ApiResource::from_gvk_with_plural(&gvk, row.plural);
        let name = document["metadata"]["name"].as_str().expect("a name");
        let api: Api<DynamicObject> = match document["metadata"]["namespace"].as_str() {
            Some(namespace) => Api::namespaced_with(self.0.clone(), namespace, &resource),
            None => Api::all_with(self.0.clone(), &resource),
        };
        let params = PatchParams::apply("e2e").force();
        api.patch(name, &params, &Patch::Apply(document)).await.map(drop)
    }

    /// Waits until the object is as asked for.
    pub(crate) async fn until<K: Known>(
        &self,
        namespace: &str,
        name: &str,
        what: &str,
        holds: impl Fn(&K) -> bool,
    ) -> K {
        let api = self.api::<K>(namespace);
        let condition = |object: Option<&K>| object.is_some_and(&holds);
        match tokio::time::timeout(PATIENCE, await_condition(api.clone(), name, condition)).await {
            Ok(found) => found.expect("watched").expect("there"),
            Err(tokio::time::error::Elapsed { .. }) => {
                panic!("{namespace}/{name} never was {what}; it is {:#?}", api.get_opt(name).await)
            }
        }
    }

    /// Waits until the object is gone.
    pub(crate) async fn gone<K: Known>(&self, namespace: &str, name: &str) {
        let api = self.api::<K>(namespace);
        let gone = await_condition(api.clone(), name, |object: Option<&K>| object.is_none());
        match tokio::time::timeout(PATIENCE, gone).await {
            Ok(ended) => drop(ended.expect("watched")),
            Err(tokio::time::error::Elapsed { .. }) => {
                panic!("{namespace}/{name} never went; it is {:#?}", api.get_opt(name).await)
            }
        }
    }

    pub(crate) async fn delete<K: Known>(&self, namespace: &str, name: &str) {
        self.api::<K>(namespace).delete(name, &DeleteParams::default()).await.expect("deleted");
    }

    pub(crate) async fn all<K: Known>(&self, namespace: &str) -> Vec<K> {
        self.api::<K>(namespace).list(&ListParams::default()).await.expect("listed").items
    }

    pub(crate) async fn ready(&self, namespace: &str, binding: &str) -> ReleaseBinding {
        self.until(namespace, binding, "ready", |binding| condition(binding, "Ready").0 == "True").await
    }
}

/// Status, reason and message of a binding's condition, of the generation that it has now.
pub(crate) fn condition(binding: &ReleaseBinding, kind: &str) -> (String, String, String) {
    let status = binding.status.as_ref();
    let found = status.and_then(|status| status.conditions.iter().find(|condition| condition.type_ == kind));
    match found {
        Some(found) if found.observed_generation == binding.metadata.generation => {
            (found.status.clone(), found.reason.clone(), found.message.clone())
        }
        _ => Default::default(),
    }
}

pub(crate) fn documents(text: &str) -> Vec<Value> {
    let options = serde_saphyr::options! { strict_booleans: true };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options).expect("YAML");
    documents.into_iter().filter(|document| !document.is_null()).collect()
}

/// A sample of the contract data; none, with a word why, where it is absent.
pub(crate) fn sample(name: &str) -> Option<String> {
    let folder = std::env::var_os("OPENCHOREO_FIXTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures"), PathBuf::from);
    let path = folder.join("manifests").join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) => {
            println!("skipped: {}: {error} (OPENCHOREO_FIXTURES names the folder)", path.display());
            None
        }
    }
}
