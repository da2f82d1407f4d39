//! Whether the container engine answers, as the Node's condition `Ready` and its Events say it.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::ground::Ground;
use super::node_conditions::NodeVoice;
use super::node_object::readiness;
use crate::recorder::Tone;

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
        let engine = ground.engine.clone();
        let saying = move |verdict: &Option<String>| {
            let (tone, event) = match verdict {
                None => (Tone::Normal, "NodeReady"),
                Some(_) => (Tone::Warning, "NodeNotReady"),
            };
            Some((readiness(&engine, verdict.as_deref()), tone, event))
        };
        NodeVoice::of(ground).follow(self.0.subscribe(), saying, stop)
    }
}
