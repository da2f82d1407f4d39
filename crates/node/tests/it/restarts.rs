//! Containers that fail, that are killed behind our back, and that outlive the node's process.

use std::time::{Duration, Instant};

use crate::lab::{Lab, NAMESPACE, container_id, main, phase, ready, waits};
use bollard::query_parameters::{
    InspectContainerOptions, KillContainerOptions, ListNetworksOptions, RemoveContainerOptions,
};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::Api;
use kube::api::DeleteParams;
use kube::runtime::wait::await_condition;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use node::engine::{Engine, EngineOptions};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

fn restarts(pod: &Pod) -> i32 {
    main(pod).map_or(0, |status| status.restart_count)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_keeps_failing_waits_longer_each_time() {
    let Some(lab) = Lab::start().await else { return };
    lab.pod("crash", &["exit", "7"], json!({}), json!({})).await;
    let crash = lab
        .pod_until("crash", "in a crash loop", |pod| {
            restarts(pod) >= 2 && waits(pod).is_some_and(|(reason, _)| reason == "CrashLoopBackOff")
        })
        .await;
    let (_, message) = waits(&crash).expect("it waits");
    assert!(message.contains("restarting failed container=main pod=crash_shop"), "{message}");
    let last = main(&crash).and_then(|status| status.last_state.as_ref()?.terminated.clone()).expect("its last end");
    assert_eq!((last.exit_code, last.reason.as_deref()), (7, Some("Error")));
    assert_eq!(phase(&crash), "Running");
    lab.delete_pod("crash").await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_above_its_memory_limit_is_told_as_out_of_memory() {
    let Some(lab) = Lab::start().await else { return };
    if !lab.engine.abilities().memory_limit {
        println!("skipped: the engine does not limit memory here");
        return lab.end().await;
    }
    let limits = json!({"resources": {"limits": {"memory": "32Mi"}}});
    lab.pod("hungry", &["eat"], json!({"restartPolicy": "Never"}), limits).await;
    let ended = lab.pod_until("hungry", "failed", |pod| phase(pod) == "Failed").await;
    let ended = main(&ended).and_then(|status| status.state.as_ref()?.terminated.clone()).expect("ended");
    assert_eq!((ended.exit_code, ended.reason.as_deref()), (137, Some("OOMKilled")));
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_or_removal_behind_our_back_is_noticed_and_repaired() {
    let Some(lab) = Lab::start().await else { return };
    lab.pod("web", &["serve", "8080"], json!({}), json!({})).await;
    let before = lab.pod_until("web", "ready", ready).await;
    let ethernet = ethernet_address(&lab, &before).await;
    let began = Instant::now();
    let kill = KillContainerOptions { signal: "SIGKILL".to_owned() };
    lab.engine.docker().kill_container(&container_id(&before), Some(kill)).await.expect("killed");
    let killed = lab.pod_until("web", "restarted", |pod| restarts(pod) == 1 && ready(pod)).await;
    println!("repaired after a kill in {:?}", began.elapsed());
    let last = main(&killed).and_then(|status| status.last_state.as_ref()?.terminated.clone()).expect("its last end");
    assert_eq!(last.exit_code, 137);
    assert_eq!(
        killed.status.as_ref().and_then(|status| status.pod_ip.clone()),
        before.status.as_ref().and_then(|status| status.pod_ip.clone()),
        "a pod keeps its address over a restart of its container"
    );
    assert_eq!(ethernet_address(&lab, &killed).await, ethernet, "who knows it reaches the pod at once");
    let began = Instant::now();
    let remove = RemoveContainerOptions { force: true, ..Default::default() };
    lab.engine.docker().remove_container(&container_id(&killed), Some(remove)).await.expect("removed");
    let anew = lab.pod_until("web", "made anew", |pod| restarts(pod) == 2 && ready(pod)).await;
    println!("repaired after a removal in {:?}", began.elapsed());
    assert_eq!(ethernet_address(&lab, &anew).await, ethernet);
    lab.delete_pod("web").await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_container_is_noticed_without_an_event_of_the_engine() {
    let Some(mut lab) = Lab::start().await else { return };
    // Its service ends with it.
    let engine = lab.engine.clone();
    lab.stop_node().await;
    lab.engine = without_events(&lab).await;
    lab.start_node().await;
    lab.pod("web", &["serve", "8080"], json!({}), json!({})).await;
    let first = container_id(&lab.pod_until("web", "ready", ready).await);
    if !seen_from_here(&engine, &first).await {
        println!("skipped: the engine's processes are not to be seen from here");
        return lab.end().await;
    }
    kill(&engine, &first).await;
    let again = |times| move |pod: &Pod| restarts(pod) == times && ready(pod);
    let second = container_id(&lab.pod_until("web", "restarted", again(1)).await);

    // One that another node started.
    lab.stop_node().await;
    lab.start_node().await;
    kill(&engine, &second).await;
    let third = lab.pod_until("web", "restarted", again(2)).await;
    let last = main(&third).and_then(|status| status.last_state.as_ref()?.terminated.clone()).expect("its last end");
    assert_eq!((last.exit_code, last.container_id.expect("an id").ends_with(&second)), (137, true));

    // One that ends by itself, at once.
    lab.pod("short", &["exit", "3"], json!({"restartPolicy": "Never"}), json!({})).await;
    let short = lab.pod_until("short", "failed", |pod| phase(pod) == "Failed").await;
    let ended = main(&short).and_then(|status| status.state.as_ref()?.terminated.clone()).expect("ended");
    assert_eq!(ended.exit_code, 3);
    lab.delete_pod("web").await;
    lab.end().await;
}

/// The Ethernet address that the engine gave the pod's container on its one network.
async fn ethernet_address(lab: &Lab, pod: &Pod) -> String {
    let id = container_id(pod);
    let found = lab.engine.docker().inspect_container(&id, None::<InspectContainerOptions>).await.expect("inspected");
    let networks = found.network_settings.and_then(|settings| settings.networks).expect("networks");
    let of: Vec<String> = networks.into_values().filter_map(|endpoint| endpoint.mac_address).collect();
    assert_eq!(of.len(), 1, "{of:?}");
    of.into_iter().next().filter(|address| !address.is_empty()).expect("an address")
}

async fn kill(engine: &Engine, container: &str) {
    let kill = KillContainerOptions { signal: "SIGKILL".to_owned() };
    engine.docker().kill_container(container, Some(kill)).await.expect("killed");
}

/// Whether the number that the engine tells for a container's process is that of the process here.
async fn seen_from_here(engine: &Engine, container: &str) -> bool {
    let found = engine.docker().inspect_container(container, None::<InspectContainerOptions>).await.expect("inspected");
    let process = found.state.and_then(|state| state.pid).expect("a process");
    std::fs::read_to_string(format!("/proc/{process}/cgroup")).is_ok_and(|groups| groups.contains(container))
}

/// The same engine, whose events never come.
async fn without_events(lab: &Lab) -> Engine {
    let real = lab.engine.address().strip_prefix("unix://").expect("a socket").to_owned();
    let place = lab.folder.path().join("silent.sock");
    let service = UnixStream::connect(&real).await.expect("the engine answers").peer_cred().expect("known").pid();
    have_no_more_processes_than(service.expect("a process"));
    let listener = UnixListener::bind(&place).expect("bound");
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = UnixStream::connect(&real).await.expect("the engine answers");
            tokio::spawn(pass_on(client, server));
        }
    });
    let options =
        EngineOptions { data_dir: lab.folder.path().join("node"), host: Some(format!("unix://{}", place.display())) };
    Engine::find(options).await.expect("the engine answers")
}

/// Who answers at the engine's socket is taken for the engine, and containers get no higher limits than it has.
fn have_no_more_processes_than(engine: i32) {
    let limits = std::fs::read_to_string(format!("/proc/{engine}/limits")).expect("limits");
    let row = limits.lines().find(|line| line.starts_with("Max processes")).expect("a row");
    let (_, own) = getrlimit(Resource::RLIMIT_NPROC).expect("limits");
    let most = row.split_whitespace().nth(3).and_then(|most| most.parse().ok());
    if let Some(most) = most.filter(|most| *most < own) {
        setrlimit(Resource::RLIMIT_NPROC, most, most).expect("lowered");
    }
}

/// Passes on what both say until the client asks for events: that request, and all that follows it, is kept.
async fn pass_on(client: UnixStream, server: UnixStream) {
    let ((mut asks, mut hears), (mut answers, mut takes)) = (client.into_split(), server.into_split());
    let back = async { tokio::io::copy(&mut answers, &mut hears).await.map(drop) };
    let forth = async {
        let mut part = vec![0; 64 * 1024];
        loop {
            let length = asks.read(&mut part).await?;
            if part[..length].windows(8).any(|word| word == b"/events?") {
                std::future::pending::<()>().await;
            }
            if length == 0 {
                return takes.shutdown().await;
            }
            takes.write_all(&part[..length]).await?;
        }
    };
    let _ = tokio::try_join!(back, forth);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_liveness_probe_restarts_the_container() {
    let Some(lab) = Lab::start().await else { return };
    let probe = json!({"livenessProbe": {"httpGet": {"path": "/tmp/alive", "port": 8080}, "periodSeconds": 1, "failureThreshold": 1}});
    lab.pod("sick", &["serve", "8080"], json!({}), probe).await;
    lab.pod_until("sick", "restarted", |pod| restarts(pod) >= 1).await;
    let events = lab.events("sick").await;
    assert!(
        events.contains(&"Killing: Container main failed liveness probe, will be restarted".to_owned()),
        "{events:?}"
    );
    assert!(
        events.contains(&"Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 503".to_owned()),
        "{events:?}"
    );
    lab.delete_pod("sick").await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_starts_again_finds_its_containers_and_removes_those_of_no_pod() {
    let Some(mut lab) = Lab::start().await else { return };
    lab.pod("stays", &["serve", "8080"], json!({}), json!({"readinessProbe": {"tcpSocket": {"port": 8080}}})).await;
    lab.pod("goes", &["serve", "8080"], json!({}), json!({})).await;
    let stays = lab.pod_until("stays", "ready", ready).await;
    let goes = lab.pod_until("goes", "ready", ready).await;
    lab.stop_node().await;
    let now = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
    lab.api::<Pod>().delete("goes", &now).await.expect("deleted while the node is away");
    lab.gone::<Pod>("goes").await;
    lab.start_node().await;

    let orphan = container_id(&goes);
    let gone = async {
        let options = || None::<bollard::query_parameters::InspectContainerOptions>;
        while lab.engine.docker().inspect_container(&orphan, options()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("the container of no pod is removed");
    let after = lab.pod_until("stays", "ready", ready).await;
    assert_eq!((container_id(&after), restarts(&after)), (container_id(&stays), 0));
    let transition = |pod: &Pod| {
        let conditions = pod.status.as_ref().and_then(|status| status.conditions.clone()).unwrap_or_default();
        conditions
            .into_iter()
            .find(|condition| condition.type_ == "Ready")
            .and_then(|condition| condition.last_transition_time)
    };
    assert_eq!(transition(&after), transition(&stays), "it was ready all the time");
    lab.delete_pod("stays").await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_whose_namespace_went_while_the_node_was_away_is_removed() {
    let Some(mut lab) = Lab::start().await else { return };
    lab.pod("web", &["serve", "8080"], json!({}), json!({})).await;
    let web = lab.pod_until("web", "ready", ready).await;
    let networks = async |lab: &Lab| {
        let label = format!("{}={}", node::engine::INSTANCE_LABEL, lab.engine.instance());
        let filters = [("label".to_owned(), vec![label])];
        let options = ListNetworksOptions { filters: Some(filters.into()) };
        lab.engine.docker().list_networks(Some(options)).await.expect("listed").len()
    };
    assert_eq!(networks(&lab).await, 1);
    // As a kill between the end of the last pod and the end of its network leaves it.
    lab.stop_node().await;
    let force = RemoveContainerOptions { force: true, ..Default::default() };
    lab.engine.docker().remove_container(&container_id(&web), Some(force)).await.expect("removed");
    let api = lab.api::<Pod>();
    api.delete("web", &DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() })
        .await
        .expect("deleted");
    let namespaces: Api<Namespace> = Api::all(lab.client.clone());
    namespaces.delete(NAMESPACE, &DeleteParams::default()).await.expect("deleted");
    let gone = await_condition(namespaces, NAMESPACE, |namespace: Option<&Namespace>| namespace.is_none());
    tokio::time::timeout(Duration::from_secs(25), gone).await.expect("it goes").expect("watched");
    assert_eq!(networks(&lab).await, 1);
    lab.start_node().await;
    let left = async {
        while networks(&lab).await > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(25), left).await.expect("the network goes");
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_ignores_the_stop_signal_is_killed_after_its_grace() {
    let Some(lab) = Lab::start().await else { return };
    lab.pod("deaf", &["stubborn"], json!({"terminationGracePeriodSeconds": 1}), json!({})).await;
    lab.pod_until("deaf", "ready", ready).await;
    let began = Instant::now();
    lab.delete_pod("deaf").await;
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(15), "{took:?}");
    lab.end().await;
}
