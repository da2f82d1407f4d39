//! Pods through the server's Kubernetes API.

use super::super::answer::IMAGE;
use anyhow::{Context, Result};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{DeleteParams, PostParams};
use kube::runtime::wait::{Condition, await_condition};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const NAMESPACE: &str = "bench-node";
const MANY: &str = "many";
const PATIENCE: Duration = Duration::from_mins(2);

pub(super) struct Pods {
    client: Client,
}

impl Pods {
    pub(super) async fn new(client: Client) -> Result<Self> {
        let namespace: Namespace = serde_json::from_value(json!({"metadata": {"name": NAMESPACE}}))?;
        Api::all(client.clone()).create(&PostParams::default(), &namespace).await.context("cannot make a namespace")?;
        Ok(Self { client })
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }

    /// Writes a pod; how long until it is Ready. It is gone afterwards.
    pub(super) async fn one(&self, number: u32) -> Result<Duration> {
        let name = format!("one-{number}");
        let pod: Pod = serde_json::from_value(json!({"metadata": {"name": name}, "spec": spec()}))?;
        let (pods, params) = (self.pods(), PostParams::default());
        let begun = Instant::now();
        let (created, ready) = tokio::join!(pods.create(&params, &pod), until(pods.clone(), &name, is_ready));
        let took = begun.elapsed();
        created.context("cannot create a pod")?;
        ready?;
        pods.delete(&name, &DeleteParams::default()).await?;
        until(pods, &name, |pod: Option<&Pod>| pod.is_none()).await?;
        Ok(took)
    }

    /// Writes a Deployment; how long until all of its pods are Ready.
    pub(super) async fn many(&self, count: u32) -> Result<Duration> {
        let labels = json!({"app": MANY});
        let deployment: Deployment = serde_json::from_value(json!({
            "metadata": {"name": MANY},
            "spec": {
                "replicas": count,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec()},
            },
        }))?;
        let all = move |found: Option<&Deployment>| {
            let ready = found.and_then(|found| found.status.as_ref()?.ready_replicas).unwrap_or_default();
            u32::try_from(ready) == Ok(count)
        };
        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), NAMESPACE);
        let begun = Instant::now();
        deployments.create(&PostParams::default(), &deployment).await.context("cannot create a Deployment")?;
        until(deployments, MANY, all).await?;
        Ok(begun.elapsed())
    }

    /// Deletes the Deployment; how long until all of its pods are gone.
    pub(super) async fn remove_many(&self, count: u32) -> Result<Duration> {
        let pods = self.pods();
        let begun = Instant::now();
        let last = async {
            let mut events = std::pin::pin!(watcher(pods, watcher::Config::default()).default_backoff());
            let mut left = count;
            while left > 0 {
                match futures::StreamExt::next(&mut events).await.context("the watch ended")?? {
                    watcher::Event::Delete(_) => left -= 1,
                    watcher::Event::InitDone => {
                        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), NAMESPACE);
                        deployments.delete(MANY, &DeleteParams::background()).await?;
                    }
                    _ => {}
                }
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(PATIENCE, last).await.context("the pods do not go")??;
        Ok(begun.elapsed())
    }
}

/// Stops at once when told to, so that nothing but the node is measured.
fn spec() -> Value {
    json!({
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "main", "image": IMAGE, "imagePullPolicy": "IfNotPresent"}],
    })
}

fn is_ready(pod: Option<&Pod>) -> bool {
    let conditions = pod.and_then(|pod| pod.status.as_ref()?.conditions.as_ref());
    conditions.into_iter().flatten().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

async fn until<K>(api: Api<K>, name: &str, condition: impl Condition<K>) -> Result<()>
where
    K: kube::Resource + Clone + std::fmt::Debug + Send + serde::de::DeserializeOwned + 'static,
{
    let becomes = Box::pin(await_condition(api, name, condition));
    tokio::time::timeout(PATIENCE, becomes).await.with_context(|| format!("{name} took too long"))??;
    Ok(())
}
