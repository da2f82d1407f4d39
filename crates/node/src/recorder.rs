//! Kubernetes Events: what happened to an object, for people. Repetitions are counted on one Event.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use kube::api::{ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::pods::time;

/// Events that wait to be written; more are dropped and logged.
const WAITING: usize = 1024;
/// Events whose repetitions are counted instead of written anew.
const REMEMBERED: usize = 512;
/// The least time between two writes of one Event's count.
const PAUSE: Duration = Duration::from_secs(1);

/// Whether an Event tells of normal life or of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Tone {
    Normal,
    Warning,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Said {
    tone: Tone,
    reason: &'static str,
    message: String,
}

/// Writes Events in the background, in order. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    sender: mpsc::Sender<(ObjectReference, Said)>,
}

impl Recorder {
    /// Starts the writer. `component` and `host` tell who speaks.
    pub(crate) fn start(client: Client, component: &'static str, host: String, stop: CancellationToken) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        tokio::spawn(write_all(
            Writer { client, component, host, held: HashMap::new(), order: VecDeque::new() },
            receiver,
            stop,
        ));
        Self { sender }
    }

    /// Tells of something that happened to `object`. Never blocks.
    pub(crate) fn tell(&self, object: &ObjectReference, tone: Tone, reason: &'static str, message: impl Into<String>) {
        let said = Said { tone, reason, message: message.into() };
        if let Err(error) = self.sender.try_send((object.clone(), said)) {
            tracing::debug!(%error, "an event was dropped: too many are waiting");
        }
    }
}

/// The reference by which an Event names its object.
pub(crate) fn reference<K: Resource<DynamicType = ()>>(object: &K) -> ObjectReference {
    ObjectReference { resource_version: None, ..object.object_ref(&()) }
}

struct Writer {
    client: Client,
    component: &'static str,
    host: String,
    held: HashMap<(String, Said), Held>,
    order: VecDeque<(String, Said)>,
}

struct Held {
    name: String,
    count: i32,
    written: Instant,
}

async fn write_all(mut writer: Writer, mut receiver: mpsc::Receiver<(ObjectReference, Said)>, stop: CancellationToken) {
    loop {
        let next = tokio::select! {
            () = stop.cancelled() => return,
            next = receiver.recv() => next,
        };
        let Some((object, said)) = next else { return };
        if let Err(error) = writer.write(&object, said).await {
            tracing::debug!(%error, "an event was not written");
        }
    }
}

impl Writer {
    async fn write(&mut self, object: &ObjectReference, said: Said) -> Result<(), kube::Error> {
        let namespace = object.namespace.clone().unwrap_or_else(|| "default".to_owned());
        let events: Api<Event> = Api::namespaced(self.client.clone(), &namespace);
        let now = time(jiff::Timestamp::now());
        let key = (object.uid.clone().unwrap_or_default(), said.clone());
        if let Some(held) = self.held.get_mut(&key) {
            held.count += 1;
            if held.written.elapsed() < PAUSE {
                return Ok(());
            }
            held.written = Instant::now();
            let patch = json!({"count": held.count, "lastTimestamp": now});
            match events.patch(&held.name, &PatchParams::default(), &Patch::Merge(patch)).await {
                Ok(_) => return Ok(()),
                // The server forgets old events.
                Err(kube::Error::Api(status)) if status.code == 404 => {
                    self.held.remove(&key);
                    self.order.retain(|other| *other != key);
                }
                Err(error) => return Err(error),
            }
        }
        let suffix = &uuid::Uuid::now_v7().simple().to_string()[..16];
        let name = format!("{}.{suffix}", object.name.clone().unwrap_or_default());
        let event = Event {
            metadata: ObjectMeta { name: Some(name.clone()), namespace: Some(namespace), ..ObjectMeta::default() },
            involved_object: object.clone(),
            type_: Some(format!("{:?}", said.tone)),
            reason: Some(said.reason.to_owned()),
            message: Some(said.message.clone()),
            source: Some(EventSource { component: Some(self.component.to_owned()), host: Some(self.host.clone()) }),
            reporting_component: Some(self.component.to_owned()),
            reporting_instance: Some(self.host.clone()),
            count: Some(1),
            first_timestamp: Some(now.clone()),
            last_timestamp: Some(now),
            ..Event::default()
        };
        events.create(&PostParams::default(), &event).await?;
        if self.order.len() >= REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.held.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.held.insert(key, Held { name, count: 1, written: Instant::now() });
        Ok(())
    }
}
