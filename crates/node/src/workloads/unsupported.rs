//! HorizontalPodAutoscalers: this node does not scale by metrics. Each is told so, by an Event and by its conditions.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::followed;
use crate::pods::time;
use crate::recorder::{Recorder, Tone, reference};
use crate::watch::{Key, Presence, Queue};

const REASON: &str = "ScalingNotSupported";
const MESSAGE: &str = "this node does not scale by metrics; set spec.replicas of the target";
/// Objects that are remembered as told.
const REMEMBERED: usize = 1024;

/// Tells each autoscaler.
pub(super) fn start(client: &Client, recorder: &Recorder, tracker: &TaskTracker, stop: &CancellationToken) {
    let cache = followed::<HorizontalPodAutoscaler>(client, tracker, stop);
    let queue: Arc<Queue<Key>> = Queue::new();
    let to = queue.clone();
    cache.listen(move |key, autoscaler, presence| {
        if presence == Presence::Here && !is_told(autoscaler) {
            to.push(key.clone());
        }
    });
    let (client, recorder, stop) = (client.clone(), recorder.clone(), stop.clone());
    tracker.spawn(async move {
        let mut told: VecDeque<String> = VecDeque::new();
        loop {
            let key = tokio::select! {
                () = stop.cancelled() => return,
                key = queue.next() => key,
            };
            let Some(autoscaler) = cache.get(&key) else { continue };
            let uid = autoscaler.uid().unwrap_or_default();
            if told.contains(&uid) {
                continue;
            }
            told.push_front(uid);
            told.truncate(REMEMBERED);
            recorder.tell(&reference(&*autoscaler), Tone::Warning, REASON, MESSAGE);
            if let Err(error) = tell(&client, &autoscaler).await {
                tracing::debug!(%key, %error, "an autoscaler was not told that it is not carried out here");
            }
        }
    });
}

fn is_told(autoscaler: &HorizontalPodAutoscaler) -> bool {
    let mut conditions = autoscaler.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.any(|condition| condition.reason.as_deref() == Some(REASON))
}

async fn tell(client: &Client, autoscaler: &HorizontalPodAutoscaler) -> Result<(), kube::Error> {
    let now = time(Timestamp::now());
    let status = json!({"desiredReplicas": 0, "conditions": [
        {"type": "ScalingActive", "status": "False", "reason": REASON, "message": MESSAGE, "lastTransitionTime": now},
    ]});
    let namespace = autoscaler.namespace().unwrap_or_default();
    let autoscalers: Api<HorizontalPodAutoscaler> = Api::namespaced(client.clone(), &namespace);
    let patch = Patch::Merge(json!({"metadata": {"uid": autoscaler.uid()}, "status": status}));
    autoscalers.patch_status(&autoscaler.name_any(), &PatchParams::default(), &patch).await.map(|_| ())
}
