//! The end of a pod: withdrawn from traffic, told to stop, killed when its grace is over, removed, forgotten.

use std::net::IpAddr;
use std::time::Duration;

use kube::api::{DeleteParams, Preconditions};
use kube::{Api, ResourceExt as _};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::decide::{needs_infra, sidecars};
use super::hooks::EXTENSION;
use super::labels;
use super::start::LONGEST_GRACE;
use super::worker::{RETRY, Worker};
use crate::engine::{Phase, engine_words};
use crate::network_plan::LeavingPod;
use crate::recorder::Tone;

/// A container on its way out.
struct Leaving {
    id: String,
    signal: String,
    /// Its place among the sidecars, where it is one.
    place: Option<usize>,
    hook: Option<AbortOnDropHandle<()>>,
    /// It has got its stop signal.
    told: bool,
}

impl Worker {
    /// Ends the pod. Returns when nothing of it is left. `gone`: the API has forgotten it already.
    pub(super) async fn terminate(&mut self, mut gone: bool) {
        self.probes.clear();
        self.hooks.clear();
        self.ending.clear();
        // By a clock that nobody sets: when the pod is killed does not hang on the time of day.
        let begun = Instant::now();
        if self.any_runs() {
            let names: Vec<String> = self.containers.keys().cloned().collect();
            for name in names {
                let message = format!("Stopping container {name}");
                self.ground.recorder.tell(&self.reference, Tone::Normal, "Killing", message);
            }
            self.withdraw().await;
        }
        let mut leaving = self.leaving();
        let mut extended = false;
        while self.any_runs() {
            let left = left(self.grace(), extended, begun.elapsed());
            let late = left.is_zero();
            let waits_for_signal = self.tell_to_stop(&mut leaving, late).await;
            if late && waits_for_signal && !extended && !self.grace().is_zero() {
                // Hooks or sidecars' turns have used up the grace.
                extended = true;
                continue;
            }
            if late {
                self.signal_all("SIGKILL").await;
            }
            // The engine's events end the wait; the pause is for an engine that does not answer.
            let pause = if late { RETRY } else { left.min(RETRY * 5) };
            tokio::select! {
                () = self.mailbox.arrived() => {}
                () = tokio::time::sleep(pause) => {}
            }
            let mail = self.mailbox.take();
            gone |= mail.gone;
            if let Some(pod) = mail.pod {
                self.pod = pod;
            }
            if let Some(found) = mail.relisted {
                self.containers.clear();
                self.infra = None;
                self.take_all(found);
            }
            self.look_again().await;
        }
        self.remove_containers().await;
        let folder = self.folder.clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || folder.remove()).await {
            tracing::warn!(pod = %self.pod.name_any(), %error, "a pod's folder was not removed");
        }
        if !gone {
            self.delete_object().await;
        }
    }

    fn any_runs(&self) -> bool {
        self.containers.values().flatten().any(|found| found.phase == Phase::Running)
    }

    fn grace(&self) -> Duration {
        let asked = self.pod.metadata.deletion_grace_period_seconds;
        let usual = self.pod.spec.as_ref().and_then(|spec| spec.termination_grace_period_seconds);
        Duration::from_secs(asked.or(usual).unwrap_or(30).max(0) as u64)
    }

    /// No new connection is sent to the pod from here on.
    async fn withdraw(&self) {
        let leaving = LeavingPod {
            namespace: self.pod.namespace().unwrap_or_default(),
            name: self.pod.name_any(),
            uid: self.pod.uid().unwrap_or_default(),
            addresses: self.addresses().iter().filter_map(|address| address.parse::<IpAddr>().ok()).collect(),
            grace: self.grace(),
        };
        let _ = tokio::time::timeout(self.grace(), self.ground.network.pod_leaving(&leaving)).await;
    }

    /// What is to be told to stop. Hooks begin at once.
    fn leaving(&self) -> Vec<Leaving> {
        let spec = self.pod.spec.clone().unwrap_or_default();
        let beside: Vec<&str> = sidecars(&spec).map(|container| container.name.as_str()).collect();
        let grace = self.grace();
        let running = self.containers.iter().flat_map(|(name, attempts)| {
            attempts.iter().filter(|found| found.phase == Phase::Running).map(move |found| (name, found))
        });
        let leaving = running.map(|(name, found)| Leaving {
            id: found.id.clone(),
            signal: found.stop_signal.clone().unwrap_or_else(|| "SIGTERM".to_owned()),
            place: beside.iter().position(|beside| beside == name),
            hook: self.container(name).and_then(|container| self.begin_pre_stop(&container, &found.id, grace)),
            told: false,
        });
        leaving.collect()
    }

    /// Gives the stop signal to each container whose hook is over and whose turn it is: sidecars after all others, the
    /// last of them first. `late`: to all that have not got it. Returns whether one had not.
    async fn tell_to_stop(&self, leaving: &mut [Leaving], late: bool) -> bool {
        let runs =
            |id: &str| self.containers.values().flatten().any(|found| found.id == id && found.phase == Phase::Running);
        let places: Vec<Option<usize>> = leaving.iter().filter(|one| runs(&one.id)).map(|one| one.place).collect();
        let mut any = false;
        for one in leaving.iter_mut().filter(|one| !one.told && runs(&one.id)) {
            any = true;
            let hook_runs = one.hook.as_ref().is_some_and(|hook| !hook.is_finished());
            // A place of none is before every place.
            let turn = one.place.is_none() || places.iter().all(|other| other.is_some() && *other <= one.place);
            if (hook_runs || !turn) && !late {
                continue;
            }
            one.told = true;
            if let Err(error) = self.ground.engine.signal(&one.id, &one.signal).await {
                tracing::warn!(pod = %self.pod.name_any(), error = %engine_words(&error), "a container was not signalled");
            }
        }
        any
    }

    async fn signal_all(&self, signal: &str) {
        for found in self.containers.values().flatten().filter(|found| found.phase == Phase::Running) {
            if let Err(error) = self.ground.engine.signal(&found.id, signal).await {
                tracing::warn!(pod = %self.pod.name_any(), error = %engine_words(&error), "a container was not signalled");
            }
        }
    }

    async fn look_again(&mut self) {
        let running: Vec<String> = self
            .containers
            .values()
            .flatten()
            .filter(|found| found.phase == Phase::Running)
            .map(|found| found.id.clone())
            .collect();
        for id in running {
            match self.ground.engine.inspect(&id).await {
                Ok(Some(found)) => self.take(found),
                Ok(None) => self.forget(&id),
                Err(error) => tracing::debug!(%error, "a container was not looked at"),
            }
        }
    }

    async fn remove_containers(&mut self) {
        let mut ids: Vec<String> = self.containers.values().flatten().map(|found| found.id.clone()).collect();
        ids.extend(self.infra.as_ref().map(|infra| infra.id.clone()));
        ids.extend(self.never_seen());
        for id in ids {
            while let Err(error) = self.ground.engine.remove(&id).await {
                tracing::warn!(pod = %self.pod.name_any(), error = %engine_words(&error), "a container was not removed; trying again");
                tokio::time::sleep(RETRY).await;
            }
            self.forget(&id);
        }
    }

    /// The names of containers that nobody has seen. An engine that was killed while it made one has its files, and lists
    /// nothing.
    fn never_seen(&self) -> Vec<String> {
        let spec = self.pod.spec.clone().unwrap_or_default();
        let all =
            spec.init_containers.iter().flatten().chain(&spec.containers).map(|container| container.name.as_str());
        let infra = (needs_infra(&spec) && self.infra.is_none()).then_some(labels::INFRA);
        let unseen = all.filter(|name| self.containers.get(*name).is_none_or(Vec::is_empty)).chain(infra);
        unseen.map(|name| labels::engine_name(&self.pod, name, 0)).collect()
    }

    /// Tells the API that nothing of the pod is left.
    async fn delete_object(&self) {
        let pods: Api<k8s_openapi::api::core::v1::Pod> =
            Api::namespaced(self.ground.client.clone(), &self.pod.namespace().unwrap_or_default());
        let parameters = DeleteParams {
            grace_period_seconds: Some(0),
            preconditions: Some(Preconditions { uid: self.pod.uid(), resource_version: None }),
            ..DeleteParams::default()
        };
        loop {
            match pods.delete(&self.pod.name_any(), &parameters).await {
                Ok(_) => return,
                // Gone, or another pod of that name.
                Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => return,
                Err(error) => {
                    tracing::warn!(pod = %self.pod.name_any(), %error, "the pod was not deleted; trying again");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }
}

/// How much is left of the time that a pod's containers have, `elapsed` after it was told to go; `extended`: its hooks or
/// the turns of its sidecars have used up the grace.
fn left(grace: Duration, extended: bool, elapsed: Duration) -> Duration {
    let extension = if extended { EXTENSION } else { Duration::ZERO };
    grace.min(LONGEST_GRACE).saturating_add(extension).saturating_sub(elapsed)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{EXTENSION, LONGEST_GRACE, left};

    #[test]
    fn the_grace_is_measured_from_its_begin_whatever_the_time_of_day_is_set_to() {
        let seconds = Duration::from_secs;
        for (grace, extended, elapsed, expected) in [
            (seconds(30), false, seconds(0), seconds(30)),
            (seconds(30), false, seconds(12), seconds(18)),
            (seconds(30), false, seconds(30), Duration::ZERO),
            (seconds(30), false, seconds(3600), Duration::ZERO),
            (seconds(30), true, seconds(30), EXTENSION),
            (seconds(30), true, seconds(33), Duration::ZERO),
            (Duration::ZERO, false, seconds(0), Duration::ZERO),
            // As long as a number can say.
            (seconds(i64::MAX as u64), false, seconds(1), LONGEST_GRACE.saturating_sub(seconds(1))),
        ] {
            assert_eq!(left(grace, extended, elapsed), expected, "{grace:?} {extended} {elapsed:?}");
        }
    }
}
