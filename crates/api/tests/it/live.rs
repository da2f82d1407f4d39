//! What runs: tree, events and logs of a deployment whose objects are on the plane, and nothing of another's.

use crate::place::{NAMESPACE, Place, normal};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Event, Namespace, Pod};
use kube::api::{Api, PostParams};
use kubelite::{ApiError, Duplex, ExecOptions, LogOptions, PodConnect, PodRef, Streams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

/// The namespace of the deployment on the plane.
const CELL: &str = "dp-acme-shop-development";
const BINDING: &str = "/api/v1/namespaces/acme/releasebindings/web-development/k8sresources";

/// A node whose containers say two lines.
struct Talking;

#[async_trait]
impl PodConnect for Talking {
    async fn logs(
        &self,
        pod: PodRef,
        options: LogOptions,
    ) -> Result<BoxStream<'static, std::io::Result<Bytes>>, ApiError> {
        let lines = [
            format!("2026-01-01T00:00:00Z {} begins\n", pod.name),
            format!("2026-01-01T00:00:01Z {} of {}\n", options.container, options.tail_lines.unwrap_or_default()),
        ];
        Ok(futures::stream::iter(lines.map(|line| Ok(Bytes::from(line)))).boxed())
    }

    async fn exec(&self, _: PodRef, _: ExecOptions, _: Streams) -> Result<i32, ApiError> {
        Err(ApiError::not_implemented("no commands here"))
    }

    async fn attach(&self, _: PodRef, _: ExecOptions, _: Streams) -> Result<(), ApiError> {
        Err(ApiError::not_implemented("no terminals here"))
    }

    async fn port_forward(&self, _: PodRef, _: u16) -> Result<Box<dyn Duplex>, ApiError> {
        Err(ApiError::not_implemented("no ports here"))
    }
}

async fn have<K>(api: Api<K>, object: Value) -> K
where
    K: Clone + DeserializeOwned + Serialize + std::fmt::Debug,
{
    let object = serde_json::from_value(object).expect("an object");
    api.create(&PostParams::default(), &object).await.expect("created")
}

fn labels(component: &str) -> Value {
    json!({
        "openchoreo.dev/namespace": NAMESPACE, "openchoreo.dev/project": "shop",
        "openchoreo.dev/component": component, "openchoreo.dev/environment": "development",
    })
}

fn pod(name: &str, component: &str, owner: &ReplicaSet) -> Value {
    json!({
        "metadata": {
            "name": name, "namespace": CELL, "labels": labels(component),
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner.metadata.name, "uid": owner.metadata.uid,
            }],
        },
        "spec": {"containers": [{"name": "main", "image": "example/app:1"}, {"name": "side", "image": "example/app:1"}]},
    })
}

/// Component `web` of project `shop` in `development`, with a pod, beside a pod of component `other`.
async fn deployed() -> Place {
    let place = Place::new().await;
    place.server.set_pod_connect(Arc::new(Talking));
    let own_plane = json!({"dataPlaneRef": {"kind": "ClusterDataPlane", "name": "default"}});
    place.have("Environment", Some(NAMESPACE), "development", &own_plane).await;
    let far = json!({"dataPlaneRef": {"kind": "DataPlane", "name": "far"}});
    place.have("Environment", Some(NAMESPACE), "production", &far).await;
    let owner = json!({"projectName": "shop", "componentName": "web"});
    for environment in ["development", "production"] {
        let binding = json!({"owner": owner, "environment": environment, "releaseName": "web-1"});
        place.have("ReleaseBinding", Some(NAMESPACE), &format!("web-{environment}"), &binding).await;
    }
    let template = json!({
        "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main", "image": "example/app:1"}]},
    });
    let spec = json!({"selector": {"matchLabels": {"app": "web"}}, "template": template});
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": CELL, "labels": labels("web")}, "spec": spec,
    });
    let rendered = json!({
        "owner": owner, "environmentName": "development", "targetPlane": "dataplane",
        "resources": [{"id": "deployment", "object": deployment}],
    });
    place.have("RenderedRelease", Some(NAMESPACE), "web-development", &rendered).await;
    let client = &place.client;
    have::<Namespace>(Api::all(client.clone()), json!({"metadata": {"name": CELL}})).await;
    let made = have::<Deployment>(Api::namespaced(client.clone(), CELL), deployment).await;
    let set = json!({
        "metadata": {
            "name": "web-1", "namespace": CELL,
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": made.metadata.uid}],
        },
        "spec": spec,
    });
    let set = have::<ReplicaSet>(Api::namespaced(client.clone(), CELL), set).await;
    let pods: Api<Pod> = Api::namespaced(client.clone(), CELL);
    have(pods.clone(), pod("web-1-a", "web", &set)).await;
    let mut stranger = pod("other-1-a", "other", &set);
    stranger["metadata"]["ownerReferences"] = json!([]);
    have(pods, stranger).await;
    let event = json!({
        "metadata": {"name": "e1", "namespace": CELL},
        "involvedObject": {"kind": "Deployment", "name": "web", "namespace": CELL},
        "type": "Normal", "reason": "ScalingReplicaSet", "message": "to 1", "count": 1,
        "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z",
        "source": {"component": "deployment-controller"},
    });
    have::<Event>(Api::namespaced(client.clone(), CELL), event).await;
    place
}

#[tokio::test]
async fn the_tree_shows_the_objects_and_what_they_made() {
    let place = deployed().await;
    let answer = place.get(&format!("{BINDING}/tree")).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    let releases = answer.body["renderedReleases"].as_array().expect("releases");
    assert_eq!(releases.len(), 1);
    assert_eq!((&releases[0]["name"], &releases[0]["targetPlane"]), (&json!("web-development"), &json!("dataplane")));
    let nodes: Vec<Value> = releases[0]["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .map(|node| {
            let mut node = normal(node);
            let object = node.as_object_mut().and_then(|members| members.remove("object")).expect("the whole object");
            assert_eq!(object["metadata"]["name"], node["name"]);
            assert_eq!(object["metadata"].get("managedFields"), None);
            node
        })
        .collect();
    let parent = json!([{
        "group": "apps", "version": "v1", "kind": "Deployment", "name": "web", "namespace": CELL, "uid": "<uid>",
    }]);
    let expected = [
        json!({
            "group": "apps", "version": "v1", "kind": "Deployment", "name": "web", "namespace": CELL, "uid": "<uid>",
            "resourceVersion": "<revision>", "createdAt": "<time>", "health": {"status": "Unknown"},
        }),
        json!({
            "version": "v1", "kind": "Pod", "name": "web-1-a", "namespace": CELL, "uid": "<uid>",
            "resourceVersion": "<revision>", "createdAt": "<time>", "health": {"status": "Progressing"},
            "parentRefs": parent,
        }),
    ];
    assert_eq!(nodes, expected);
    let ghost = place.get("/api/v1/namespaces/acme/releasebindings/ghost/k8sresources/tree").await;
    assert_eq!(ghost.plain(), (404, json!({"error": "ReleaseBinding not found", "code": "NOT_FOUND"})));
    place.server.shutdown().await;
}

#[tokio::test]
async fn events_are_those_of_one_object_of_the_deployment() {
    let place = deployed().await;
    let path = format!("{BINDING}/events");
    let told = json!({"events": [{
        "type": "Normal", "reason": "ScalingReplicaSet", "message": "to 1", "count": 1, "source": "deployment-controller",
        "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z",
    }]});
    let not_found = |what: &str| json!({"error": what, "code": "NOT_FOUND"});
    let required = |name: &str| json!({"error": format!("Query argument {name} is required, but not found"), "code": "BAD_REQUEST"});
    let cases = [
        ("group=apps&version=v1&kind=Deployment&name=web", 200, told),
        ("group=&version=v1&kind=Pod&name=web-1-a", 200, json!({"events": []})),
        (
            "version=v1&kind=Pod&name=other-1-a",
            404,
            not_found("Pod \"other-1-a\" of component \"web\" in \"development\" not found"),
        ),
        ("version=v1&kind=Secret&name=x", 404, not_found("Secret \"x\" of component \"web\" not found")),
        ("", 400, required("version")),
        ("version=v1", 400, required("kind")),
        ("version=v1&kind=Pod", 400, required("name")),
    ];
    for (query, status, expected) in cases {
        assert_eq!(place.get(&format!("{path}?{query}")).await.plain(), (status, expected), "{query}");
    }
    place.server.shutdown().await;
}

#[tokio::test]
async fn logs_are_read_once_or_followed() {
    let place = deployed().await;
    let path = format!("{BINDING}/logs");
    let line = |time: &str, log: &str, container: &str| json!({"timestamp": format!("2026-01-01T00:00:0{time}Z"), "log": log, "container": container});
    let failed = |status: u16, error: &str| {
        let code = if status == 404 { "NOT_FOUND" } else { "BAD_REQUEST" };
        (status, json!({"error": error, "code": code}))
    };
    let main = json!({"logEntries": [line("0", "web-1-a begins", "main"), line("1", "main of 10000", "main")]});
    let side = json!({"logEntries": [line("0", "web-1-a begins", "side"), line("1", "side of 7", "side")]});
    let cases = [
        ("podName=web-1-a", (200, main)),
        ("podName=web-1-a&container=side&tailLines=7", (200, side)),
        ("podName=web-1-a&container=nope", failed(400, "container \"nope\" not found in the pod: it has main, side")),
        (
            "podName=web-1-a&sinceSeconds=-1",
            failed(400, "Invalid format for parameter sinceSeconds: \"-1\" is not a number of 0 or more"),
        ),
        ("podName=other-1-a", failed(404, "Pod \"other-1-a\" of component \"web\" in \"development\" not found")),
        ("", failed(400, "Query argument podName is required, but not found")),
    ];
    for (query, expected) in cases {
        assert_eq!(place.get(&format!("{path}?{query}")).await.plain(), expected, "{query}");
    }
    let followed = place.get(&format!("{path}?podName=web-1-a&follow=true")).await;
    assert_eq!(followed.headers["content-type"], "text/event-stream");
    let events: Vec<Value> = followed
        .text
        .split_terminator("\n\n")
        .filter_map(|event| serde_json::from_str(event.strip_prefix("data: ")?).ok())
        .collect();
    assert_eq!(events, [line("0", "web-1-a begins", "main"), line("1", "main of 10000", "main")]);
    place.server.shutdown().await;
}

#[tokio::test]
async fn a_plane_that_cannot_be_reached_is_named() {
    let place = deployed().await;
    let expected = json!({"error": "DataPlane far cannot be reached: no agent is connected", "code": "INTERNAL_ERROR"});
    let answer =
        place.get(&BINDING.replace("development", "production").replace("k8sresources", "k8sresources/tree")).await;
    assert_eq!(answer.plain(), (503, expected));
    place.server.shutdown().await;
}

#[tokio::test]
async fn a_scheduled_task_is_run_now() {
    let place = deployed().await;
    let path = "/api/v1alpha1/namespaces/acme/releasebindings/web-development/trigger";
    let refused = json!({"error": "release binding component is not a cronjob workload", "code": "BAD_REQUEST"});
    assert_eq!(place.post(path, &Value::Null).await.plain(), (400, refused));
    let pod = json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "example/app:1"}]}});
    let cron_job = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly", "namespace": CELL},
        "spec": {
            "schedule": "0 3 * * *",
            "jobTemplate": {"metadata": {"labels": {"app": "nightly"}}, "spec": {"template": pod}},
        },
    });
    let rendered = json!({
        "owner": {"projectName": "shop", "componentName": "web"}, "environmentName": "production",
        "targetPlane": "dataplane", "resources": [{"id": "cronjob", "object": cron_job}],
    });
    let other = json!({"dataPlaneRef": {"kind": "ClusterDataPlane", "name": "default"}});
    place.have("Environment", Some(NAMESPACE), "night", &other).await;
    place.have("RenderedRelease", Some(NAMESPACE), "web-night", &rendered).await;
    let binding = json!({"owner": {"projectName": "shop", "componentName": "web"}, "environment": "night"});
    place.have("ReleaseBinding", Some(NAMESPACE), "web-night", &binding).await;
    let path = "/api/v1alpha1/namespaces/acme/releasebindings/web-night/trigger";
    let missing = json!({"error": "CronJob \"nightly\" not found", "code": "NOT_FOUND"});
    assert_eq!(place.post(path, &Value::Null).await.plain(), (404, missing));
    have::<CronJob>(Api::namespaced(place.client.clone(), CELL), cron_job).await;
    let answer = place.post(path, &Value::Null).await;
    let name = answer.body["jobName"].as_str().unwrap_or_default().to_owned();
    assert!(name.starts_with("nightly-manual-"), "{}", answer.text);
    assert_eq!(answer.plain(), (200, json!({"jobName": name, "namespace": CELL, "cronJobName": "nightly"})));
    let job: Job = Api::namespaced(place.client.clone(), CELL).get(&name).await.expect("a job");
    assert_eq!(job.metadata.owner_references.expect("an owner")[0].name, "nightly");
    assert_eq!(job.metadata.labels.expect("labels")["app"], "nightly");
    place.server.shutdown().await;
}

#[tokio::test]
async fn exec_says_why_it_does_not_begin() {
    let place = deployed().await;
    place.project("shop").await;
    let service = json!({"kind": "ClusterComponentType", "name": "deployment/service"});
    let web = json!({"owner": {"projectName": "shop"}, "componentType": service});
    place.have("Component", Some(NAMESPACE), "web", &web).await;
    let cases = [
        ("ghost?project=shop", 400, "failed to resolve component: component \"ghost\" not found in namespace \"acme\""),
        (
            "web?project=shop&env=ghost",
            400,
            "failed to resolve pod: environment \"ghost\" not found in namespace \"acme\"",
        ),
        (
            "web?project=bank",
            403,
            "you do not have permission to exec into this component: it belongs to another project",
        ),
        (
            "web?env=development",
            400,
            "failed to resolve pod: no pod of component \"web\" is ready in \"development\" (1 not ready)",
        ),
        (
            "web?env=development&pod=other-1-a",
            400,
            "failed to resolve pod: component \"web\" has no pod \"other-1-a\" in \"development\"",
        ),
    ];
    for (target, status, error) in cases {
        let request = http::Request::get(format!("/exec/namespaces/{NAMESPACE}/components/{target}"))
            .header("authorization", format!("Bearer {}", place.token))
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let answer = place.send(request.body(axum::body::Body::empty()).expect("a request")).await;
        assert_eq!((answer.status.as_u16(), answer.body["error"].as_str()), (status, Some(error)), "{target}");
    }
    let plain = place.get(&format!("/exec/namespaces/{NAMESPACE}/components/web")).await;
    assert_eq!(plain.status.as_u16(), 400, "{}", plain.text);
    place.server.shutdown().await;
}
