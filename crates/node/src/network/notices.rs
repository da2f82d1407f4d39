//! What is told about Services and NetworkPolicies where their users look for it: Kubernetes events; about Services once per
//! cause.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::key::ObjectKey;

/// Notices that wait to be written; above that they are logged only.
const WAITING: usize = 256;
/// Causes remembered, so that each is told once.
const REMEMBERED: usize = 4096;

/// Writes events about Services and NetworkPolicies.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notices {
    queue: Option<mpsc::Sender<(ObjectReference, Event)>>,
    told: Arc<Mutex<HashSet<(String, String, String)>>>,
    _task: Option<Arc<AbortOnDropHandle<()>>>,
}

impl Notices {
    pub(crate) fn start(client: Client) -> Self {
        let (queue, mut waiting) = mpsc::channel::<(ObjectReference, Event)>(WAITING);
        let recorder = Recorder::new(client, Reporter { controller: "service-proxy".into(), instance: None });
        let task = tokio::spawn(async move {
            while let Some((object, event)) = waiting.recv().await {
                if let Err(error) = recorder.publish(&event, &object).await {
                    tracing::debug!(%error, "an event could not be written");
                }
            }
        });
        Self { queue: Some(queue), told: Arc::default(), _task: Some(Arc::new(AbortOnDropHandle::new(task))) }
    }

    /// Warns about a Service; the same words about the same Service are told once.
    pub(crate) fn warn(&self, service: &ObjectKey, uid: &str, reason: &str, note: String) {
        {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.len() >= REMEMBERED {
                told.clear();
            }
            if !told.insert((uid.to_owned(), reason.to_owned(), note.clone())) {
                return;
            }
        }
        tracing::warn!(%service, reason, "{note}");
        let object = ObjectReference {
            api_version: Some("v1".into()),
            kind: Some("Service".into()),
            name: Some(service.name.clone()),
            namespace: Some(service.namespace.clone()),
            uid: Some(uid.to_owned()),
            ..ObjectReference::default()
        };
        self.publish(object, EventType::Warning, reason, note);
    }

    /// Warns about any object, each time.
    pub(crate) fn warn_of(&self, object: ObjectReference, reason: &str, note: String) {
        self.publish(object, EventType::Warning, reason, note);
    }

    /// Notes something about any object, each time.
    pub(crate) fn note(&self, object: ObjectReference, reason: &str, note: String) {
        self.publish(object, EventType::Normal, reason, note);
    }

    fn publish(&self, object: ObjectReference, type_: EventType, reason: &str, note: String) {
        let event =
            Event { type_, reason: reason.to_owned(), note: Some(note), action: "Serving".into(), secondary: None };
        if let Some(queue) = &self.queue {
            let _ = queue.try_send((object, event));
        }
    }
}
