//! Worlds in, decisions and statuses out.
#![allow(clippy::needless_pass_by_value, reason = "tables read better with their values in place")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::backoff::Backoff;
use super::decide::{Action, Block, Decision, Seen, decide};
use super::environment::Addresses;
use super::labels;
use super::status::{Facts, Probed, pod_status};
use crate::engine::{Observed, Phase};

const NOW: i64 = 1_800_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(NOW + second).expect("a moment")
}

/// A pod with these containers, and what its status said before.
fn pod(policy: &str, containers: &[&str], init: &[&str], status: Value) -> Pod {
    let make = |names: &[&str]| names.iter().map(|name| json!({"name": name, "image": "app:1"})).collect::<Vec<_>>();
    let pod = json!({
        "metadata": {"name": "web", "namespace": "shop", "uid": "u", "generation": 3},
        "spec": {"restartPolicy": policy, "containers": make(containers), "initContainers": make(init)},
        "status": status,
    });
    serde_json::from_value(pod).expect("a pod")
}

fn container(pod: &Pod, name: &str, attempt: u32, streak: u32, phase: Phase, exit_code: i32) -> Observed {
    let spec = pod.spec.clone().expect("a spec");
    let of_spec = spec.containers.iter().chain(spec.init_containers.iter().flatten()).find(|c| c.name == name);
    let labels = HashMap::from([
        (labels::CONTAINER_NAME.to_owned(), name.to_owned()),
        (labels::CONTAINER_HASH.to_owned(), of_spec.map(labels::hash).unwrap_or_default()),
        (labels::RESTART_COUNT.to_owned(), attempt.to_string()),
        (labels::RESTART_STREAK.to_owned(), streak.to_string()),
    ]);
    Observed {
        id: format!("{name}{attempt}"),
        labels,
        phase,
        exit_code,
        oom_killed: false,
        error: String::new(),
        created_at: Some(at(-20)),
        started_at: (phase != Phase::Created).then(|| at(-20)),
        finished_at: (phase == Phase::Exited).then(|| at(-5)),
        image_id: "sha256:1".to_owned(),
        image: "app:1".to_owned(),
        addresses: vec!["10.0.0.9".to_owned()],
        stop_signal: None,
        memory_limited: false,
        process: None,
    }
}

#[derive(Default)]
struct Given {
    infra: Option<Observed>,
    containers: Vec<Observed>,
    blocked: Vec<(&'static str, Block)>,
    unhealthy: Vec<&'static str>,
    stopping: Vec<&'static str>,
    started: Vec<&'static str>,
}

impl Given {
    fn with<T>(&self, pod: &Pod, see: impl FnOnce(&Seen<'_>) -> T) -> T {
        let mut containers: BTreeMap<String, Vec<Observed>> = BTreeMap::new();
        for found in &self.containers {
            containers.entry(found.label(labels::CONTAINER_NAME).to_owned()).or_default().push(found.clone());
        }
        for attempts in containers.values_mut() {
            attempts.sort_by_key(|found| std::cmp::Reverse(found.attempt()));
        }
        let blocked = self.blocked.iter().map(|(name, block)| ((*name).to_owned(), block.clone())).collect();
        let unhealthy = self.unhealthy.iter().map(|id| ((*id).to_owned(), "it failed".to_owned())).collect();
        let stopping: BTreeSet<String> = self.stopping.iter().map(|id| (*id).to_owned()).collect();
        let started: BTreeSet<String> = self.started.iter().map(|id| (*id).to_owned()).collect();
        see(&Seen {
            pod,
            infra: self.infra.as_ref(),
            containers: &containers,
            blocked: &blocked,
            unhealthy: &unhealthy,
            stopping: &stopping,
            started: &started,
            backoff: Backoff { initial: Duration::from_secs(10), longest: Duration::from_mins(5) },
            now: at(0),
        })
    }

    fn decide(&self, pod: &Pod) -> Decision {
        self.with(pod, decide)
    }
}

fn start(name: &str, attempt: u32, streak: u32) -> Action {
    Action::Start { container: name.to_owned(), attempt, streak }
}

fn now(actions: &[Action]) -> Decision {
    Decision { actions: actions.to_vec(), look_again: None }
}

fn later(second: i64) -> Decision {
    Decision { actions: Vec::new(), look_again: Some(at(second)) }
}

fn block(until: Option<i64>) -> Block {
    Block { reason: "ImagePullBackOff", message: "no".to_owned(), until: until.map(at), failures: 1 }
}

#[test]
fn a_single_container_starts_and_starts_again_with_growing_pauses() {
    let pod = pod("Always", &["a"], &[], json!({}));
    let ended = |attempt, streak| Given {
        containers: vec![container(&pod, "a", attempt, streak, Phase::Exited, 1)],
        ..Given::default()
    };
    assert_eq!(Given::default().decide(&pod), now(&[start("a", 0, 0)]));
    assert_eq!(ended(0, 0).decide(&pod), now(&[start("a", 1, 1)]), "the first failure is repaired at once");
    assert_eq!(ended(1, 1).decide(&pod), later(5), "10 seconds after its end");
    assert_eq!(ended(2, 2).decide(&pod), later(15), "20 seconds after its end");
    let mut long = ended(7, 6);
    long.containers[0].started_at = Some(at(-700));
    assert_eq!(long.decide(&pod), now(&[start("a", 8, 0)]), "after ten good minutes it starts over");
    let runs = Given { containers: vec![container(&pod, "a", 0, 0, Phase::Running, 0)], ..Given::default() };
    assert_eq!(runs.decide(&pod), now(&[]));
}

#[test]
fn the_restart_policy_decides_what_an_end_means() {
    for (policy, exit_code, expected) in [
        ("Always", 0, vec![start("a", 1, 1)]),
        ("OnFailure", 1, vec![start("a", 1, 1)]),
        ("OnFailure", 0, vec![]),
        ("Never", 1, vec![]),
    ] {
        let pod = pod(policy, &["a"], &[], json!({}));
        let given =
            Given { containers: vec![container(&pod, "a", 0, 0, Phase::Exited, exit_code)], ..Given::default() };
        assert_eq!(given.decide(&pod), now(&expected), "{policy} {exit_code}");
    }
}

#[test]
fn a_blocked_container_waits_for_its_moment_or_for_a_change() {
    let pod = pod("Always", &["a"], &[], json!({}));
    for (until, expected) in [(None, now(&[])), (Some(7), later(7)), (Some(-1), now(&[start("a", 0, 0)]))] {
        let given = Given { blocked: vec![("a", block(until))], ..Given::default() };
        assert_eq!(given.decide(&pod), expected);
    }
}

#[test]
fn a_clock_that_is_set_back_keeps_no_container_waiting() {
    let pod = pod("Always", &["a"], &[], json!({}));
    let mut ended = Given { containers: vec![container(&pod, "a", 3, 3, Phase::Exited, 1)], ..Given::default() };
    ended.containers[0].started_at = Some(at(3590));
    ended.containers[0].finished_at = Some(at(3600));
    assert_eq!(ended.decide(&pod), now(&[start("a", 4, 4)]), "it ended an hour from now");
    let blocked = Given { blocked: vec![("a", block(Some(3600)))], ..Given::default() };
    assert_eq!(blocked.decide(&pod), now(&[start("a", 0, 0)]), "no pause is that long");
}

#[test]
fn what_must_not_run_on_is_stopped_once() {
    let pod = pod("Always", &["a"], &[], json!({}));
    let running = container(&pod, "a", 0, 0, Phase::Running, 0);
    let stop = |why: &str| now(&[Action::Stop { id: "a0".to_owned(), container: "a".to_owned(), why: why.to_owned() }]);
    let sick = Given { containers: vec![running.clone()], unhealthy: vec!["a0"], ..Given::default() };
    assert_eq!(sick.decide(&pod), stop("it failed"));
    let told = Given { stopping: vec!["a0"], ..sick };
    assert_eq!(told.decide(&pod), now(&[]));
    let mut other = running;
    other.labels.insert(labels::CONTAINER_HASH.to_owned(), "another image".to_owned());
    let changed = Given { containers: vec![other], ..Given::default() };
    assert_eq!(changed.decide(&pod), stop("Container a definition changed, will be restarted"));
}

#[test]
fn several_containers_share_the_network_of_one_that_goes_first() {
    let pod = pod("Always", &["a", "b"], &[], json!({}));
    let infra = |phase| Some(container(&pod, labels::INFRA, 0, 0, phase, 0));
    assert_eq!(
        Given::default().decide(&pod),
        now(&[Action::StartInfra { attempt: 0 }, start("a", 0, 0), start("b", 0, 0)])
    );
    let one_runs = vec![container(&pod, "a", 0, 0, Phase::Running, 0)];
    let given = Given { infra: infra(Phase::Running), containers: one_runs.clone(), ..Given::default() };
    assert_eq!(given.decide(&pod), now(&[start("b", 0, 0)]));
    let lost = Given { infra: infra(Phase::Exited), containers: one_runs, ..Given::default() };
    assert!(
        matches!(&lost.decide(&pod).actions[..], [Action::Stop { id, .. }] if id == "a0"),
        "it has lost its network"
    );
    let ended = vec![container(&pod, "a", 0, 0, Phase::Exited, 137)];
    let again = Given { infra: infra(Phase::Exited), containers: ended, ..Given::default() };
    assert_eq!(again.decide(&pod), now(&[Action::StartInfra { attempt: 1 }, start("a", 1, 1), start("b", 0, 0)]));
}

#[test]
fn init_containers_run_one_after_another_before_the_others() {
    let pod = pod("Always", &["a"], &["i", "j"], json!({}));
    let infra = Some(container(&pod, labels::INFRA, 0, 0, Phase::Running, 0));
    let step = |containers: Vec<Observed>| Given { infra: infra.clone(), containers, ..Given::default() }.decide(&pod);
    let ended = |name, exit_code| container(&pod, name, 0, 0, Phase::Exited, exit_code);
    assert_eq!(step(vec![]), now(&[start("i", 0, 0)]));
    assert_eq!(step(vec![container(&pod, "i", 0, 0, Phase::Running, 0)]), now(&[]));
    assert_eq!(step(vec![ended("i", 1)]), now(&[start("i", 1, 1)]));
    assert_eq!(step(vec![ended("i", 0)]), now(&[start("j", 0, 0)]));
    assert_eq!(step(vec![ended("i", 0), ended("j", 0)]), now(&[start("a", 0, 0)]));
    assert_eq!(
        step(vec![ended("a", 0)]),
        now(&[start("a", 1, 1)]),
        "they are not run again for a container that ended"
    );
}

/// A pod with a sidecar `s`, then an init container `i`, then a main container `a`.
fn with_sidecar(policy: &str, status: Value) -> Pod {
    let mut pod = pod(policy, &["a"], &["s", "i"], status);
    let init = pod.spec.as_mut().and_then(|spec| spec.init_containers.as_mut()).expect("init containers");
    init[0].restart_policy = Some("Always".to_owned());
    pod
}

#[test]
fn a_sidecar_starts_in_its_turn_and_runs_until_the_others_are_done() {
    let pod = with_sidecar("Never", json!({}));
    let seen = |started: &[&'static str], containers: &[(&str, Phase, i32)]| Given {
        infra: Some(container(&pod, labels::INFRA, 0, 0, Phase::Running, 0)),
        containers: containers.iter().map(|(name, phase, code)| container(&pod, name, 0, 0, *phase, *code)).collect(),
        started: started.to_vec(),
        ..Given::default()
    };
    let (runs, ended) = (Phase::Running, Phase::Exited);
    let stop =
        now(&[Action::Stop { id: "s0".to_owned(), container: "s".to_owned(), why: "the pod is done".to_owned() }]);
    let gone = now(&[Action::Remove { id: "POD0".to_owned() }]);
    for (what, given, expected, phase) in [
        ("first of all", seen(&[], &[]), now(&[start("s", 0, 0)]), "Pending"),
        ("not started yet", seen(&[], &[("s", runs, 0)]), now(&[]), "Pending"),
        ("the next", seen(&["s0"], &[("s", runs, 0)]), now(&[start("i", 0, 0)]), "Pending"),
        ("it fails meanwhile", seen(&[], &[("s", ended, 0), ("i", runs, 0)]), now(&[start("s", 1, 1)]), "Pending"),
        ("the main one", seen(&["s0"], &[("s", runs, 0), ("i", ended, 0)]), now(&[start("a", 0, 0)]), "Pending"),
        ("all run", seen(&["s0"], &[("s", runs, 0), ("i", ended, 0), ("a", runs, 0)]), now(&[]), "Running"),
        (
            "it fails beside the main one, whatever the policy",
            seen(&[], &[("s", ended, 1), ("i", ended, 0), ("a", runs, 0)]),
            now(&[start("s", 1, 1)]),
            "Running",
        ),
        (
            "all are done but it",
            seen(&["s0"], &[("s", runs, 0), ("i", ended, 0), ("a", ended, 0)]),
            stop.clone(),
            "Running",
        ),
        (
            "its end counts for nothing",
            seen(&[], &[("s", ended, 9), ("i", ended, 0), ("a", ended, 0)]),
            gone.clone(),
            "Succeeded",
        ),
        (
            "the main one failed",
            seen(&[], &[("s", ended, 0), ("i", ended, 0), ("a", ended, 1)]),
            gone.clone(),
            "Failed",
        ),
        ("an init container failed", seen(&["s0"], &[("s", runs, 0), ("i", ended, 1)]), stop, "Pending"),
        ("and it has ended", seen(&[], &[("s", ended, 0), ("i", ended, 1)]), gone, "Failed"),
    ] {
        assert_eq!(given.decide(&pod), expected, "{what}");
        assert_eq!(told(&given, &pod, &facts(true)).0, phase, "{what}");
    }
}

#[test]
fn a_pod_beyond_its_time_ends_as_failed() {
    let status = json!({"startTime": at(-30).to_string(), "phase": "Running"});
    let mut pod = pod("Always", &["a"], &[], status);
    let given = |phase| Given { containers: vec![container(&pod, "a", 0, 0, phase, 137)], ..Given::default() };
    let (runs, ended) = (given(Phase::Running), given(Phase::Exited));
    let limit = |pod: &mut Pod, seconds| pod.spec.as_mut().expect("a spec").active_deadline_seconds = Some(seconds);
    limit(&mut pod, 40);
    assert_eq!(runs.decide(&pod), later(10));
    limit(&mut pod, 30);
    let why = "the pod was active on the node longer than the specified deadline".to_owned();
    assert_eq!(runs.decide(&pod), now(&[Action::Stop { id: "a0".to_owned(), container: "a".to_owned(), why }]));
    assert_eq!(ended.decide(&pod), now(&[]));
    let status = ended.with(&pod, |seen| pod_status(seen, &facts(true)));
    assert_eq!((status.phase.as_deref(), status.reason.as_deref()), (Some("Failed"), Some("DeadlineExceeded")));
}

#[test]
fn a_readiness_gate_keeps_a_pod_from_being_ready() {
    for (conditions, expected) in [
        (json!([]), "False ReadinessGatesNotReady"),
        (json!([{"type": "example.com/Gate", "status": "False"}]), "False ReadinessGatesNotReady"),
        (json!([{"type": "example.com/Gate", "status": "True"}]), "True -"),
    ] {
        let mut pod = pod("Always", &["a"], &[], json!({"conditions": conditions}));
        let gates = serde_json::from_value(json!([{"conditionType": "example.com/Gate"}])).expect("gates");
        pod.spec.as_mut().expect("a spec").readiness_gates = gates;
        let given = Given { containers: vec![container(&pod, "a", 0, 0, Phase::Running, 0)], ..Given::default() };
        assert_eq!(told(&given, &pod, &facts(true)).1, expected);
    }
}

#[test]
fn a_container_that_vanished_is_made_anew_and_counted() {
    let told = json!({"containerStatuses": [{"name": "a", "image": "", "imageID": "", "ready": true, "restartCount": 4, "containerID": "podman://x"}]});
    let gone = pod("Always", &["a"], &[], told.clone());
    assert_eq!(Given::default().decide(&gone), now(&[start("a", 5, 0)]));
    let older = Given { containers: vec![container(&gone, "a", 3, 0, Phase::Exited, 1)], ..Given::default() };
    assert_eq!(older.decide(&gone), now(&[start("a", 5, 1)]));
    assert_eq!(Given::default().decide(&pod("Never", &["a"], &[], told)), now(&[]));
}

#[test]
fn a_container_that_was_lost_before_it_ran_is_made_anew_and_not_counted() {
    let waits = json!({"waiting": {"reason": "ContainerCreating"}});
    let told = |restarts: i32| json!({"containerStatuses": [{"name": "a", "image": "", "imageID": "", "ready": false, "restartCount": restarts, "containerID": "podman://x", "state": waits}]});
    let lost = pod("Always", &["a"], &[], told(0));
    assert_eq!(Given::default().decide(&lost), now(&[start("a", 0, 0)]));
    let status = Given::default().with(&lost, |seen| pod_status(seen, &facts(true)));
    let container = &status.container_statuses.expect("a status")[0];
    assert_eq!((container.restart_count, &container.last_state), (0, &None));
    assert_eq!(Given::default().decide(&pod("Always", &["a"], &[], told(2))), now(&[start("a", 3, 0)]));
}

#[test]
fn old_attempts_go_but_for_the_last_two() {
    let pod = pod("Always", &["a"], &[], json!({}));
    let containers = vec![
        container(&pod, "a", 2, 0, Phase::Running, 0),
        container(&pod, "a", 1, 0, Phase::Exited, 1),
        container(&pod, "a", 0, 0, Phase::Exited, 1),
    ];
    assert_eq!(Given { containers, ..Given::default() }.decide(&pod), now(&[Action::Remove { id: "a0".to_owned() }]));
}

/// Phase, `Ready`, and each container's state in short.
fn told(given: &Given, pod: &Pod, facts: &Facts) -> (String, String, Vec<String>) {
    let status = given.with(pod, |seen| pod_status(seen, facts));
    let ready = status.conditions.iter().flatten().find(|condition| condition.type_ == "Ready").expect("Ready");
    let ready = format!("{} {}", ready.status, ready.reason.as_deref().unwrap_or("-"));
    let states = status.container_statuses.into_iter().flatten().map(|status| {
        let state = status.state.expect("a state");
        let text = match (state.running, state.waiting, state.terminated) {
            (Some(_), _, _) => "running".to_owned(),
            (_, Some(waiting), _) => waiting.reason.unwrap_or_default(),
            (_, _, Some(ended)) => format!("{} {}", ended.reason.unwrap_or_default(), ended.exit_code),
            _ => "nothing".to_owned(),
        };
        let last = status
            .last_state
            .and_then(|state| state.terminated)
            .map(|ended| format!(" after {} {}", ended.reason.unwrap_or_default(), ended.exit_code));
        format!("{text}{} #{}", last.unwrap_or_default(), status.restart_count)
    });
    (status.phase.unwrap_or_default(), ready, states.collect())
}

fn facts(ready: bool) -> Facts {
    Facts {
        addresses: Addresses { pod: vec!["10.0.0.9".to_owned()], host: "192.0.2.1".to_owned() },
        probed: [("a".to_owned(), Probed { started: true, ready })].into(),
        engine_scheme: "podman://",
        ..Facts::default()
    }
}

#[test]
fn the_status_tells_the_truth_about_each_stage() {
    let always = pod("Always", &["a"], &[], json!({}));
    let never = pod("Never", &["a"], &[], json!({}));
    let run = |pod: &Pod, attempt, phase, code| Given {
        containers: vec![container(pod, "a", attempt, attempt, phase, code)],
        ..Given::default()
    };
    let blocked = Given { blocked: vec![("a", block(Some(9)))], ..Given::default() };
    for (what, given, pod, ready, expected) in [
        ("new", Given::default(), &always, false, ("Pending", "False ContainersNotReady", "ContainerCreating #0")),
        ("no image", blocked, &always, false, ("Pending", "False ContainersNotReady", "ImagePullBackOff #0")),
        (
            "runs",
            run(&always, 0, Phase::Running, 0),
            &always,
            false,
            ("Running", "False ContainersNotReady", "running #0"),
        ),
        ("ready", run(&always, 0, Phase::Running, 0), &always, true, ("Running", "True -", "running #0")),
        (
            "ended",
            run(&always, 0, Phase::Exited, 2),
            &always,
            true,
            ("Running", "False ContainersNotReady", "Error 2 #0"),
        ),
        (
            "waits",
            run(&always, 1, Phase::Exited, 2),
            &always,
            true,
            ("Running", "False ContainersNotReady", "CrashLoopBackOff after Error 2 #1"),
        ),
        ("done", run(&never, 0, Phase::Exited, 0), &never, true, ("Succeeded", "False PodCompleted", "Completed 0 #0")),
        ("failed", run(&never, 0, Phase::Exited, 3), &never, true, ("Failed", "False PodFailed", "Error 3 #0")),
    ] {
        let (phase, condition, states) = told(&given, pod, &facts(ready));
        assert_eq!((phase.as_str(), condition.as_str(), states.join(",").as_str()), expected, "{what}");
    }
}

#[test]
fn a_kill_for_memory_is_told_and_the_end_of_a_vanished_container_is_unknown() {
    let never = pod("Never", &["a"], &[], json!({}));
    let given = Given { containers: vec![container(&never, "a", 0, 0, Phase::Exited, 137)], ..Given::default() };
    let killed = Facts { out_of_memory: ["a0".to_owned()].into(), ..facts(false) };
    assert_eq!(told(&given, &never, &killed).2, ["OOMKilled 137 #0"]);
    let status = json!({"containerStatuses": [{"name": "a", "image": "", "imageID": "", "ready": true, "restartCount": 1, "containerID": "podman://x"}]});
    let gone = pod("Never", &["a"], &[], status);
    let (phase, _, states) = told(&Given::default(), &gone, &facts(false));
    assert_eq!((phase.as_str(), states), ("Failed", vec!["ContainerStatusUnknown 137 #1".to_owned()]));
}

#[test]
fn an_end_that_was_told_stays_told_when_the_container_is_removed() {
    let status = |phase: &str, code: i32| {
        json!({"phase": phase, "containerStatuses": [{
            "name": "a", "image": "app:1", "imageID": "sha256:1", "ready": false, "restartCount": 0, "containerID": "podman://x",
            "state": {"terminated": {"exitCode": code, "reason": if code == 0 { "Completed" } else { "Error" }}},
        }]})
    };
    for (policy, phase, code, text) in [
        ("OnFailure", "Succeeded", 0, "Completed 0 #0"),
        ("Never", "Succeeded", 0, "Completed 0 #0"),
        ("Never", "Failed", 3, "Error 3 #0"),
        // Before its phase was told.
        ("OnFailure", "Running", 0, "Completed 0 #0"),
        ("Never", "Running", 3, "Error 3 #0"),
    ] {
        let gone = pod(policy, &["a"], &[], status(phase, code));
        let expected = if code == 0 { "Succeeded" } else { "Failed" };
        let (phase, _, states) = told(&Given::default(), &gone, &facts(false));
        assert_eq!((phase.as_str(), states), (expected, vec![text.to_owned()]), "{policy}");
        let told = Given::default().with(&gone, |seen| pod_status(seen, &facts(false)));
        assert_eq!(told.container_statuses.expect("told")[0].image_id, "sha256:1");
        assert_eq!(Given::default().decide(&gone), now(&[]));
    }
    // One that is to run again does.
    let again = pod("Always", &["a"], &[], status("Running", 0));
    assert_eq!(Given::default().decide(&again), now(&[start("a", 1, 0)]));
}

#[test]
fn a_condition_keeps_its_time_while_it_holds() {
    let old = json!({"conditions": [
        {"type": "Ready", "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"},
        {"type": "example.com/Gate", "status": "True"},
    ]});
    let pod = pod("Always", &["a"], &[], old);
    let given = Given { containers: vec![container(&pod, "a", 0, 0, Phase::Running, 0)], ..Given::default() };
    let time_of = |ready| {
        let status = given.with(&pod, |seen| pod_status(seen, &facts(ready)));
        let conditions = status.conditions.expect("conditions");
        assert!(conditions.iter().any(|condition| condition.type_ == "example.com/Gate"), "what others wrote stays");
        let ready = conditions.into_iter().find(|condition| condition.type_ == "Ready").expect("Ready");
        ready.last_transition_time.expect("a time").0
    };
    assert_eq!(time_of(true).to_string(), "2020-01-01T00:00:00Z");
    assert_eq!(time_of(false), at(0));
}
