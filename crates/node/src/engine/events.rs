//! What the engine tells by itself: containers that start, end and vanish, images that appear.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bollard::models::{EventMessage, EventMessageTypeEnum};
use bollard::query_parameters::EventsOptions;
use futures::StreamExt as _;
use tokio_util::sync::CancellationToken;

use super::error::plain_words;
use super::{Engine, INSTANCE_LABEL};

/// The pauses before an engine that does not answer is asked again.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long the stream may be silent before the engine is asked whether it is there: one that hangs tells it by no event.
const SILENCE: Duration = Duration::from_secs(10);
/// How long the engine may take to say that it is there.
const ANSWER: Duration = Duration::from_secs(5);

/// One thing that happened at the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EngineEvent {
    /// A container of this installation changed (`start`, `die`, `remove`, …).
    Container { id: String, action: String, labels: HashMap<String, String> },
    /// An image was built, loaded, tagged or pulled (or a pull was tried).
    Image,
    /// The stream was (re)opened: look at everything, events may have been missed.
    Opened,
    /// The engine does not answer, with its words or ours. Told at each attempt.
    Broken { why: String },
}

impl Engine {
    /// Calls `on_event` for each event until `stop`; opens the stream again when it breaks.
    pub(crate) async fn follow_events(
        &self,
        stop: CancellationToken,
        on_event: Arc<dyn Fn(EngineEvent) + Send + Sync>,
    ) {
        let mut pause = FIRST_PAUSE;
        loop {
            if let Err(why) = self.answers().await {
                on_event(EngineEvent::Broken { why });
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                }
                continue;
            }
            let kinds = vec!["container".to_owned(), "image".to_owned()];
            let options = EventsOptions {
                filters: Some(HashMap::from([("type".to_owned(), kinds)])),
                ..EventsOptions::default()
            };
            let mut events = std::pin::pin!(self.docker().events(Some(options)));
            // The answer's head comes with the first event on some engines, so the stream counts as open at once.
            on_event(EngineEvent::Opened);
            loop {
                let event = tokio::select! {
                    () = stop.cancelled() => return,
                    event = events.next() => event,
                    () = tokio::time::sleep(SILENCE) => match self.answers().await {
                        Ok(()) => continue,
                        Err(why) => {
                            on_event(EngineEvent::Broken { why });
                            break;
                        }
                    },
                };
                match event {
                    Some(Ok(event)) => {
                        pause = FIRST_PAUSE;
                        if let Some(event) = self.ours(event) {
                            on_event(event);
                        }
                    }
                    Some(Err(error)) => {
                        tracing::debug!(%error, "the engine's event stream broke");
                        break;
                    }
                    None => break,
                }
            }
            // A stream that ends at once must not be opened a thousand times a second.
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
    }

    /// Whether the engine is there; why not, where it is not.
    async fn answers(&self) -> Result<(), String> {
        match tokio::time::timeout(ANSWER, self.docker().ping()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(plain_words(&error)),
            Err(_) => Err(format!("no answer within {} seconds", ANSWER.as_secs())),
        }
    }

    fn ours(&self, event: EventMessage) -> Option<EngineEvent> {
        match event.typ {
            Some(EventMessageTypeEnum::IMAGE) => Some(EngineEvent::Image),
            Some(EventMessageTypeEnum::CONTAINER) => {
                let actor = event.actor?;
                let labels = actor.attributes.unwrap_or_default();
                if labels.get(INSTANCE_LABEL).map(String::as_str) != Some(self.instance()) {
                    return None;
                }
                Some(EngineEvent::Container { id: actor.id?, action: event.action.unwrap_or_default(), labels })
            }
            _ => None,
        }
    }
}
