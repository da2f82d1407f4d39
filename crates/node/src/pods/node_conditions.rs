//! Conditions of the Node object that change while it runs, each written when what it tells has changed.

use k8s_openapi::api::core::v1::{Node, NodeCondition, ObjectReference};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::ground::Ground;
use super::status::time;
use crate::recorder::{Recorder, Tone};

/// The pause before a write that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// What a condition says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Saying {
    pub(super) kind: &'static str,
    pub(super) holds: bool,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Saying {
    /// The condition from now on.
    pub(super) fn condition(&self) -> NodeCondition {
        let now = time(jiff::Timestamp::now());
        NodeCondition {
            type_: self.kind.to_owned(),
            status: if self.holds { "True" } else { "False" }.to_owned(),
            reason: Some(self.reason.to_owned()),
            message: Some(self.message.clone()),
            last_heartbeat_time: Some(now.clone()),
            last_transition_time: Some(now),
        }
    }

    fn is(&self, condition: &NodeCondition) -> bool {
        let now = self.condition();
        (&now.status, &now.reason, &now.message) == (&condition.status, &condition.reason, &condition.message)
    }
}

/// The Node object, for who tells its conditions.
pub(super) struct NodeVoice {
    client: Client,
    recorder: Recorder,
    name: String,
}

impl NodeVoice {
    pub(super) fn of(ground: &Ground) -> Self {
        Self::new(ground.client.clone(), ground.recorder.clone(), ground.node_name.clone())
    }

    pub(super) fn new(client: Client, recorder: Recorder, name: String) -> Self {
        Self { client, recorder, name }
    }

    /// Says what `saying` makes of each new value, in the condition and in an Event with that tone and reason, until `stop`.
    /// What the Node says already is not said again.
    pub(super) async fn follow<T: Clone>(
        self,
        mut values: watch::Receiver<T>,
        saying: impl Fn(&T) -> Option<(Saying, Tone, &'static str)>,
        stop: CancellationToken,
    ) {
        loop {
            let value = values.borrow_and_update().clone();
            if let Some((saying, tone, reason)) = saying(&value) {
                match self.say(&saying).await {
                    Ok(false) => {}
                    Ok(true) => self.recorder.tell(&self.reference(), tone, reason, saying.message),
                    Err(error) => {
                        tracing::warn!(condition = saying.kind, %error, "a condition of the node was not written; trying again");
                        tokio::select! {
                            () = stop.cancelled() => return,
                            () = tokio::time::sleep(RETRY) => continue,
                        }
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                changed = values.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Writes one condition among the others. False where it was there.
    async fn say(&self, saying: &Saying) -> Result<bool, kube::Error> {
        let nodes: Api<Node> = Api::all(self.client.clone());
        let status = nodes.get(&self.name).await?.status.unwrap_or_default();
        let before = status.conditions.unwrap_or_default().into_iter().find(|one| one.type_ == saying.kind);
        let mut condition = saying.condition();
        if let Some(before) = before {
            if saying.is(&before) {
                return Ok(false);
            }
            if before.status == condition.status {
                condition.last_transition_time = before.last_transition_time;
            }
        }
        let patch = Patch::Strategic(json!({"status": {"conditions": [condition]}}));
        nodes.patch_status(&self.name, &PatchParams::default(), &patch).await.map(|_| true)
    }

    fn reference(&self) -> ObjectReference {
        ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Node".to_owned()),
            name: Some(self.name.clone()),
            uid: Some(self.name.clone()),
            ..ObjectReference::default()
        }
    }
}
