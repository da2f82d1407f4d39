//! Whether the container engine answers, as the Node's condition `Ready` and its Events say it.

use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::ground::Ground;
use super::node_object::{Readiness, tell_readiness};
use crate::recorder::Tone;

/// The pause before a write that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// What is known of the engine: why it does not answer, or nothing where it does.
#[derive(Debug)]
pub(super) struct EngineHealth(watch::Sender<Option<String>>);

impl EngineHealth {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    pub(super) fn answers(&self) {
        self.0.send_if_modified(|known| known.take().is_some());
    }

    /// The first reason stays until it answers again.
    pub(super) fn does_not_answer(&self, why: String) {
        self.0.send_if_modified(|known| {
            let news = known.is_none();
            known.get_or_insert(why);
            news
        });
    }

    /// Writes each change until `stop`.
    pub(super) fn tell(&self, ground: &Ground, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
        let mut verdicts = self.0.subscribe();
        let (client, engine, recorder) = (ground.client.clone(), ground.engine.clone(), ground.recorder.clone());
        let name = ground.node_name.clone();
        let node = ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Node".to_owned()),
            name: Some(name.clone()),
            uid: Some(name.clone()),
            ..ObjectReference::default()
        };
        async move {
            let mut told: Option<String> = None;
            loop {
                let heard = tokio::select! {
                    () = stop.cancelled() => return,
                    heard = verdicts.changed() => heard,
                };
                if heard.is_err() {
                    return;
                }
                loop {
                    let verdict = verdicts.borrow_and_update().clone();
                    if verdict == told {
                        break;
                    }
                    let readiness = Readiness::of(&engine, verdict.as_deref());
                    match tell_readiness(&client, &name, &readiness).await {
                        Ok(()) => {
                            let (tone, reason) = match &verdict {
                                None => (Tone::Normal, "NodeReady"),
                                Some(_) => (Tone::Warning, "NodeNotReady"),
                            };
                            recorder.tell(&node, tone, reason, readiness.message);
                            told = verdict;
                        }
                        Err(error) => {
                            tracing::warn!(%error, "whether the node is ready was not written; trying again");
                            tokio::select! {
                                () = stop.cancelled() => return,
                                () = tokio::time::sleep(RETRY) => {}
                            }
                        }
                    }
                }
            }
        }
    }
}
