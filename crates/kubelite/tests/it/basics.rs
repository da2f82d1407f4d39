use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Pod, Service},
};
use kube::{
    Api,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams},
    runtime::{WatchStreamExt, watcher},
};
use serde_json::{Value, json};

use crate::support::{fetch, post, raw, server, until};

fn config(name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"app": name}}, "data": {"k": value}})
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[tokio::test]
async fn an_object_is_created_read_changed_and_deleted() {
    let (server, client) = server().await;
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    let made = api.create(&PostParams::default(), &serde_json::from_value(config("a", "1")).unwrap()).await.unwrap();
    assert!(made.metadata.uid.is_some() && made.metadata.creation_timestamp.is_some());
    let mut read = api.get("a").await.unwrap();
    assert_eq!(read, made);
    read.data = Some([("k".to_owned(), "2".to_owned())].into());
    let changed = api.replace("a", &PostParams::default(), &read).await.unwrap();
    assert_ne!(changed.metadata.resource_version, made.metadata.resource_version);
    let stale = api.replace("a", &PostParams::default(), &read).await.unwrap_err();
    let kube::Error::Api(status) = stale else { panic!("{stale}") };
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
    assert_eq!(
        status.message,
        "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again"
    );
    api.delete("a", &DeleteParams::default()).await.unwrap();
    let missing = api.get("a").await.unwrap_err();
    let kube::Error::Api(status) = missing else { panic!("{missing}") };
    assert_eq!((status.code, status.message.as_str()), (404, "configmaps \"a\" not found"));
    server.shutdown().await;
}

#[tokio::test]
async fn refusals_are_statuses() {
    let (_server, client) = server().await;
    post(&client, MAPS, &config("a", "1")).await;
    for (method, path, body, code, reason, message) in [
        ("POST", MAPS, config("a", "1"), 409, "AlreadyExists", "configmaps \"a\" already exists"),
        (
            "POST",
            "/api/v1/namespaces/none/configmaps",
            config("a", "1"),
            404,
            "NotFound",
            "namespaces \"none\" not found",
        ),
        (
            "POST",
            MAPS,
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "b"}}),
            400,
            "BadRequest",
            "the kind in the data (Secret) does not match the expected kind (ConfigMap)",
        ),
        (
            "POST",
            MAPS,
            json!({"metadata": {}}),
            422,
            "Invalid",
            "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required",
        ),
        (
            "GET",
            "/apis/apps/v9/things",
            Value::Null,
            404,
            "NotFound",
            "the server could not find the requested resource",
        ),
        (
            "PUT",
            MAPS,
            config("a", "1"),
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        ),
    ] {
        let (status, answer) = raw(&client, method, path, "application/json", &body).await;
        assert_eq!(
            (status, &answer["reason"], &answer["message"]),
            (code, &json!(reason), &json!(message)),
            "{method} {path}"
        );
        assert_eq!(answer["kind"], "Status");
    }
}

#[tokio::test]
async fn a_watch_tells_every_change_in_order() {
    let (_server, client) = server().await;
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    let list = api.list(&ListParams::default()).await.unwrap();
    let at = list.metadata.resource_version.unwrap();
    let stream = api.watch(&WatchParams::default(), &at).await.unwrap();
    post(&client, MAPS, &config("a", "1")).await;
    api.patch("a", &PatchParams::default(), &Patch::Merge(json!({"data": {"k": "2"}}))).await.unwrap();
    api.delete("a", &DeleteParams::default()).await.unwrap();
    let events: Vec<_> = stream.take(3).try_collect().await.unwrap();
    let kinds: Vec<&str> = events
        .iter()
        .map(|event| match event {
            WatchEvent::Added(_) => "added",
            WatchEvent::Modified(_) => "modified",
            WatchEvent::Deleted(_) => "deleted",
            _ => "other",
        })
        .collect();
    assert_eq!(kinds, ["added", "modified", "deleted"]);
}

#[tokio::test]
async fn a_selector_turns_changes_into_adds_and_deletes() {
    let (_server, client) = server().await;
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    let mut stream = api.watch(&WatchParams::default().labels("team=x"), "0").await.unwrap().boxed();
    post(&client, MAPS, &config("a", "1")).await;
    for team in ["x", "y"] {
        api.patch("a", &PatchParams::default(), &Patch::Merge(json!({"metadata": {"labels": {"team": team}}})))
            .await
            .unwrap();
    }
    until(&mut stream, |event| matches!(event, WatchEvent::Added(map) if map.metadata.name.as_deref() == Some("a")))
        .await;
    until(&mut stream, |event| matches!(event, WatchEvent::Deleted(map) if map.metadata.name.as_deref() == Some("a")))
        .await;
}

#[tokio::test]
async fn the_watcher_of_kube_follows() {
    let (_server, client) = server().await;
    post(&client, MAPS, &config("a", "1")).await;
    for config_of_watcher in [watcher::Config::default(), watcher::Config::default().streaming_lists()] {
        let api: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
        let mut stream = watcher(api, config_of_watcher).applied_objects().boxed();
        let first = stream.try_next().await.unwrap().unwrap();
        assert_eq!(first.metadata.name.as_deref(), Some("a"));
        let api: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
        let value = uuid::Uuid::new_v4().to_string();
        api.patch("a", &PatchParams::default(), &Patch::Merge(json!({"data": {"k": value}}))).await.unwrap();
        let next = stream.try_next().await.unwrap().unwrap();
        assert_eq!(next.data.unwrap()["k"], value);
    }
}

#[tokio::test]
async fn built_in_kinds_get_their_defaults() {
    let (_server, client) = server().await;
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "web:1", "ports": [{"containerPort": 80}], "readinessProbe": {"httpGet": {"port": 80}}}]}}}});
    let made = post(&client, "/apis/apps/v1/namespaces/default/deployments", &deployment).await;
    let spec = &made["spec"];
    assert_eq!(spec["replicas"], 1);
    assert_eq!(
        spec["strategy"],
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}})
    );
    let pod = &spec["template"]["spec"];
    assert_eq!(
        (&pod["restartPolicy"], &pod["dnsPolicy"], &pod["terminationGracePeriodSeconds"]),
        (&json!("Always"), &json!("ClusterFirst"), &json!(30))
    );
    let container = &pod["containers"][0];
    assert_eq!(
        (&container["imagePullPolicy"], &container["ports"][0]["protocol"]),
        (&json!("IfNotPresent"), &json!("TCP"))
    );
    assert_eq!(
        container["readinessProbe"],
        json!({"httpGet": {"path": "/", "port": 80, "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3})
    );
    assert_eq!(made["metadata"]["generation"], 1);
    let api: Api<Deployment> = Api::namespaced(client.clone(), "default");
    let scaled =
        api.patch_scale("web", &PatchParams::default(), &Patch::Merge(json!({"spec": {"replicas": 3}}))).await.unwrap();
    assert_eq!(scaled.spec.unwrap().replicas, Some(3));
    assert_eq!(api.get("web").await.unwrap().metadata.generation, Some(2));
    let status = api
        .patch_status(
            "web",
            &PatchParams::default(),
            &Patch::Merge(json!({"status": {"replicas": 3}, "spec": {"replicas": 9}})),
        )
        .await
        .unwrap();
    assert_eq!(
        (status.spec.unwrap().replicas, status.status.unwrap().replicas, status.metadata.generation),
        (Some(3), Some(3), Some(2))
    );
}

#[tokio::test]
async fn services_get_addresses_of_their_own() {
    let (_server, client) = server().await;
    let api: Api<Service> = Api::namespaced(client.clone(), "default");
    let service = |name: &str| {
        serde_json::from_value(json!({"metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}})).unwrap()
    };
    let first = api.create(&PostParams::default(), &service("a")).await.unwrap().spec.unwrap();
    let second = api.create(&PostParams::default(), &service("b")).await.unwrap().spec.unwrap();
    assert!(first.cluster_ip.as_deref().is_some_and(|ip| ip.starts_with("10.96.")));
    assert_ne!(first.cluster_ip, second.cluster_ip);
    assert_eq!(
        first.ports.unwrap()[0].target_port,
        Some(k8s_openapi::apimachinery::pkg::util::intstr::IntOrString::Int(80))
    );
}

#[tokio::test]
async fn pages_are_consistent() {
    let (_server, client) = server().await;
    for index in 0..5 {
        post(&client, MAPS, &config(&format!("m{index}"), "1")).await;
    }
    let (_, first) = fetch(&client, &format!("{MAPS}?limit=2")).await;
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    assert_eq!(first["metadata"]["remainingItemCount"], 3);
    post(&client, MAPS, &config("m9", "1")).await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    let (_, rest) = fetch(&client, &format!("{MAPS}?continue={token}")).await;
    let names: Vec<&str> =
        rest["items"].as_array().unwrap().iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["m2", "m3", "m4"]);
}

#[tokio::test]
async fn dry_run_stores_nothing_and_unknown_fields_are_told() {
    let (_server, client) = server().await;
    let (code, _) = raw(&client, "POST", &format!("{MAPS}?dryRun=All"), "application/json", &config("a", "1")).await;
    assert_eq!(code, 201);
    assert_eq!(fetch(&client, &format!("{MAPS}/a")).await.0, 404);
    let mut odd = config("a", "1");
    odd["nonsense"] = 1.into();
    let (code, answer) =
        raw(&client, "POST", &format!("{MAPS}?fieldValidation=Strict"), "application/json", &odd).await;
    let message = "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"nonsense\"";
    assert_eq!((code, answer["message"].as_str().unwrap()), (400, message));
    let made = post(&client, MAPS, &odd).await;
    assert!(made.get("nonsense").is_none());
}

#[tokio::test]
async fn a_running_pod_leaves_in_two_steps() {
    let (_server, client) = server().await;
    let api: Api<Pod> = Api::namespaced(client.clone(), "default");
    let pod = serde_json::from_value(
        json!({"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i"}]}}),
    )
    .unwrap();
    api.create(&PostParams::default(), &pod).await.unwrap();
    let left = api.delete("p", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert_eq!(left.metadata.deletion_grace_period_seconds, Some(30));
    assert!(api.get("p").await.unwrap().metadata.deletion_timestamp.is_some());
    api.delete("p", &DeleteParams::default().grace_period(0)).await.unwrap();
    assert!(api.get_opt("p").await.unwrap().is_none());
}

#[tokio::test]
async fn metadata_in_lists_say_their_kind_unless_protobuf_was_liked_better() {
    let (_server, client) = server().await;
    let path = "/api/v1/namespaces/default/configmaps";
    post(&client, path, &json!({"metadata": {"name": "a", "labels": {"here": ""}}})).await;
    let of = |media: &str, version: &str| format!("{media};as=PartialObjectMetadataList;g=meta.k8s.io;v={version}");
    let protobuf = of("application/vnd.kubernetes.protobuf", "v1");
    for (accept, item) in [
        (of("application/json", "v1"), json!(["meta.k8s.io/v1", "PartialObjectMetadata"])),
        (of("application/json", "v1beta1"), json!(["meta.k8s.io/v1beta1", "PartialObjectMetadata"])),
        (format!("{protobuf},{},application/json", of("application/json", "v1")), json!([null, null])),
    ] {
        let request = http::Request::get(format!("{path}?labelSelector=here")).header("accept", &accept);
        let list: Value = client.request(request.body(Vec::new()).unwrap()).await.unwrap();
        let first = &list["items"][0];
        assert_eq!((&list["kind"], &first["metadata"]["name"]), (&json!("PartialObjectMetadataList"), &json!("a")));
        assert_eq!(json!([first["apiVersion"], first["kind"]]), item, "{accept}");
    }
}
