//! One pod from its creation to its end.

use crate::lab::{Lab, NAMESPACE, container_id, main, phase, ready, waits};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::{Api, ResourceExt as _};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_runs_answers_and_goes() {
    let Some(lab) = Lab::start().await else { return };
    let node = Api::<Node>::all(lab.client.clone()).get("local").await.expect("the node is registered");
    let conditions = node.status.expect("a status").conditions.expect("conditions");
    assert!(conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"));

    let probe = json!({"readinessProbe": {"httpGet": {"path": "/tmp/ready", "port": "http"}, "periodSeconds": 1},
                       "ports": [{"name": "http", "containerPort": 8080}]});
    lab.pod("web", &["serve", "8080", "hello"], json!({}), probe).await;
    let running = lab.pod_until("web", "running and not ready", |pod| phase(pod) == "Running" && !ready(pod)).await;
    let status = running.status.clone().expect("a status");
    let address = status.pod_ip.clone().expect("an address");
    assert_eq!(main(&running).expect("told").started, Some(true));
    assert_eq!(status.qos_class.as_deref(), Some("BestEffort"));
    assert!(!status.host_ip.expect("the node's address").is_empty());

    let ended = exec(&lab, &running, &["/guest", "touch", "/tmp/ready"]).await;
    assert_eq!(ended, 0);
    lab.pod_until("web", "ready", ready).await;
    let answer = http_get(&address, 8080).await;
    assert!(answer.ends_with("hello"), "{answer}");

    exec(&lab, &running, &["/guest", "remove", "/tmp/ready"]).await;
    lab.pod_until("web", "not ready again", |pod| !ready(pod)).await;

    let id = container_id(&running);
    lab.delete_pod("web").await;
    let left =
        lab.engine.docker().inspect_container(&id, None::<bollard::query_parameters::InspectContainerOptions>).await;
    assert!(left.is_err(), "the container is removed with its pod");
    assert!(!lab.folder.path().join("node/pods").join(running.uid().expect("a UID")).exists());
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_ends_is_done_when_the_pod_says_so() {
    let Some(lab) = Lab::start().await else { return };
    lab.pod("fine", &["exit", "0"], json!({"restartPolicy": "Never"}), json!({})).await;
    lab.pod("broken", &["last-words", "no more"], json!({"restartPolicy": "Never"}), json!({})).await;
    let fine = lab.pod_until("fine", "done", |pod| phase(pod) == "Succeeded").await;
    let ended = main(&fine).and_then(|status| status.state.as_ref()?.terminated.clone()).expect("ended");
    assert_eq!((ended.exit_code, ended.reason.as_deref()), (0, Some("Completed")));
    let broken = lab.pod_until("broken", "failed", |pod| phase(pod) == "Failed").await;
    let ended = main(&broken).and_then(|status| status.state.as_ref()?.terminated.clone()).expect("ended");
    assert_eq!(
        (ended.exit_code, ended.reason.as_deref(), ended.message.as_deref()),
        (3, Some("Error"), Some("no more"))
    );
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_image_is_told_in_the_engines_words_and_recovered_from_when_it_is_built() {
    let Some(lab) = Lab::start().await else { return };
    let missing = format!("localhost/{}-later:1", lab.engine.instance());
    lab.pod("later", &["serve", "8080"], json!({}), json!({"image": missing})).await;
    let waiting =
        lab.pod_until("later", "told", |pod| waits(pod).is_some_and(|(reason, _)| reason == "ImagePullBackOff")).await;
    let (_, message) = waits(&waiting).expect("it waits");
    assert!(message.contains(&missing) && message.contains("localhost"), "{message}");
    assert_eq!(phase(&waiting), "Pending");
    lab.bring_image(&missing).await;
    lab.pod_until("later", "running", ready).await;
    let events = lab.events("later").await;
    assert!(events.iter().any(|event| event.starts_with("Failed: Failed to pull image")), "{events:?}");
    lab.delete_pod("later").await;
    lab.remove_image(&missing).await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unsupported_fields_are_named_and_nothing_is_started() {
    let Some(lab) = Lab::start().await else { return };
    lab.pod("host", &["serve", "8080"], json!({"hostNetwork": true}), json!({})).await;
    let refused = lab
        .pod_until("host", "refused", |pod| {
            waits(pod).is_some_and(|(reason, _)| reason == "CreateContainerConfigError")
        })
        .await;
    assert_eq!(waits(&refused).expect("it waits").1, "spec.hostNetwork: not supported on this node");
    assert_eq!(refused.status.expect("a status").reason.as_deref(), Some("UnsupportedField"));
    lab.delete_pod("host").await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_of_a_pod_share_their_network_and_init_containers_run_before() {
    let Some(lab) = Lab::start().await else { return };
    let image = &lab.image;
    let pod = json!({
        "metadata": {"name": "pair", "namespace": NAMESPACE},
        "spec": {
            "nodeName": "local", "terminationGracePeriodSeconds": 5,
            "volumes": [{"name": "shared", "emptyDir": {}}],
            "initContainers": [{"name": "first", "image": image, "command": ["/guest", "touch", "/shared/word", "said"],
                                "volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}],
            "containers": [
                {"name": "main", "image": image, "command": ["/guest", "serve", "8080", "$(POD_IP)"],
                 "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
                 "volumeMounts": [{"name": "shared", "mountPath": "/shared"}]},
                {"name": "side", "image": image, "command": ["/guest", "count", "1000"]},
            ],
        },
    });
    lab.create::<Pod>(pod).await;
    let pair = lab.pod_until("pair", "ready", ready).await;
    let address = pair.status.as_ref().and_then(|status| status.pod_ip.clone()).expect("an address");
    assert_eq!(exec(&lab, &pair, &["/guest", "cat", "/shared/word"]).await, 0);
    let session = lab
        .node
        .as_ref()
        .expect("a node")
        .access()
        .exec(
            &node::PodPlace { namespace: NAMESPACE, name: "pair", uid: &pair.uid().expect("a UID") },
            "side",
            node::engine::ExecOptions {
                command: ["/guest", "reach", "127.0.0.1:8080"].map(str::to_owned).to_vec(),
                stdout: true,
                ..Default::default()
            },
        )
        .await
        .expect("a command");
    assert_eq!(
        crate::streams::output(session).await,
        format!("{address}\n"),
        "the neighbour answers on loopback with the pod's address"
    );
    lab.delete_pod("pair").await;
    lab.end().await;
}

pub(crate) async fn exec(lab: &Lab, pod: &Pod, command: &[&str]) -> i64 {
    let uid = pod.uid().expect("a UID");
    let place = node::PodPlace { namespace: NAMESPACE, name: &pod.name_any(), uid: &uid };
    let options = node::engine::ExecOptions {
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        stdout: true,
        stderr: true,
        ..Default::default()
    };
    let session = lab.node.as_ref().expect("a node").access().exec(&place, "main", options).await.expect("a command");
    let control = session.control.clone();
    crate::streams::output(session).await;
    control.exit_code().await.expect("asked").expect("ended")
}

async fn http_get(address: &str, port: u16) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect((address, port)).await.expect("connected");
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}
