//! Lifecycle hooks: what is asked of a container right after its start, and right before it is told to stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Container, LifecycleHandler, ObjectReference};
use kube::ResourceExt as _;
use tokio_util::task::AbortOnDropHandle;

use super::ask::Target;
use super::ground::Ground;
use super::worker::Worker;
use crate::engine::engine_words;
use crate::recorder::Tone;

/// A hook after the start may take as long as it likes; this bounds one whose end is never told.
const LONGEST: Duration = Duration::from_hours(24);
/// What a container gets after its stop signal when its hook has used up the grace.
pub(super) const EXTENSION: Duration = Duration::from_secs(2);

impl Worker {
    /// Whom hooks and probes of a container ask.
    pub(super) fn target(&self, container: &Container, id: &str) -> Target {
        Target {
            engine: self.ground.engine.clone(),
            container: container.clone(),
            container_id: id.to_owned(),
            address: self.addresses().first().cloned(),
        }
    }

    /// Whether the hook after the start is over; begins it where it has not begun. After a restart of the node a hook
    /// whose end was not told runs again, as Kubernetes allows.
    pub(super) fn post_start_is_over(&mut self, container: &Container, id: &str, known_started: bool) -> bool {
        let Some(handler) = container.lifecycle.as_ref().and_then(|hooks| hooks.post_start.clone()) else {
            return true;
        };
        if known_started || self.hooked.contains(id) {
            return true;
        }
        if !self.hooks.contains_key(id) {
            let (target, mailbox, ended) = (self.target(container, id), self.mailbox.clone(), id.to_owned());
            let hook = tokio::spawn(async move {
                let answer = handle(&target, &handler, LONGEST).await;
                mailbox.put(|mail| {
                    mail.hooks.insert(ended, answer);
                });
            });
            self.hooks.insert(id.to_owned(), AbortOnDropHandle::new(hook));
        }
        false
    }

    /// Takes in the end of a hook after the start.
    pub(super) fn hook_ended(&mut self, id: &str, answer: Result<(), String>) {
        if self.hooks.remove(id).is_none() {
            return;
        }
        match answer {
            Ok(()) => {
                self.hooked.insert(id.to_owned());
            }
            Err(words) => {
                let message = format!("PostStartHook failed: {words}");
                self.ground.recorder.tell(&self.reference, Tone::Warning, "FailedPostStartHook", message);
                self.unhealthy.insert(id.to_owned(), "FailedPostStartHook".to_owned());
            }
        }
    }

    /// Begins the hook before the stop, where the container has one and there is time for it. The worker is woken when
    /// it is over.
    pub(super) fn begin_pre_stop(
        &self,
        container: &Container,
        id: &str,
        grace: Duration,
    ) -> Option<AbortOnDropHandle<()>> {
        let handler = container.lifecycle.as_ref()?.pre_stop.clone()?;
        if grace.is_zero() {
            return None;
        }
        let (target, mailbox) = (self.target(container, id), self.mailbox.clone());
        let (ground, about) = (self.ground.clone(), self.reference.clone());
        let hook = tokio::spawn(async move {
            pre_stop(&ground, &about, &target, &handler, grace).await;
            mailbox.put(|_| {});
        });
        Some(AbortOnDropHandle::new(hook))
    }

    /// Runs the hook, then gives the stop signal, and kills when the grace is over.
    pub(super) fn stop_after_hook(
        &self,
        container: &Container,
        handler: LifecycleHandler,
        id: &str,
        signal: String,
        grace: Duration,
    ) -> AbortOnDropHandle<()> {
        let target = self.target(container, id);
        let (ground, about, name) = (self.ground.clone(), self.reference.clone(), self.pod.name_any());
        AbortOnDropHandle::new(tokio::spawn(async move {
            let begun = Instant::now();
            pre_stop(&ground, &about, &target, &handler, grace).await;
            for (signal, pause) in
                [(signal.as_str(), grace.saturating_sub(begun.elapsed()).max(EXTENSION)), ("SIGKILL", Duration::ZERO)]
            {
                if let Err(error) = ground.engine.signal(&target.container_id, signal).await {
                    tracing::warn!(pod = %name, error = %engine_words(&error), "a container was not signalled");
                }
                tokio::time::sleep(pause).await;
            }
        }))
    }
}

async fn pre_stop(
    ground: &Arc<Ground>,
    about: &ObjectReference,
    target: &Target,
    handler: &LifecycleHandler,
    grace: Duration,
) {
    let answer = tokio::time::timeout(grace, handle(target, handler, grace)).await;
    let answer =
        answer.unwrap_or_else(|_| Err(format!("it did not end within the grace period of {} s", grace.as_secs())));
    if let Err(words) = answer {
        ground.recorder.tell(about, Tone::Warning, "FailedPreStopHook", format!("PreStopHook failed: {words}"));
    }
}

async fn handle(target: &Target, handler: &LifecycleHandler, deadline: Duration) -> Result<(), String> {
    if let Some(action) = &handler.exec {
        target.exec(action, deadline).await
    } else if let Some(action) = &handler.http_get {
        target.http(action).await
    } else if let Some(action) = &handler.sleep {
        tokio::time::sleep(Duration::from_secs(action.seconds.max(0) as u64)).await;
        Ok(())
    } else {
        Err("the hook has no action; exec, httpGet and sleep are supported".to_owned())
    }
}
