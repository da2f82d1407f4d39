//! The end of a pod: withdrawn from traffic, told to stop, killed when its grace is over, removed, forgotten.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use kube::api::{DeleteParams, Preconditions};
use kube::{Api, ResourceExt as _};

use super::worker::{RETRY, Worker, sleep_until};
use crate::engine::{Phase, engine_words};
use crate::network_plan::LeavingPod;
use crate::recorder::Tone;

impl Worker {
    /// Ends the pod. Returns when nothing of it is left. `gone`: the API has forgotten it already.
    pub(super) async fn terminate(&mut self, mut gone: bool) {
        self.probes.clear();
        let requested = Timestamp::now();
        if self.any_runs() {
            let names: Vec<String> = self.containers.keys().cloned().collect();
            for name in names {
                let message = format!("Stopping container {name}");
                self.ground.recorder.tell(&self.reference, Tone::Normal, "Killing", message);
            }
            self.withdraw().await;
        }
        self.signal_all(None).await;
        while self.any_runs() {
            let deadline = requested.saturating_add(self.grace()).unwrap_or(Timestamp::MAX);
            let now = Timestamp::now();
            if now >= deadline {
                self.signal_all(Some("SIGKILL")).await;
            }
            // The engine's events end the wait; the pause is for an engine that does not answer.
            let longest = now.saturating_add(RETRY * if now >= deadline { 1 } else { 5 }).unwrap_or(Timestamp::MAX);
            let wake = if now >= deadline { longest } else { longest.min(deadline) };
            tokio::select! {
                () = self.mailbox.arrived() => {}
                () = sleep_until(Some(wake)) => {}
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
        };
        let _ = tokio::time::timeout(self.grace(), self.ground.network.pod_leaving(&leaving)).await;
    }

    async fn signal_all(&self, signal: Option<&str>) {
        for found in self.containers.values().flatten().filter(|found| found.phase == Phase::Running) {
            let signal = signal.or(found.stop_signal.as_deref()).unwrap_or("SIGTERM");
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
        for id in ids {
            while let Err(error) = self.ground.engine.remove(&id).await {
                tracing::warn!(pod = %self.pod.name_any(), error = %engine_words(&error), "a container was not removed; trying again");
                tokio::time::sleep(RETRY).await;
            }
            self.forget(&id);
        }
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
