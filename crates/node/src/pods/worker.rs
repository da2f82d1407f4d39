//! One pod's worker: takes its mail, looks, tells the status, acts, and waits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ObjectReference, Pod};
use kube::ResourceExt as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::decide::{Action, Block, Decision, Seen, decide, is_final};
use super::fields::{Unsupported, unsupported};
use super::ground::Ground;
use super::labels;
use super::mailbox::{Mail, Mailbox};
use super::out_of_memory::{KILLED, killed_by_kernel};
use super::probe_set::ProbeSet;
use super::volume_files::PodFolder;
use crate::engine::{Observed, Phase, engine_words};
use crate::recorder::{Tone, reference};
use crate::watch::LONGEST_SLEEP;

/// How much of a container's last words is shown.
const LAST_WORDS: u64 = 4096;
/// How much of a failed container's log is shown in their place where the container asks for that.
const LOG_LINES: u32 = 80;
const LOG_BYTES: usize = 2048;
/// The pause before something that failed without its own back-off is tried again.
pub(super) const RETRY: Duration = Duration::from_secs(1);

/// Why a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The pod is gone and nothing of it is left.
    Removed,
    /// The node stops; containers run on.
    Stopped,
}

/// Ids of containers of which the worker knows more than the engine.
pub(super) struct Noted {
    stopping: BTreeSet<String>,
    started: BTreeSet<String>,
}

pub(crate) struct Worker {
    pub(super) ground: Arc<Ground>,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) pod: Arc<Pod>,
    pub(super) reference: ObjectReference,
    pub(super) folder: PodFolder,
    pub(super) infra: Option<Observed>,
    pub(super) containers: BTreeMap<String, Vec<Observed>>,
    pub(super) blocked: BTreeMap<String, Block>,
    pub(super) unhealthy: BTreeMap<String, String>,
    /// When each container that was told to stop is killed, by a clock that nobody sets.
    pub(super) stopping: BTreeMap<String, Instant>,
    /// Images that are being pulled.
    pub(super) pulling: BTreeSet<String>,
    /// Images whose latest version was looked for, for `imagePullPolicy: Always`: by container and attempt.
    pub(super) refreshed: BTreeSet<(String, u32)>,
    pub(super) probes: BTreeMap<String, ProbeSet>,
    /// Hooks after the start that are running, by container id.
    pub(super) hooks: BTreeMap<String, AbortOnDropHandle<()>>,
    /// Ids of containers whose hook after the start succeeded.
    pub(super) hooked: BTreeSet<String>,
    /// Containers whose hook before the stop and stop signal are under way, by id.
    pub(super) ending: BTreeMap<String, AbortOnDropHandle<()>>,
    pub(super) last_words: BTreeMap<String, String>,
    pub(super) out_of_memory: BTreeSet<String>,
    pub(super) unsupported: Vec<Unsupported>,
    /// A write to the API failed and is to be tried again.
    pub(super) write_again: bool,
    /// Files of volumes could not be written and are to be tried again.
    pub(super) files_again: bool,
    /// Ids of containers that the engine could not tell about when they changed.
    pub(super) look_again: BTreeSet<String>,
    /// The waits for the ends of running containers, by container id, with the process that is watched.
    ends: BTreeMap<String, (Option<i32>, AbortOnDropHandle<()>)>,
}

impl Worker {
    pub(crate) fn new(ground: Arc<Ground>, mailbox: Arc<Mailbox>, pod: Arc<Pod>, adopted: Vec<Observed>) -> Self {
        let spec = serde_json::to_value(&pod.spec).unwrap_or_default();
        let folder = PodFolder::new(&ground.pods_folder, &ground.memory_folder, &pod.uid().unwrap_or_default());
        let mut worker = Self {
            reference: reference(&*pod),
            unsupported: unsupported(&spec),
            ground,
            mailbox,
            pod,
            folder,
            infra: None,
            containers: BTreeMap::new(),
            blocked: BTreeMap::new(),
            unhealthy: BTreeMap::new(),
            stopping: BTreeMap::new(),
            pulling: BTreeSet::new(),
            refreshed: BTreeSet::new(),
            probes: BTreeMap::new(),
            hooks: BTreeMap::new(),
            hooked: BTreeSet::new(),
            ending: BTreeMap::new(),
            last_words: BTreeMap::new(),
            out_of_memory: BTreeSet::new(),
            write_again: false,
            files_again: false,
            look_again: BTreeSet::new(),
            ends: BTreeMap::new(),
        };
        worker.take_all(adopted);
        worker
    }

    /// Works until the pod is gone or the node stops.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> End {
        for field in &self.unsupported {
            self.ground.recorder.tell(&self.reference, Tone::Warning, "UnsupportedField", field.to_string());
        }
        let all: Vec<Observed> = self.containers.values().flatten().cloned().collect();
        for found in all {
            self.look_into_end(&found).await;
        }
        loop {
            let mail = self.mailbox.take();
            let gone = mail.gone;
            self.read(mail).await;
            if gone || self.pod.metadata.deletion_timestamp.is_some() {
                return tokio::select! {
                    () = stop.cancelled() => End::Stopped,
                    () = self.terminate(gone) => End::Removed,
                };
            }
            self.tend_probes();
            self.write_status().await;
            let decision = if self.unsupported.is_empty() { self.decide() } else { Decision::default() };
            let acted = !decision.actions.is_empty();
            for action in decision.actions {
                if stop.is_cancelled() {
                    return End::Stopped;
                }
                self.act(action).await;
            }
            self.kill_overdue().await;
            if acted {
                self.tend_probes();
                self.write_status().await;
                self.settle_pull_failures();
                self.write_status().await;
            }
            // Acting may have changed what is next; its wishes for time are asked anew.
            let next = if self.unsupported.is_empty() { self.decide() } else { Decision::default() };
            let pending = next.actions.iter().any(|action| !self.waits_for_pull(action));
            if pending && !acted {
                continue;
            }
            let mut wake = next.look_again;
            let kill = self.stopping.values().min().copied();
            let failed = self.write_again || self.files_again || !self.look_again.is_empty();
            if pending || failed {
                let soon = Timestamp::now().saturating_add(RETRY).unwrap_or(Timestamp::MAX);
                let soon = if pending && !failed { Timestamp::now() } else { soon };
                wake = Some(wake.map_or(soon, |wake| wake.min(soon)));
            }
            tokio::select! {
                () = stop.cancelled() => return End::Stopped,
                () = self.mailbox.arrived() => {}
                () = sleep_until(wake) => {}
                () = async { tokio::time::sleep_until(kill.unwrap_or_else(Instant::now)).await }, if kill.is_some() => {}
            }
        }
    }

    pub(super) fn seen<'a>(&'a self, noted: &'a Noted) -> Seen<'a> {
        Seen {
            pod: &self.pod,
            infra: self.infra.as_ref(),
            containers: &self.containers,
            blocked: &self.blocked,
            unhealthy: &self.unhealthy,
            stopping: &noted.stopping,
            started: &noted.started,
            backoff: self.ground.backoff,
            now: Timestamp::now(),
        }
    }

    pub(super) fn noted(&self) -> Noted {
        let started = self.probes.values().filter(|set| set.verdict().started).map(|set| set.id().to_owned());
        Noted { stopping: self.stopping.keys().cloned().collect(), started: started.collect() }
    }

    fn decide(&self) -> Decision {
        let noted = self.noted();
        decide(&self.seen(&noted))
    }

    fn waits_for_pull(&self, action: &Action) -> bool {
        let Action::Start { container, .. } = action else { return false };
        self.container(container).and_then(|found| found.image).is_some_and(|image| self.pulling.contains(&image))
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::StartInfra { attempt } => self.start_infra(attempt).await,
            Action::Start { container, attempt, streak } => self.start(&container, attempt, streak).await,
            Action::Stop { id, container, why } => self.stop(&id, &container, &why).await,
            Action::Remove { id } => {
                if let Err(error) = self.ground.engine.remove(&id).await {
                    tracing::warn!(pod = %self.pod.name_any(), %error, "a container was not removed");
                } else {
                    self.forget(&id);
                }
            }
        }
    }

    async fn read(&mut self, mail: Mail) {
        if let Some(pod) = mail.pod {
            let known = self.pod.resource_version().and_then(|version| version.parse::<u64>().ok());
            let arrived = pod.resource_version().and_then(|version| version.parse::<u64>().ok());
            if arrived >= known || arrived.is_none() {
                let files_change = self.downward_files_differ(&pod);
                self.pod = pod;
                if files_change {
                    self.refresh_volumes().await;
                }
            }
        }
        if let Some(found) = mail.relisted {
            let before: Vec<String> = self.containers.values().flatten().map(|found| found.id.clone()).collect();
            self.containers.clear();
            self.infra = None;
            self.take_all(found);
            let after: Vec<Observed> = self.containers.values().flatten().cloned().collect();
            self.ends.retain(|id, _| {
                after.iter().chain(&self.infra).any(|found| found.id == *id && found.phase == Phase::Running)
            });
            for found in after.into_iter().filter(|found| before.contains(&found.id)) {
                self.look_into_end(&found).await;
            }
            self.unblock(|block| {
                let of_engine =
                    ["CreateContainerError", "RunContainerError", "CreatePodSandboxError", "ImageInspectError"];
                of_engine.contains(&block.reason)
            });
        }
        let started: Vec<String> = mail.started.into_iter().filter(|id| !self.runs(id)).collect();
        let touched: BTreeSet<String> =
            std::mem::take(&mut self.look_again).into_iter().chain(mail.touched).chain(started).collect();
        for id in touched {
            match self.ground.engine.inspect(&id).await {
                Ok(Some(found)) => {
                    if found.phase == Phase::Exited {
                        self.look_into_end(&found).await;
                    }
                    self.take(found);
                }
                Ok(None) => self.forget(&id),
                Err(error) => {
                    tracing::debug!(%error, "a container was not looked at; trying again");
                    self.look_again.insert(id);
                }
            }
        }
        if mail.config {
            self.unblock(|block| matches!(block.reason, "CreateContainerConfigError" | "ContainerCreating"));
        }
        if mail.config || std::mem::take(&mut self.files_again) {
            self.refresh_volumes().await;
        }
        if mail.images {
            self.look_for_images().await;
        }
        for (image, ended) in mail.pulled {
            self.pulled(&image, ended).await;
        }
        for (id, answer) in mail.hooks {
            self.hook_ended(&id, answer);
        }
        for ((id, kind), report) in mail.reports {
            self.heard(&id, kind, &report);
        }
    }

    /// Whether a container was seen running.
    fn runs(&self, id: &str) -> bool {
        let mut all = self.containers.values().flatten().chain(&self.infra);
        all.any(|found| found.id == id && found.phase == Phase::Running)
    }

    fn unblock(&mut self, matches: impl Fn(&Block) -> bool) {
        self.blocked.retain(|_, block| !matches(block));
    }

    pub(super) fn take_all(&mut self, found: Vec<Observed>) {
        for container in found {
            self.take(container);
        }
    }

    /// Takes in one container as it is now.
    pub(super) fn take(&mut self, found: Observed) {
        match found.phase {
            Phase::Running => self.await_end(&found),
            Phase::Exited => self.over(&found.id.clone()),
            Phase::Created => {}
        }
        if found.label(labels::CONTAINER_NAME) == labels::INFRA {
            if self.infra.as_ref().is_none_or(|held| held.id == found.id || held.attempt() < found.attempt()) {
                self.infra = Some(found);
            }
            return;
        }
        let attempts = self.containers.entry(found.label(labels::CONTAINER_NAME).to_owned()).or_default();
        match attempts.iter_mut().find(|held| held.id == found.id) {
            Some(held) => *held = found,
            None => attempts.push(found),
        }
        attempts.sort_by_key(|held| std::cmp::Reverse(held.attempt()));
    }

    pub(super) fn forget(&mut self, id: &str) {
        if self.infra.as_ref().is_some_and(|infra| infra.id == id) {
            self.infra = None;
        }
        for attempts in self.containers.values_mut() {
            attempts.retain(|held| held.id != id);
        }
        self.over(id);
        self.last_words.remove(id);
        self.out_of_memory.remove(id);
    }

    /// A container has ended: what was under way for it is over.
    fn over(&mut self, id: &str) {
        self.stopping.remove(id);
        self.unhealthy.remove(id);
        self.hooks.remove(id);
        self.hooked.remove(id);
        self.ending.remove(id);
        self.ends.remove(id);
    }

    /// Looks at a running container again as soon as its process has ended.
    fn await_end(&mut self, found: &Observed) {
        if self.ends.get(&found.id).is_some_and(|(process, _)| *process == found.process) {
            return;
        }
        let (engine, mailbox, seen) = (self.ground.engine.clone(), self.mailbox.clone(), found.clone());
        let end = tokio::spawn(async move {
            engine.ended(&seen).await;
            mailbox.put(|mail| {
                mail.touched.insert(seen.id);
            });
        });
        self.ends.insert(found.id.clone(), (found.process, AbortOnDropHandle::new(end)));
    }

    /// Finds out why a container ended.
    pub(super) async fn look_into_end(&mut self, found: &Observed) {
        let name = found.label(labels::CONTAINER_NAME);
        if found.phase != Phase::Exited || name == labels::INFRA {
            return;
        }
        let policy = self.container(name).and_then(|container| container.termination_message_policy);
        if let Some(words) = self.folder.read_last_words(name, found.attempt(), LAST_WORDS) {
            self.last_words.insert(found.id.clone(), words);
        } else if found.exit_code != 0 && policy.as_deref() == Some("FallbackToLogsOnError") {
            match self.ground.engine.last_lines(&found.id, LOG_LINES, LOG_BYTES).await {
                Ok(words) => self.last_words.extend((!words.is_empty()).then(|| (found.id.clone(), words))),
                Err(error) => {
                    tracing::warn!(pod = %self.pod.name_any(), error = %engine_words(&error), "a log was not read");
                }
            }
        }
        if found.exit_code == KILLED
            && found.memory_limited
            && !found.oom_killed
            && killed_by_kernel(found.id.clone()).await
        {
            self.out_of_memory.insert(found.id.clone());
        }
    }

    async fn kill_overdue(&mut self) {
        let now = Instant::now();
        let overdue: Vec<String> =
            self.stopping.iter().filter(|(_, deadline)| **deadline <= now).map(|(id, _)| id.clone()).collect();
        for id in overdue {
            if let Err(error) = self.ground.engine.signal(&id, "SIGKILL").await {
                tracing::warn!(pod = %self.pod.name_any(), %error, "a container was not killed");
            }
            if let Some(deadline) = self.stopping.get_mut(&id) {
                *deadline = now + RETRY * 10;
            }
            self.mailbox.put(|mail| {
                mail.touched.insert(id);
            });
        }
    }

    pub(super) fn container(&self, name: &str) -> Option<k8s_openapi::api::core::v1::Container> {
        let spec = self.pod.spec.as_ref()?;
        spec.init_containers.iter().flatten().chain(&spec.containers).find(|container| container.name == name).cloned()
    }

    /// Whether the pod has come to its end by itself.
    pub(super) fn done(&self) -> bool {
        is_final(&self.pod)
    }
}

pub(super) async fn sleep_until(moment: Option<Timestamp>) {
    match moment {
        Some(moment) => {
            let left = Duration::try_from(moment.duration_since(Timestamp::now())).unwrap_or_default();
            tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
        }
        None => std::future::pending().await,
    }
}
