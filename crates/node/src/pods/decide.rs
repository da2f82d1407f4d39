//! What to do next for a pod, from what is seen of it. Pure: no clock, no engine.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod, PodSpec};

use super::backoff::Backoff;
use super::environment::needs_address;
use super::labels;
use crate::engine::{Observed, Phase};

/// Why a container cannot start now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// The reason as Kubernetes words it, such as `ImagePullBackOff`.
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    /// When to try again; `None`: when something that it waits for changes.
    pub(crate) until: Option<Timestamp>,
    /// How often in a row it failed.
    pub(crate) failures: u32,
}

/// All that is known of one pod.
#[derive(Debug, Clone)]
pub(crate) struct Seen<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) infra: Option<&'a Observed>,
    /// By container name, the newest attempt first.
    pub(crate) containers: &'a BTreeMap<String, Vec<Observed>>,
    /// By container name.
    pub(crate) blocked: &'a BTreeMap<String, Block>,
    /// Ids of containers whose liveness or startup probe gave up, with its words.
    pub(crate) unhealthy: &'a BTreeMap<String, String>,
    /// Ids of containers that were told to stop.
    pub(crate) stopping: &'a BTreeSet<String>,
    /// Ids of running containers whose start is complete: hook and startup probe, where they have them.
    pub(crate) started: &'a BTreeSet<String>,
    pub(crate) backoff: Backoff,
    pub(crate) now: Timestamp,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Make and start the container that holds the network; the old one, if any, is removed.
    StartInfra { attempt: u32 },
    /// Make and start an attempt of a container.
    Start { container: String, attempt: u32, streak: u32 },
    /// Tell a container to stop.
    Stop { id: String, container: String, why: String },
    /// Remove an ended container.
    Remove { id: String },
}

/// What to do now, and when to look again if nothing happens before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) actions: Vec<Action>,
    pub(crate) look_again: Option<Timestamp>,
}

impl Decision {
    fn wake_at(&mut self, moment: Timestamp) {
        self.look_again = Some(self.look_again.map_or(moment, |held| held.min(moment)));
    }
}

/// Whether a pod's containers share the network of a container that does nothing else. A single container holds its
/// network itself, which costs nothing.
pub(crate) fn needs_infra(spec: &PodSpec) -> bool {
    let all = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    spec.containers.len() + spec.init_containers.as_ref().map_or(0, Vec::len) > 1 || all.into_iter().any(needs_address)
}

/// What became of a container so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// It never started.
    New,
    /// It runs.
    Runs,
    /// It ended and stays so.
    Done { succeeded: bool },
    /// It ended and is started again, not before the moment.
    Again { not_before: Option<Timestamp>, attempt: u32, streak: u32 },
}

/// Whether a container of `initContainers` runs on beside the others.
pub(crate) fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

/// The sidecars of a pod, in their order.
pub(crate) fn sidecars(spec: &PodSpec) -> impl DoubleEndedIterator<Item = &Container> {
    let listed: &[Container] = spec.init_containers.as_deref().unwrap_or_default();
    listed.iter().filter(|container| is_sidecar(container))
}

/// The outlook of a container, of `initContainers` or not.
pub(crate) fn outlook(seen: &Seen<'_>, container: &Container, init: bool) -> Outlook {
    let spec = seen.pod.spec.as_ref();
    // A sidecar is started again like a main container, whatever the pod's policy is.
    let once = init && !is_sidecar(container);
    let policy = spec.and_then(|spec| spec.restart_policy.as_deref()).unwrap_or("Always");
    let policy = if init && !once { "Always" } else { policy };
    let starts_again = |succeeded: bool| match policy {
        "Never" => false,
        "OnFailure" => !succeeded,
        _ => !(once && succeeded),
    };
    match newest(seen, &container.name) {
        Some(found) if found.phase == Phase::Running => Outlook::Runs,
        Some(found) if found.phase == Phase::Exited => {
            let succeeded = found.exit_code == 0;
            let changed = !once && found.label(labels::CONTAINER_HASH) != labels::hash(container);
            if !starts_again(succeeded) && !changed {
                return Outlook::Done { succeeded };
            }
            let finished = found.finished_at.unwrap_or(seen.now);
            let ran = finished.duration_since(found.started_at.unwrap_or(finished));
            let ran = Duration::try_from(ran).unwrap_or_default();
            let streak = seen.backoff.next_streak(found.streak(), ran);
            let pause = if streak == 0 || changed { Duration::ZERO } else { seen.backoff.pause(found.streak()) };
            // An end in the future is one before the clock was set back: nobody knows how long it has waited.
            let waits = !pause.is_zero() && finished <= seen.now;
            let not_before = waits.then(|| finished.saturating_add(pause).unwrap_or(finished));
            // A later attempt than the newest that is left has vanished behind our back.
            let told = restarts_told(seen.pod, &container.name, init).unwrap_or_default();
            Outlook::Again { not_before, attempt: found.attempt().max(told) + 1, streak }
        }
        // Made and never started: the attempt is still to be made.
        Some(found) => Outlook::Again { not_before: None, attempt: found.attempt(), streak: found.streak() },
        None => match restarts_told(seen.pod, &container.name, init) {
            None => Outlook::New,
            // It was there and has vanished behind our back: that counts as a failure.
            Some(_) if once && initialized(seen.pod) => Outlook::Done { succeeded: true },
            // It vanished after its end was told.
            Some(_) if end_told(seen.pod, &container.name, init).is_some_and(|code| !starts_again(code == 0)) => {
                Outlook::Done { succeeded: end_told(seen.pod, &container.name, init) == Some(0) }
            }
            Some(_) if !starts_again(false) => Outlook::Done { succeeded: false },
            Some(restarts) => {
                let failures = u32::from(told_to_run(seen.pod, &container.name, init));
                Outlook::Again { not_before: None, attempt: restarts + failures, streak: 0 }
            }
        },
    }
}

/// What the pod's status says of a container.
pub(crate) fn told<'a>(pod: &'a Pod, container: &str, init: bool) -> Option<&'a ContainerStatus> {
    let status = pod.status.as_ref()?;
    let statuses = if init { &status.init_container_statuses } else { &status.container_statuses };
    statuses.iter().flatten().find(|told| told.name == container)
}

/// The exit code in the pod's status of a container that has ended and was not started again.
fn end_told(pod: &Pod, container: &str, init: bool) -> Option<i32> {
    Some(told(pod, container, init)?.state.as_ref()?.terminated.as_ref()?.exit_code)
}

/// The restart count in the pod's status of a container that has been made once.
pub(crate) fn restarts_told(pod: &Pod, container: &str, init: bool) -> Option<u32> {
    let told = told(pod, container, init)?;
    told.container_id.as_ref().filter(|id| !id.is_empty()).map(|_| told.restart_count.max(0) as u32)
}

/// Whether the pod's status says that a container has run. One that was made, and lost before it ran, has not failed.
pub(crate) fn told_to_run(pod: &Pod, container: &str, init: bool) -> bool {
    told(pod, container, init).is_some_and(|told| {
        let only_waits = told.state.as_ref().is_some_and(|state| state.waiting.is_some());
        let made = told.container_id.as_ref().is_some_and(|id| !id.is_empty());
        made && (!only_waits || told.last_state.is_some() || told.restart_count > 0)
    })
}

fn initialized(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|condition| condition.type_ == "Initialized" && condition.status == "True")
}

/// The newest attempt of a container.
pub(crate) fn newest<'a>(seen: &Seen<'a>, container: &str) -> Option<&'a Observed> {
    seen.containers.get(container).and_then(|attempts| attempts.first())
}

/// The first init container that has not done its part: succeeded, or as a sidecar started. None, too, once a main
/// container was made: init containers that were removed since then are not run again.
pub(crate) fn waiting_init<'a>(seen: &Seen<'a>) -> Option<&'a Container> {
    let spec = seen.pod.spec.as_ref()?;
    let main_was_made = spec.containers.iter().any(|container| {
        newest(seen, &container.name).is_some() || restarts_told(seen.pod, &container.name, false).is_some()
    });
    if main_was_made {
        return None;
    }
    let mut init = spec.init_containers.iter().flatten();
    init.find(|container| {
        if is_sidecar(container) {
            !newest(seen, &container.name)
                .is_some_and(|found| found.phase == Phase::Running && seen.started.contains(&found.id))
        } else {
            outlook(seen, container, true) != Outlook::Done { succeeded: true }
        }
    })
}

/// How the pod has come to its end, where nothing but its sidecars may still run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    Succeeded,
    Failed,
    /// Its time is over.
    Deadline,
}

/// Whether the pod is at its end, whatever still runs of it.
pub(crate) fn finish(seen: &Seen<'_>) -> Option<Finish> {
    if deadline(seen).is_some_and(|moment| moment <= seen.now) {
        return Some(Finish::Deadline);
    }
    let spec = seen.pod.spec.as_ref()?;
    if waiting_init(seen).is_some() {
        // A sidecar may have ended since: what an init container failed at counts whatever became of it.
        let mut once = spec.init_containers.iter().flatten().filter(|container| !is_sidecar(container));
        let failed = once.any(|container| outlook(seen, container, true) == Outlook::Done { succeeded: false });
        return failed.then_some(Finish::Failed);
    }
    let mut all_succeeded = true;
    for container in &spec.containers {
        let Outlook::Done { succeeded } = outlook(seen, container, false) else { return None };
        all_succeeded &= succeeded;
    }
    Some(if all_succeeded { Finish::Succeeded } else { Finish::Failed })
}

/// When the pod's `activeDeadlineSeconds` are over.
fn deadline(seen: &Seen<'_>) -> Option<Timestamp> {
    let seconds = seen.pod.spec.as_ref()?.active_deadline_seconds?;
    let since = seen.pod.status.as_ref()?.start_time.as_ref()?.0;
    since.saturating_add(Duration::from_secs(seconds.max(0) as u64)).ok()
}

/// Whether any container of the pod runs, sidecars included.
pub(crate) fn any_runs(seen: &Seen<'_>) -> bool {
    seen.containers.values().flatten().any(|found| found.phase == Phase::Running)
}

/// Whether the pod's phase is final.
pub(crate) fn is_final(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

/// Decides what to do for a pod that is not being deleted.
pub(crate) fn decide(seen: &Seen<'_>) -> Decision {
    let mut decision = Decision::default();
    let Some(spec) = &seen.pod.spec else { return decision };
    remove_old_attempts(seen, &mut decision);
    let finish = finish(seen);
    if is_final(seen.pod) || finish.is_some() {
        wind_down(seen, &mut decision, finish);
        return decision;
    }
    if let Some(moment) = deadline(seen) {
        decision.wake_at(moment);
    }

    let (mut starts, mut runs) = (Vec::new(), false);
    for (container, init) in candidates(seen, spec) {
        match outlook(seen, container, init) {
            Outlook::New => starts.extend(start(seen, &mut decision, container, 0, 0, None)),
            Outlook::Again { not_before, attempt, streak } => {
                starts.extend(start(seen, &mut decision, container, attempt, streak, not_before));
            }
            Outlook::Runs => {
                runs = true;
                check_running(seen, &mut decision, container, init);
            }
            Outlook::Done { .. } => {}
        }
    }
    if !needs_infra(spec) {
        decision.actions.extend(starts);
        return decision;
    }
    match seen.infra {
        Some(infra) if infra.phase == Phase::Running => decision.actions.extend(starts),
        _ if runs => {
            // What runs has lost its network with the container that held it.
            stop_all(seen, &mut decision, "the container that held the pod's network is gone");
        }
        old if !starts.is_empty() => {
            let attempt = old.map_or(0, |old| old.attempt() + 1);
            decision.actions.push(Action::StartInfra { attempt });
            decision.actions.extend(starts);
        }
        _ => {}
    }
    decision
}

/// The containers that are to run now, each with whether it is one of `initContainers`.
fn candidates<'a>(seen: &Seen<'a>, spec: &'a PodSpec) -> Vec<(&'a Container, bool)> {
    let Some(init) = waiting_init(seen) else {
        let beside = sidecars(spec).map(|container| (container, true));
        return beside.chain(spec.containers.iter().map(|container| (container, false))).collect();
    };
    let before = spec.init_containers.iter().flatten().take_while(|container| container.name != init.name);
    let before = before.filter(|container| is_sidecar(container));
    before.chain([init]).map(|container| (container, true)).collect()
}

/// Ends what still runs: sidecars after all others, the last of them first, one after another.
fn wind_down(seen: &Seen<'_>, decision: &mut Decision, finish: Option<Finish>) {
    let why = if finish == Some(Finish::Deadline) {
        "the pod was active on the node longer than the specified deadline"
    } else {
        "the pod is done"
    };
    let beside: Vec<&str> =
        seen.pod.spec.iter().flat_map(|spec| sidecars(spec).rev().map(|container| container.name.as_str())).collect();
    let of = |name: &str| seen.containers.get(name).into_iter().flatten().filter(|found| found.phase == Phase::Running);
    let others = seen.containers.keys().map(String::as_str).filter(|name| !beside.contains(name));
    let mut next: Vec<(&str, &Observed)> = others.flat_map(|name| of(name).map(move |found| (name, found))).collect();
    if next.is_empty() {
        next = beside.iter().find_map(|name| of(name).next().map(|found| (*name, found))).into_iter().collect();
    }
    for (name, found) in next.into_iter().filter(|(_, found)| !seen.stopping.contains(&found.id)) {
        let (id, container) = (found.id.clone(), name.to_owned());
        decision.actions.push(Action::Stop { id, container, why: why.to_owned() });
    }
    stop_infra(seen, decision);
}

fn start(
    seen: &Seen<'_>,
    decision: &mut Decision,
    container: &Container,
    attempt: u32,
    streak: u32,
    not_before: Option<Timestamp>,
) -> Option<Action> {
    let blocked_until = match seen.blocked.get(&container.name) {
        Some(Block { until: None, .. }) => return None,
        // Further away than any pause: the clock was set back.
        Some(Block { until, .. }) => until.filter(|moment| {
            Duration::try_from(moment.duration_since(seen.now)).unwrap_or_default() <= seen.backoff.longest
        }),
        None => None,
    };
    if let Some(moment) = not_before.max(blocked_until).filter(|moment| *moment > seen.now) {
        decision.wake_at(moment);
        return None;
    }
    Some(Action::Start { container: container.name.clone(), attempt, streak })
}

fn check_running(seen: &Seen<'_>, decision: &mut Decision, container: &Container, init: bool) {
    let once = init && !is_sidecar(container);
    let Some(found) = newest(seen, &container.name).filter(|found| !seen.stopping.contains(&found.id)) else { return };
    let why = if let Some(words) = seen.unhealthy.get(&found.id) {
        Some(words.clone())
    } else if !once && found.label(labels::CONTAINER_HASH) != labels::hash(container) {
        Some(format!("Container {} definition changed, will be restarted", container.name))
    } else {
        None
    };
    if let Some(why) = why {
        decision.actions.push(Action::Stop { id: found.id.clone(), container: container.name.clone(), why });
    }
}

fn stop_all(seen: &Seen<'_>, decision: &mut Decision, why: &str) {
    for (container, attempts) in seen.containers {
        for found in attempts {
            if found.phase == Phase::Running && !seen.stopping.contains(&found.id) {
                let (id, container, why) = (found.id.clone(), container.clone(), why.to_owned());
                decision.actions.push(Action::Stop { id, container, why });
            }
        }
    }
}

fn stop_infra(seen: &Seen<'_>, decision: &mut Decision) {
    if let Some(infra) = seen.infra.filter(|_| !any_runs(seen)) {
        decision.actions.push(Action::Remove { id: infra.id.clone() });
    }
}

/// The newest attempt and the one before it are kept, for their logs.
fn remove_old_attempts(seen: &Seen<'_>, decision: &mut Decision) {
    for attempts in seen.containers.values() {
        for old in attempts.iter().skip(2).filter(|old| old.phase != Phase::Running) {
            decision.actions.push(Action::Remove { id: old.id.clone() });
        }
    }
}
