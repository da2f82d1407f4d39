//! The probes of one running container, and what they add up to.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Container;

use super::decide::sidecars;
use super::probes::{self, Kind, Report, Running};
use super::status::Probed;
use super::worker::Worker;
use crate::engine::Phase;
use crate::recorder::Tone;

/// The probes of one attempt of a container.
#[derive(Debug)]
pub(crate) struct ProbeSet {
    id: String,
    started: bool,
    ready: bool,
    running: Vec<Running>,
}

impl ProbeSet {
    /// The container that is probed.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn verdict(&self) -> Probed {
        Probed { started: self.started, ready: self.started && self.ready }
    }
}

impl Worker {
    /// Has each running container probed, and nothing else.
    pub(super) fn tend_probes(&mut self) {
        let spec = self.pod.spec.clone().unwrap_or_default();
        for container in sidecars(&spec).chain(&spec.containers) {
            let newest = self.containers.get(&container.name).and_then(|attempts| attempts.first()).cloned();
            let Some(found) = newest.filter(|found| found.phase == Phase::Running) else {
                self.probes.remove(&container.name);
                continue;
            };
            if self.probes.get(&container.name).is_some_and(|set| set.id == found.id) {
                continue;
            }
            let status = self.pod.status.as_ref();
            let mut told = status.into_iter().flat_map(|status| {
                status.init_container_statuses.iter().flatten().chain(status.container_statuses.iter().flatten())
            });
            let full_id = format!("{}{}", self.ground.engine_scheme(), found.id);
            // After a restart of the node, what was ready stays so until a probe says otherwise.
            let known = told.find(|told| told.container_id.as_deref() == Some(&full_id));
            let known_started = known.is_some_and(|known| known.started == Some(true));
            let set = ProbeSet {
                id: found.id.clone(),
                started: container.startup_probe.is_none() || known_started,
                ready: container.readiness_probe.is_none() || known.is_some_and(|known| known.ready),
                running: Vec::new(),
            };
            if !self.post_start_is_over(container, &found.id, known_started) {
                self.probes.remove(&container.name);
                continue;
            }
            let started = set.started;
            self.probes.insert(container.name.clone(), set);
            if started {
                self.probe_life(container, &found.id);
            } else if let Some(probe) = &container.startup_probe {
                self.probe(container, &found.id, Kind::Startup, probe.clone());
            }
        }
    }

    fn probe_life(&mut self, container: &Container, id: &str) {
        if let Some(probe) = &container.readiness_probe {
            self.probe(container, id, Kind::Readiness, probe.clone());
        }
        if let Some(probe) = &container.liveness_probe {
            self.probe(container, id, Kind::Liveness, probe.clone());
        }
    }

    fn probe(&mut self, container: &Container, id: &str, kind: Kind, probe: k8s_openapi::api::core::v1::Probe) {
        let target = self.target(container, id);
        let (mailbox, id) = (self.mailbox.clone(), id.to_owned());
        let tell = Arc::new(move |kind, report| {
            mailbox.put(|mail| {
                mail.reports.insert((id.clone(), kind), report);
            });
        });
        let running = probes::start(kind, probe, target, tell);
        if let Some(set) = self.probes.get_mut(&container.name) {
            set.running.push(running);
        }
    }

    /// Takes in a probe's word.
    pub(super) fn heard(&mut self, id: &str, kind: Kind, report: &Report) {
        let Some((name, set)) = self.probes.iter_mut().find(|(_, set)| set.id == id) else { return };
        let name = name.clone();
        match report {
            Report::Passed => match kind {
                Kind::Startup => {
                    set.started = true;
                    if let Some(container) = self.container(&name) {
                        self.probe_life(&container, id);
                    }
                }
                Kind::Readiness => set.ready = true,
                Kind::Liveness => {}
            },
            Report::Failing(words) => {
                let message = format!("{} probe failed: {words}", kind.word());
                // A container that is still on its way to being ready has not failed anything yet.
                if kind != Kind::Readiness || set.ready {
                    self.ground.recorder.tell(&self.reference, Tone::Warning, "Unhealthy", message);
                }
            }
            Report::Failed(words) => {
                let message = format!("{} probe failed: {words}", kind.word());
                self.ground.recorder.tell(&self.reference, Tone::Warning, "Unhealthy", message);
                match kind {
                    Kind::Readiness => set.ready = false,
                    Kind::Startup | Kind::Liveness => {
                        let what = kind.word().to_ascii_lowercase();
                        let why = format!("Container {name} failed {what} probe, will be restarted");
                        self.unhealthy.insert(id.to_owned(), why);
                    }
                }
            }
        }
    }
}
