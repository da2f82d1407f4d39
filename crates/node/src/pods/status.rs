//! A pod's status from what is seen of it. Pure: the same sight gives the same status.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus,
    HostIP, PodCondition, PodIP, PodSpec, PodStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;
use std::collections::BTreeMap;

use super::decide::{
    Finish, Outlook, Seen, any_runs, finish, is_sidecar, newest, outlook, restarts_told, told_to_run, waiting_init,
};
use super::environment::Addresses;
use super::fields::Unsupported;
use super::quantity;
use crate::engine::{Observed, Phase};

/// What a status says beside what is seen of the containers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) addresses: Addresses,
    /// By container name: whether its probes say that it is ready, and that it has started.
    pub(crate) probed: BTreeMap<String, Probed>,
    /// By container id: its last words.
    pub(crate) last_words: BTreeMap<String, String>,
    /// Ids of containers that the kernel killed for memory.
    pub(crate) out_of_memory: std::collections::BTreeSet<String>,
    /// The prefix of container ids, such as `podman://`.
    pub(crate) engine_scheme: &'static str,
    /// Why the pod does not fit the node.
    pub(crate) unsupported: Vec<Unsupported>,
}

/// What the probes of a running container say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Probed {
    pub(crate) started: bool,
    pub(crate) ready: bool,
}

/// The whole status of a pod on this node.
pub(crate) fn pod_status(seen: &Seen<'_>, facts: &Facts) -> PodStatus {
    let pod = seen.pod;
    let old = pod.status.clone().unwrap_or_default();
    let spec = pod.spec.clone().unwrap_or_default();
    let waiting = waiting_init(seen).map(|container| container.name.clone());
    let init: Vec<_> = spec
        .init_containers
        .iter()
        .flatten()
        .map(|c| container_status(seen, facts, c, true, waiting.as_deref()))
        .collect();
    let main: Vec<_> =
        spec.containers.iter().map(|c| container_status(seen, facts, c, false, waiting.as_deref())).collect();
    let phase =
        if super::decide::is_final(pod) { old.phase.clone().unwrap_or_default() } else { phase(seen).to_owned() };
    let done = phase == "Succeeded" || phase == "Failed";

    let beside = spec.init_containers.iter().flatten().zip(&init).filter(|(container, _)| is_sidecar(container));
    let serving = beside.map(|(_, status)| status).chain(&main);
    let not_ready: Vec<&str> = serving.filter(|status| !status.ready).map(|status| status.name.as_str()).collect();
    let containers_ready = if done && phase == "Succeeded" {
        Verdict::no("PodCompleted", String::new())
    } else if done {
        Verdict::no("PodFailed", String::new())
    } else if not_ready.is_empty() {
        Verdict::yes()
    } else {
        Verdict::no("ContainersNotReady", format!("containers with unready status: [{}]", not_ready.join(" ")))
    };
    let ready = match closed_gates(&spec, &old) {
        Some(closed) if containers_ready.holds => Verdict::no("ReadinessGatesNotReady", closed),
        _ => containers_ready.clone(),
    };
    let initialized = match (&waiting, done && phase == "Succeeded") {
        (None, _) => Verdict::yes(),
        (Some(_), true) => Verdict::no("PodCompleted", String::new()),
        (Some(_), false) => {
            let incomplete: Vec<&str> =
                init.iter().filter(|status| !status.ready).map(|status| status.name.as_str()).collect();
            Verdict::no(
                "ContainersNotInitialized",
                format!("containers with incomplete status: [{}]", incomplete.join(" ")),
            )
        }
    };
    let network = if facts.addresses.pod.is_empty() || done { Verdict::no("", String::new()) } else { Verdict::yes() };
    let conditions = [
        ("PodReadyToStartContainers", network),
        ("Initialized", initialized),
        ("Ready", ready),
        ("ContainersReady", containers_ready),
        ("PodScheduled", Verdict::yes()),
    ];
    let mut conditions: Vec<PodCondition> =
        conditions.into_iter().map(|(type_, verdict)| condition(seen, &old, type_, verdict)).collect();
    // Conditions that others wrote stay.
    let foreign = old.conditions.iter().flatten().filter(|held| conditions.iter().all(|own| own.type_ != held.type_));
    let foreign: Vec<PodCondition> = foreign.cloned().collect();
    conditions.extend(foreign);
    let refused = facts.unsupported.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let (reason, message) = if !refused.is_empty() {
        (Some("UnsupportedField".to_owned()), Some(refused))
    } else if super::decide::is_final(pod) {
        (old.reason.clone(), old.message.clone())
    } else if done && finish(seen) == Some(Finish::Deadline) {
        let words = "Pod was active on the node longer than the specified deadline";
        (Some("DeadlineExceeded".to_owned()), Some(words.to_owned()))
    } else {
        (None, None)
    };
    PodStatus {
        phase: Some(phase),
        conditions: Some(conditions),
        container_statuses: Some(main),
        init_container_statuses: (!init.is_empty()).then_some(init),
        host_ip: Some(facts.addresses.host.clone()),
        host_ips: Some(vec![HostIP { ip: facts.addresses.host.clone() }]),
        pod_ip: facts.addresses.pod.first().cloned(),
        pod_ips: (!facts.addresses.pod.is_empty())
            .then(|| facts.addresses.pod.iter().map(|ip| PodIP { ip: ip.clone() }).collect()),
        start_time: old.start_time.clone().or(Some(time(seen.now))),
        qos_class: old.qos_class.clone().or_else(|| Some(qos_class(&spec).to_owned())),
        observed_generation: pod.metadata.generation,
        reason,
        message,
        ..PodStatus::default()
    }
}

#[derive(Clone)]
struct Verdict {
    holds: bool,
    reason: &'static str,
    message: String,
}

impl Verdict {
    fn yes() -> Self {
        Self { holds: true, reason: "", message: String::new() }
    }

    fn no(reason: &'static str, message: String) -> Self {
        Self { holds: false, reason, message }
    }
}

fn condition(seen: &Seen<'_>, old: &PodStatus, type_: &str, verdict: Verdict) -> PodCondition {
    let status = if verdict.holds { "True" } else { "False" };
    let held = old.conditions.iter().flatten().find(|held| held.type_ == type_ && held.status == status);
    PodCondition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: (!verdict.reason.is_empty()).then(|| verdict.reason.to_owned()),
        message: (!verdict.message.is_empty()).then_some(verdict.message),
        last_transition_time: held.and_then(|held| held.last_transition_time.clone()).or(Some(time(seen.now))),
        observed_generation: seen.pod.metadata.generation,
        ..PodCondition::default()
    }
}

/// What keeps a pod whose containers are ready from being ready: a readiness gate whose condition is not true.
fn closed_gates(spec: &PodSpec, old: &PodStatus) -> Option<String> {
    let closed = spec.readiness_gates.iter().flatten().filter_map(|gate| {
        let name = &gate.condition_type;
        let held = old.conditions.iter().flatten().find(|condition| condition.type_ == *name);
        match held {
            Some(condition) if condition.status == "True" => None,
            Some(condition) => {
                Some(format!("the status of pod readiness gate {name:?} is not \"True\", but {}", condition.status))
            }
            None => Some(format!("corresponding condition of pod readiness gate {name:?} does not exist.")),
        }
    });
    let closed: Vec<String> = closed.collect();
    (!closed.is_empty()).then(|| closed.join(", "))
}

/// The phase as the kubelet derives it. It is final only when nothing of the pod runs any more.
fn phase(seen: &Seen<'_>) -> &'static str {
    let Some(spec) = &seen.pod.spec else { return "Pending" };
    let initializing = waiting_init(seen).is_some();
    match finish(seen) {
        Some(_) if any_runs(seen) => return if initializing { "Pending" } else { "Running" },
        Some(Finish::Succeeded) => return "Succeeded",
        Some(Finish::Failed | Finish::Deadline) => return "Failed",
        None if initializing => return "Pending",
        None => {}
    }
    let outlooks: Vec<Outlook> = spec.containers.iter().map(|container| outlook(seen, container, false)).collect();
    let never_started = spec.containers.iter().zip(&outlooks).any(|(container, outlook)| match outlook {
        Outlook::New => true,
        Outlook::Again { .. } => {
            let made = newest(seen, &container.name).is_some_and(|found| found.phase != Phase::Created);
            !made && restarts_told(seen.pod, &container.name, false).is_none()
        }
        _ => false,
    });
    if never_started { "Pending" } else { "Running" }
}

fn container_status(
    seen: &Seen<'_>,
    facts: &Facts,
    container: &Container,
    init: bool,
    waiting: Option<&str>,
) -> ContainerStatus {
    let attempts = seen.containers.get(&container.name).map(Vec::as_slice).unwrap_or_default();
    let found = attempts.first();
    let ended =
        |found: &Observed| ContainerState { terminated: Some(terminated(found, facts)), ..ContainerState::default() };
    let last_ended = attempts.iter().find(|found| found.phase == Phase::Exited);
    let before = attempts.iter().skip(1).find(|found| found.phase == Phase::Exited).map(ended);
    let outlook = outlook(seen, container, init);
    let block = seen.blocked.get(&container.name);
    let probed = facts.probed.get(&container.name).copied().unwrap_or_default();

    let (state, last_state) = match (&outlook, found) {
        (Outlook::Runs, Some(found)) => {
            let running = ContainerStateRunning { started_at: found.started_at.map(time) };
            (ContainerState { running: Some(running), ..ContainerState::default() }, before)
        }
        (Outlook::Done { .. }, Some(found)) => (ended(found), before),
        (Outlook::Done { .. }, None) => (vanished(seen, container, init), None),
        (Outlook::Again { not_before, .. }, _) => {
            let last = last_ended
                .map(ended)
                .or_else(|| told_to_run(seen.pod, &container.name, init).then(|| vanished(seen, container, init)));
            match (block, not_before, found.filter(|found| found.phase == Phase::Exited)) {
                (Some(block), _, _) => (waits(block.reason, &block.message), last),
                (None, Some(_), Some(found)) => (waits("CrashLoopBackOff", &crash_loop(seen, container, found)), last),
                // On its way: until the next attempt runs, the last one's end is the truth.
                (None, _, Some(found)) => (ended(found), before),
                (None, _, None) => (waits("ContainerCreating", ""), last),
            }
        }
        (Outlook::New | Outlook::Runs, _) => {
            let state = match (block, waiting) {
                _ if !facts.unsupported.is_empty() => {
                    let named = facts.unsupported.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                    waits("CreateContainerConfigError", &named)
                }
                (Some(block), _) => waits(block.reason, &block.message),
                (None, Some(first)) if first != container.name => waits("PodInitializing", ""),
                _ => waits("ContainerCreating", ""),
            };
            (state, None)
        }
    };
    let once = init && !is_sidecar(container);
    let running = state.running.is_some();
    let succeeded = state.terminated.as_ref().is_some_and(|ended| ended.exit_code == 0);
    let told = restarts_told(seen.pod, &container.name, init);
    // Never less than what was told: the newest attempt may have vanished behind our back.
    let restarts = found.map(Observed::attempt).max(told).unwrap_or_default();
    let before = super::decide::told(seen.pod, &container.name, init);
    let image_id = found.map(|found| &found.image_id).or(before.map(|before| &before.image_id));
    let told_id = before.and_then(|before| before.container_id.clone());
    ContainerStatus {
        name: container.name.clone(),
        ready: if once { succeeded } else { running && probed.ready },
        started: Some(if once { running } else { running && probed.started }),
        restart_count: restarts as i32,
        image: container.image.clone().unwrap_or_default(),
        image_id: image_id.cloned().unwrap_or_default(),
        container_id: found.map(|found| format!("{}{}", facts.engine_scheme, found.id)).or(told_id),
        state: Some(state),
        last_state,
        ..ContainerStatus::default()
    }
}

fn crash_loop(seen: &Seen<'_>, container: &Container, found: &Observed) -> String {
    let pause = seen.backoff.pause(found.streak()).as_secs();
    let pause = if pause >= 60 { format!("{}m{}s", pause / 60, pause % 60) } else { format!("{pause}s") };
    let (name, namespace, uid) =
        (seen.pod.name_any(), seen.pod.namespace().unwrap_or_default(), seen.pod.uid().unwrap_or_default());
    format!("back-off {pause} restarting failed container={} pod={name}_{namespace}({uid})", container.name)
}

fn waits(reason: &str, message: &str) -> ContainerState {
    let waiting = ContainerStateWaiting {
        reason: Some(reason.to_owned()),
        message: (!message.is_empty()).then(|| message.to_owned()),
    };
    ContainerState { waiting: Some(waiting), ..ContainerState::default() }
}

fn terminated(found: &Observed, facts: &Facts) -> ContainerStateTerminated {
    let reason = if found.oom_killed || facts.out_of_memory.contains(&found.id) {
        "OOMKilled"
    } else if found.exit_code == 0 {
        "Completed"
    } else {
        "Error"
    };
    ContainerStateTerminated {
        container_id: Some(format!("{}{}", facts.engine_scheme, found.id)),
        exit_code: found.exit_code,
        reason: Some(reason.to_owned()),
        message: facts
            .last_words
            .get(&found.id)
            .cloned()
            .or_else(|| Some(found.error.clone()).filter(|error| !error.is_empty())),
        started_at: found.started_at.map(time),
        finished_at: found.finished_at.map(time),
        ..ContainerStateTerminated::default()
    }
}

/// A container that was there and whose end nobody saw.
fn vanished(seen: &Seen<'_>, container: &Container, init: bool) -> ContainerState {
    let told = super::decide::told(seen.pod, &container.name, init);
    let ended = told.and_then(|told| {
        let state = told.state.as_ref().and_then(|state| state.terminated.clone());
        state.or_else(|| told.last_state.as_ref().and_then(|state| state.terminated.clone()))
    });
    let unknown = ContainerStateTerminated {
        container_id: told.and_then(|told| told.container_id.clone()),
        exit_code: 137,
        reason: Some("ContainerStatusUnknown".to_owned()),
        message: Some("The container could not be located: it was removed behind the node's back".to_owned()),
        ..ContainerStateTerminated::default()
    };
    ContainerState { terminated: Some(ended.unwrap_or(unknown)), ..ContainerState::default() }
}

/// Guaranteed, Burstable or BestEffort, as Kubernetes classes pods by their resources.
fn qos_class(spec: &PodSpec) -> &'static str {
    let mut any = false;
    let mut guaranteed = true;
    for container in spec.containers.iter().chain(spec.init_containers.iter().flatten()) {
        let resources = container.resources.clone().unwrap_or_default();
        let (limits, requests) = (resources.limits.unwrap_or_default(), resources.requests.unwrap_or_default());
        for name in ["cpu", "memory"] {
            let of = |map: &BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>| {
                map.get(name).and_then(|quantity| quantity::thousandths(&quantity.0)).filter(|value| *value > 0)
            };
            let (limit, request) = (of(&limits), of(&requests));
            any |= limit.is_some() || request.is_some();
            guaranteed &= limit.is_some() && request.unwrap_or(limit.unwrap_or_default()) == limit.unwrap_or_default();
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

/// A moment as objects carry it: in whole seconds.
pub(crate) fn time(moment: Timestamp) -> Time {
    Time(Timestamp::from_second(moment.as_second()).unwrap_or(moment))
}
