//! The default platform: applied at the first start, never changed behind its owner's back.
//!
//! What was created is noted with a hash of the text that it was made from. What a user edited or deleted stays so; when
//! a newer version ships another text, that is said at start-up and nothing is changed.

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The texts, in the order in which they are created.
const TEXTS: &[(&str, &str)] = &[
    ("project-type.yaml", include_str!("../../../../platform/project-type.yaml")),
    ("environments.yaml", include_str!("../../../../platform/environments.yaml")),
    ("pipeline.yaml", include_str!("../../../../platform/pipeline.yaml")),
    ("service.yaml", include_str!("../../../../platform/service.yaml")),
    ("web-application.yaml", include_str!("../../../../platform/web-application.yaml")),
    ("worker.yaml", include_str!("../../../../platform/worker.yaml")),
    ("scheduled-task.yaml", include_str!("../../../../platform/scheduled-task.yaml")),
    ("project.yaml", include_str!("../../../../platform/project.yaml")),
];

/// Where it is noted what was created.
const NOTES: (&str, &str) = ("kube-system", "openchoreo-platform");
const MANAGER: &str = "openchoreo-platform";

/// What happened to the default set.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Created now.
    pub(crate) created: usize,
    /// Objects whose shipped text is newer than the one that they were made from.
    pub(crate) newer: Vec<String>,
}

/// Creates what was never created before.
pub(crate) async fn install(client: &Client) -> Result<Outcome> {
    let notes: Api<ConfigMap> = Api::namespaced(client.clone(), NOTES.0);
    let known = notes.get_opt(NOTES.1).await.context("cannot read what the platform was made from")?;
    let known: BTreeMap<String, String> = known.and_then(|map| map.data).unwrap_or_default();
    let mut outcome = Outcome::default();
    for object in objects()? {
        let key = key(&object);
        let hash = model::hash::content(&object).context("a platform object cannot be written as JSON")?;
        match known.get(&key) {
            Some(noted) if *noted == hash => {}
            Some(_) => outcome.newer.push(key),
            None => {
                if create(client, &object).await? {
                    outcome.created += 1;
                }
                // Noted one by one: a stop in between neither forgets nor repeats.
                let patch = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NOTES.1}, "data": {key.clone(): hash}});
                let params = PatchParams::apply(&format!("{MANAGER}-{key}")).force();
                notes
                    .patch(NOTES.1, &params, &Patch::Apply(patch))
                    .await
                    .context("cannot note what the platform was made from")?;
            }
        }
    }
    Ok(outcome)
}

/// All objects of the default set.
fn objects() -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for (name, text) in TEXTS {
        let options = serde_saphyr::options! { strict_booleans: true };
        let documents: Vec<Value> =
            serde_saphyr::from_multiple_with_options(text, options).with_context(|| format!("platform/{name}"))?;
        all.extend(documents);
    }
    Ok(all)
}

/// A name that a ConfigMap takes as a key: `Kind.namespace.name`.
fn key(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
    format!("{}.{}.{}", text("/kind"), text("/metadata/namespace"), text("/metadata/name"))
}

/// Whether the object was created; one that is there already is left as it is.
async fn create(client: &Client, object: &Value) -> Result<bool> {
    let kind = object["kind"].as_str().unwrap_or_default();
    let row = model::kind_row(kind).with_context(|| format!("the platform has an unknown kind {kind:?}"))?;
    let resource =
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(model::GROUP, model::VERSION, kind), row.plural);
    let api: Api<DynamicObject> = match object["metadata"]["namespace"].as_str() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let wanted: DynamicObject = serde_json::from_value(object.clone()).with_context(|| key(object))?;
    let params = PostParams { field_manager: Some(MANAGER.into()), ..PostParams::default() };
    match api.create(&params, &wanted).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot create {}", key(object))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn server() -> kubelite::Server {
        let server = kubelite::Server::open(kubelite::Options::default()).await.expect("opens");
        crate::up::ground::kinds(&server.client()).await.expect("kinds");
        server
    }

    fn pipelines(client: &Client) -> Api<model::DeploymentPipeline> {
        Api::namespaced(client.clone(), "default")
    }

    #[tokio::test]
    async fn what_a_user_deleted_or_edited_stays_so() {
        let server = server().await;
        let client = server.client();
        let first = install(&client).await.expect("installs");
        assert_eq!(first, Outcome { created: objects().expect("objects").len(), newer: Vec::new() });

        pipelines(&client).delete("default", &kube::api::DeleteParams::default()).await.expect("deletes");
        let types: Api<model::ClusterComponentType> = Api::all(client.clone());
        let edit = json!({"metadata": {"labels": {"team": "mine"}}});
        types.patch("service", &PatchParams::default(), &Patch::Merge(edit)).await.expect("edits");

        assert_eq!(install(&client).await.expect("installs"), Outcome::default());
        assert!(
            pipelines(&client).get_opt("default").await.expect("reads").is_none(),
            "the deleted pipeline stays away"
        );
        let service = types.get("service").await.expect("reads");
        assert_eq!(
            service.metadata.labels.as_ref().and_then(|labels| labels.get("team")).map(String::as_str),
            Some("mine")
        );
    }

    #[tokio::test]
    async fn a_newer_text_is_told_and_not_applied() {
        let server = server().await;
        let client = server.client();
        install(&client).await.expect("installs");
        let notes: Api<ConfigMap> = Api::namespaced(client.clone(), NOTES.0);
        let older = json!({"data": {"ClusterComponentType.-.service": "older"}});
        notes.patch(NOTES.1, &PatchParams::default(), &Patch::Merge(older)).await.expect("patches");
        let outcome = install(&client).await.expect("installs");
        assert_eq!(outcome, Outcome { created: 0, newer: vec!["ClusterComponentType.-.service".into()] });
    }
}
