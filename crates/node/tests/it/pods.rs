//! What a pod may ask for beyond a program that runs: sidecars, hooks, deadlines, files of this computer, words on itself.

use crate::lab::{Lab, NAMESPACE, main, phase, ready, waits};
use crate::volumes::output;
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod};
use kube::api::{Patch, PatchParams};
use serde_json::json;

fn ended(status: &ContainerStatus) -> ContainerStateTerminated {
    status.state.as_ref().and_then(|state| state.terminated.clone()).expect("ended")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_is_there_before_the_others_and_ends_after_them() {
    let Some(lab) = Lab::start().await else { return };
    let image = &lab.image;
    let pod = json!({
        "metadata": {"name": "work", "namespace": NAMESPACE},
        "spec": {
            "nodeName": "local", "terminationGracePeriodSeconds": 5, "restartPolicy": "Never",
            "initContainers": [
                {"name": "beside", "image": image, "command": ["/guest", "serve", "8080", "here"], "restartPolicy": "Always",
                 "startupProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 30}},
                {"name": "first", "image": image, "command": ["/guest", "reach", "127.0.0.1:8080"]},
            ],
            "containers": [{"name": "main", "image": image, "command": ["/guest", "exit", "0"]}],
        },
    });
    lab.create::<Pod>(pod).await;
    let done = lab.pod_until("work", "done", |pod| phase(pod) == "Succeeded").await;
    let status = done.status.clone().expect("a status");
    let init = status.init_container_statuses.expect("init containers");
    let (beside, first, main) = (ended(&init[0]), ended(&init[1]), ended(main(&done).expect("told")));
    assert_eq!((beside.exit_code, first.exit_code, main.exit_code), (0, 0, 0));
    assert!(beside.finished_at >= main.finished_at && beside.started_at <= first.started_at, "{beside:?} {main:?}");
    lab.told("work", "Killing: the pod is done").await;

    // Deleted, a sidecar gets its signal when the others have ended: until then it answers the main container's hook.
    let pod = json!({
        "metadata": {"name": "asks", "namespace": NAMESPACE},
        "spec": {
            "nodeName": "local", "terminationGracePeriodSeconds": 20,
            "volumes": [{"name": "given", "hostPath": {"path": lab.given()}}],
            "initContainers": [
                {"name": "beside", "image": image, "command": ["/guest", "serve", "8080", "here"], "restartPolicy": "Always"},
            ],
            "containers": [{
                "name": "main", "image": image, "command": ["/guest", "serve", "8081"],
                "volumeMounts": [{"name": "given", "mountPath": "/given"}],
                "lifecycle": {"preStop": {"exec": {"command": ["/guest", "ask", "127.0.0.1:8080", "/given/answer"]}}},
            }],
        },
    });
    lab.create::<Pod>(pod).await;
    lab.pod_until("asks", "ready", ready).await;
    lab.delete_pod("asks").await;
    assert_eq!(std::fs::read_to_string(lab.given().join("answer")).expect("an answer"), "here");
    lab.delete_pod("work").await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_run_after_the_start_and_before_the_stop() {
    let Some(lab) = Lab::start().await else { return };
    let given = json!({"volumes": [{"name": "given", "hostPath": {"path": lab.given(), "type": "Directory"}}]});
    let hooks = json!({
        "volumeMounts": [{"name": "given", "mountPath": "/given"}],
        "lifecycle": {
            "postStart": {"exec": {"command": ["/guest", "touch", "/given/started"]}},
            "preStop": {"exec": {"command": ["/guest", "touch", "/given/stopping"]}},
        },
    });
    lab.pod("polite", &["serve", "8080"], given, hooks).await;
    let failing = json!({"lifecycle": {"postStart": {"exec": {"command": ["/guest", "exit", "3"]}}}});
    lab.pod("broken", &["serve", "8080"], json!({}), failing).await;
    let closed = json!({"volumes": [{"name": "root", "hostPath": {"path": "/etc"}}]});
    let mount = json!({"volumeMounts": [{"name": "root", "mountPath": "/host"}]});
    lab.pod("nosy", &["serve", "8080"], closed, mount).await;

    lab.pod_until("polite", "ready", ready).await;
    assert!(lab.given().join("started").exists() && !lab.given().join("stopping").exists());
    lab.delete_pod("polite").await;
    assert!(lab.given().join("stopping").exists(), "the hook ran before the stop");

    lab.pod_until("broken", "started again", |pod| main(pod).is_some_and(|status| status.restart_count > 0)).await;
    lab.told("broken", "FailedPostStartHook: PostStartHook failed: exiting with 3\n").await;

    let nosy = lab.pod_until("nosy", "refused", |pod| {
        waits(pod).is_some_and(|(reason, _)| reason == "CreateContainerConfigError")
    });
    let (_, message) = waits(&nosy.await).expect("it waits");
    assert!(message.contains("hostPath /etc is not allowed on this computer"), "{message}");
    for pod in ["broken", "nosy"] {
        lab.delete_pod(pod).await;
    }
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_is_told_of_itself_and_tells_why_it_ended() {
    let Some(lab) = Lab::start().await else { return };
    let volumes = json!({"volumes": [
        {"name": "about", "projected": {"sources": [{"downwardAPI": {"items": [
            {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
            {"path": "memory", "resourceFieldRef": {"containerName": "main", "resource": "limits.memory", "divisor": "1Mi"}},
        ]}}]}},
        {"name": "fast", "emptyDir": {"medium": "Memory"}},
    ]});
    let container = json!({
        "resources": {"limits": {"memory": "64Mi"}},
        "env": [{"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}}],
        "volumeMounts": [{"name": "about", "mountPath": "/about"}, {"name": "fast", "mountPath": "/fast"}],
    });
    lab.pod("known", &["serve", "8080"], volumes, container).await;
    lab.pod("late", &["serve", "8080"], json!({"activeDeadlineSeconds": 1}), json!({})).await;
    let talks = json!({"terminationMessagePolicy": "FallbackToLogsOnError"});
    lab.pod("talks", &["exit", "3"], json!({"restartPolicy": "Never"}), talks).await;

    let known = lab.pod_until("known", "ready", ready).await;
    assert_eq!(output(&lab, &known, &["/guest", "env", "MEMORY"]).await, "MEMORY=67108864\n");
    assert_eq!(output(&lab, &known, &["/guest", "touch", "/fast/file", "x"]).await, "");
    assert_eq!(
        output(&lab, &known, &["/guest", "cat", "/fast/file", "/about/memory"]).await,
        "/fast/file=x\n/about/memory=64\n"
    );
    let patch = json!({"metadata": {"labels": {"colour": "blue"}}});
    lab.api::<Pod>().patch("known", &PatchParams::default(), &Patch::Merge(patch)).await.expect("patched");
    let follows = async {
        while output(&lab, &known, &["/guest", "cat", "/about/labels"]).await != "/about/labels=colour=\"blue\"\n" {}
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), follows).await.expect("the file follows the labels");

    let late = lab.pod_until("late", "failed", |pod| phase(pod) == "Failed").await;
    let status = late.status.expect("a status");
    assert_eq!(status.reason.as_deref(), Some("DeadlineExceeded"));
    let talks = lab.pod_until("talks", "failed", |pod| phase(pod) == "Failed").await;
    assert_eq!(ended(main(&talks).expect("told")).message.as_deref(), Some("exiting with 3\n"));
    for pod in ["known", "late", "talks"] {
        lab.delete_pod(pod).await;
    }
    lab.end().await;
}
