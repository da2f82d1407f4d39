//! Environment and files from ConfigMaps and Secrets.

use crate::lab::{Lab, NAMESPACE, ready, waits};
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use kube::api::{Patch, PatchParams};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn configuration_arrives_as_environment_and_files_and_files_follow_changes() {
    let Some(lab) = Lab::start().await else { return };
    let pod = json!({
        "volumes": [
            {"name": "config", "configMap": {"name": "settings"}},
            {"name": "keys", "secret": {"secretName": "login", "items": [{"key": "password", "path": "deep/word"}], "defaultMode": 0o400}},
        ],
    });
    let container = json!({
        "env": [
            {"name": "COLOUR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "colour"}}},
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}},
            {"name": "TOGETHER", "value": "$(COLOUR)+$(PASSWORD)"},
            {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/config"},
            {"name": "config", "mountPath": "/etc/one", "subPath": "colour"},
            {"name": "keys", "mountPath": "/etc/keys", "readOnly": true},
        ],
    });
    lab.pod("app", &["serve", "8080"], pod, container).await;
    let waiting = lab
        .pod_until("app", "waiting for its ConfigMap", |pod| {
            waits(pod).is_some_and(|(reason, _)| reason == "CreateContainerConfigError")
        })
        .await;
    assert_eq!(waits(&waiting).expect("it waits").1, "configmap \"settings\" not found");

    lab.create::<ConfigMap>(
        json!({"metadata": {"name": "settings", "namespace": NAMESPACE}, "data": {"colour": "red"}}),
    )
    .await;
    lab.pod_until("app", "waiting for its Secret", |pod| {
        waits(pod).is_some_and(|(_, message)| message == "secret \"login\" not found")
    })
    .await;
    lab.create::<Secret>(
        json!({"metadata": {"name": "login", "namespace": NAMESPACE}, "stringData": {"password": "hunter2"}}),
    )
    .await;
    let app = lab.pod_until("app", "ready", ready).await;

    let told = output(&lab, &app, &["/guest", "env", "COLOUR", "PASSWORD", "TOGETHER", "NAME"]).await;
    assert_eq!(told, "COLOUR=red\nPASSWORD=hunter2\nTOGETHER=red+hunter2\nNAME=app\n");
    let files = output(&lab, &app, &["/guest", "cat", "/etc/config/colour", "/etc/one", "/etc/keys/deep/word"]).await;
    assert_eq!(files, "/etc/config/colour=red\n/etc/one=red\n/etc/keys/deep/word=hunter2\n");

    let patch = json!({"data": {"colour": "blue"}});
    lab.api::<ConfigMap>().patch("settings", &PatchParams::default(), &Patch::Merge(patch)).await.expect("patched");
    let changed = async {
        while output(&lab, &app, &["/guest", "cat", "/etc/config/colour"]).await != "/etc/config/colour=blue\n" {}
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), changed).await.expect("the file follows the ConfigMap");
    lab.delete_pod("app").await;
    lab.end().await;
}

pub(crate) async fn output(lab: &Lab, pod: &k8s_openapi::api::core::v1::Pod, command: &[&str]) -> String {
    use kube::ResourceExt as _;
    let uid = pod.uid().expect("a UID");
    let place = node::PodPlace { namespace: NAMESPACE, name: &pod.name_any(), uid: &uid };
    let options = node::engine::ExecOptions {
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        stdout: true,
        ..Default::default()
    };
    let session = lab.node.as_ref().expect("a node").access().exec(&place, "main", options).await.expect("a command");
    crate::streams::output(session).await
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_written_now_are_written_when_they_can() {
    let Some(lab) = Lab::start().await else { return };
    let map = json!({"metadata": {"name": "words", "namespace": NAMESPACE}, "data": {"greeting": "hello"}});
    lab.create::<ConfigMap>(map).await;
    // A disk without room is as good as a folder that is none.
    let (folder, away) = (lab.folder.path().join("node/pods"), lab.folder.path().join("node/away"));
    std::fs::rename(&folder, &away).expect("moved");
    std::fs::write(&folder, "in the way").expect("written");
    let volumes = json!({"volumes": [{"name": "words", "configMap": {"name": "words"}}]});
    let mounts = json!({"volumeMounts": [{"name": "words", "mountPath": "/words"}]});
    lab.pod("web", &["serve", "8080"], volumes, mounts).await;
    let told = |pod: &Pod| {
        waits(pod).is_some_and(|(reason, message)| {
            reason == "CreateContainerConfigError" && message.contains("the pod's volumes cannot be made: ")
        })
    };
    lab.pod_until("web", "waiting for its files", told).await;
    std::fs::remove_file(&folder).expect("removed");
    std::fs::rename(&away, &folder).expect("moved back");
    let web = lab.pod_until("web", "ready", ready).await;
    assert_eq!(output(&lab, &web, &["/guest", "cat", "/words/greeting"]).await, "/words/greeting=hello\n");
    lab.delete_pod("web").await;
    lab.end().await;
}
