//! Workload kinds that this node does not run: each object is told so, by an Event and, where its status has
//! conditions, by a condition.

use std::fmt::Debug;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{DaemonSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::pods::time;
use crate::recorder::{Recorder, Tone, reference};
use crate::watch::{Cache, Key, Presence, Queue};

/// The condition's type, and the Event's reason.
const REASON: &str = "WorkloadKindNotSupported";

pub(crate) fn start(client: &Client, recorder: &Recorder, tracker: &TaskTracker, stop: &CancellationToken) {
    let replicas = json!({"replicas": 0});
    let scheduled =
        json!({"currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0});
    follow::<StatefulSet>(client, recorder, tracker, stop, Some(replicas));
    follow::<DaemonSet>(client, recorder, tracker, stop, Some(scheduled));
    follow::<Job>(client, recorder, tracker, stop, Some(json!({})));
    // A CronJob's status has no conditions.
    follow::<CronJob>(client, recorder, tracker, stop, None);
}

/// Follows one kind. `required`: the fields that its status must have beside the condition.
fn follow<K>(
    client: &Client,
    recorder: &Recorder,
    tracker: &TaskTracker,
    stop: &CancellationToken,
    required: Option<Value>,
) where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + Serialize
        + Debug
        + Send
        + Sync
        + 'static,
{
    let cache = Cache::<K>::new();
    let queue: Arc<Queue<Key>> = Queue::new();
    let to = queue.clone();
    cache.listen(move |key, object, presence| {
        if presence == Presence::Here && !is_told(&**object) {
            to.push(key.clone());
        }
    });
    tracker.spawn(cache.clone().follow(Api::all(client.clone()), stop.clone()));
    let (client, recorder, stop) = (client.clone(), recorder.clone(), stop.clone());
    tracker.spawn(async move {
        let mut told: std::collections::VecDeque<String> = std::collections::VecDeque::new();
        loop {
            let key = tokio::select! {
                () = stop.cancelled() => return,
                key = queue.next() => key,
            };
            let Some(object) = cache.get(&key) else { continue };
            let uid = object.uid().unwrap_or_default();
            if told.contains(&uid) {
                continue;
            }
            told.push_back(uid);
            told.truncate(1024);
            if let Err(error) = tell(&client, &recorder, &*object, required.as_ref()).await {
                tracing::debug!(%key, %error, "a workload was not told that its kind is not run here");
            }
        }
    });
}

fn is_told<K: Serialize>(object: &K) -> bool {
    let value = serde_json::to_value(object).unwrap_or_default();
    let conditions = value.pointer("/status/conditions").and_then(Value::as_array);
    conditions.is_some_and(|conditions| conditions.iter().any(|condition| condition["type"] == REASON))
}

async fn tell<K>(client: &Client, recorder: &Recorder, object: &K, required: Option<&Value>) -> Result<(), kube::Error>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
{
    let kind = K::kind(&());
    let message = format!("{kind} is not run by this node yet, so it has no pods; Deployments are");
    recorder.tell(&reference(object), Tone::Warning, REASON, message.clone());
    let Some(required) = required else { return Ok(()) };
    let now = time(Timestamp::now());
    let mut status = required.clone();
    status["conditions"] = json!([{
        "type": REASON, "status": "True", "reason": "KindNotSupported", "message": message, "lastTransitionTime": now,
    }]);
    let api: Api<K> = Api::namespaced(client.clone(), &object.namespace().unwrap_or_default());
    api.patch_status(&object.name_any(), &PatchParams::default(), &Patch::Merge(json!({"status": status}))).await?;
    Ok(())
}
