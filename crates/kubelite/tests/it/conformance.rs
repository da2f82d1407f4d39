//! Behaviour that Kubernetes' own end-to-end tests ask for, without their Go client.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use kubelite::{Options, Server};
use serde_json::{Value, json};

use crate::support::{fetch, post, raw, server, when};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

fn definition(schema: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com", "scope": "Cluster", "names": {"plural": "things", "kind": "Thing"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        },
    })
}

async fn established(client: &kube::Client, definition: &Value) {
    post(client, DEFINITIONS, definition).await;
    let resource = kube::api::ApiResource::from_gvk(&kube::core::GroupVersionKind::gvk(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
    ));
    let api = crate::support::dynamic(client, &resource, None);
    when(&api, "things.example.com", |object| {
        object["status"]["conditions"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|condition| condition["type"] == "Established" && condition["status"] == "True")
    })
    .await;
}

#[tokio::test]
async fn items_of_a_list_of_built_in_kinds_leave_out_what_the_list_says() {
    let (_server, client) = server().await;
    post(
        &client,
        "/api/v1/namespaces/default/secrets",
        &json!({"metadata": {"name": "a"}, "stringData": {"kind": "x"}}),
    )
    .await;
    let (_, list) = fetch(&client, "/api/v1/namespaces/default/secrets").await;
    assert_eq!(list["kind"], "SecretList");
    let keys: Vec<&String> = list["items"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["data", "metadata", "type"]);
}

#[tokio::test]
async fn where_there_is_a_port_every_namespace_knows_its_certificate_and_gets_it_back() {
    let (server, client) = server().await;
    server.serve(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let resource = kube::api::ApiResource::from_gvk(&kube::core::GroupVersionKind::gvk("", "v1", "ConfigMap"));
    let api = crate::support::dynamic(&client, &resource, Some("default"));
    let first = when(&api, "kube-root-ca.crt", |_| true).await;
    assert!(first["data"]["ca.crt"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    let path = "/api/v1/namespaces/default/configmaps/kube-root-ca.crt";
    assert_eq!(raw(&client, "DELETE", path, "application/json", &Value::Null).await.0, 200);
    let second = when(&api, "kube-root-ca.crt", |object| object["metadata"]["uid"] != first["metadata"]["uid"]).await;
    assert_eq!(second["data"], first["data"]);
}

#[tokio::test]
async fn what_is_listed_and_not_supported_refuses_to_be_made() {
    let (_server, client) = server().await;
    for (path, name) in [
        ("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", "admission webhooks"),
        ("/apis/apiregistration.k8s.io/v1/apiservices", "other API servers"),
        ("/apis/certificates.k8s.io/v1/certificatesigningrequests", "signed"),
        ("/api/v1/namespaces/default/resourcequotas", "quotas"),
    ] {
        assert_eq!(fetch(&client, path).await.0, 200, "{path}");
        let object = json!({"metadata": {"name": "a.b.c"}, "spec": {}});
        let (code, answer) = raw(&client, "POST", path, "application/json", &object).await;
        assert_eq!(code, 501, "{path} {answer}");
        assert!(answer["message"].as_str().unwrap().contains(name), "{answer}");
    }
}

#[tokio::test]
async fn rules_that_may_cost_too_much_are_refused_with_their_definition() {
    let (_server, client) = server().await;
    let schema = json!({"type": "object", "properties": {"spec": {"type": "array", "items": {
        "type": "array", "items": {"type": "string"}, "x-kubernetes-validations": [{"rule": "self.all(s, s == 'x')"}]}}}});
    let (code, answer) = raw(&client, "POST", DEFINITIONS, "application/json", &definition(&schema)).await;
    assert_eq!(code, 422);
    let cause = &answer["details"]["causes"][0];
    assert_eq!(
        cause["field"],
        "spec.validation.openAPIV3Schema.properties[spec].items.x-kubernetes-validations[0].rule"
    );
    assert!(cause["message"].as_str().unwrap().contains("exceeds budget by factor of more than 100x"), "{cause}");
}

#[tokio::test]
async fn objects_from_before_a_default_are_read_with_it() {
    let (_server, client) = server().await;
    let schema = |field: &Value| json!({"type": "object", "properties": {"a": field}});
    established(&client, &definition(&schema(&json!({"type": "string"})))).await;
    post(
        &client,
        "/apis/example.com/v1/things",
        &json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "one"}}),
    )
    .await;
    let patch =
        json!([{"op": "add", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/a/default", "value": "A"}]);
    let path = format!("{DEFINITIONS}/things.example.com");
    let (code, answer) = raw(&client, "PATCH", &path, "application/json-patch+json", &patch).await;
    assert_eq!(code, 200, "{answer}");
    // The new schema is served soon after: seen by objects that are made with it.
    let resource = kube::api::ApiResource::from_gvk(&kube::core::GroupVersionKind::gvk("example.com", "v1", "Thing"));
    let api = crate::support::dynamic(&client, &resource, None);
    for number in 0.. {
        let name = format!("probe-{number}");
        let object = json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": name}});
        let made = post(&client, "/apis/example.com/v1/things", &object).await;
        if made["a"] == "A" {
            break;
        }
        tokio::task::yield_now().await;
    }
    let (_, one) = fetch(&client, "/apis/example.com/v1/things/one").await;
    assert_eq!(one["a"], "A");
    let (_, list) = fetch(&client, "/apis/example.com/v1/things?limit=1").await;
    assert_eq!((&list["items"][0]["a"], &list["items"][0]["kind"]), (&json!("A"), &json!("Thing")));
    assert_eq!(when(&api, "one", |_| true).await["a"], "A");
}

#[tokio::test]
async fn one_autoscaler_in_two_versions() {
    let (_server, client) = server().await;
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    let object = json!({"metadata": {"name": "a"}, "spec": {"scaleTargetRef": target, "maxReplicas": 3, "targetCPUUtilizationPercentage": 70}});
    let made = post(&client, "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers", &object).await;
    assert_eq!(made["spec"]["targetCPUUtilizationPercentage"], 70);
    let (_, second) = fetch(&client, "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/a").await;
    assert_eq!(second["apiVersion"], "autoscaling/v2");
    assert_eq!(
        second["spec"]["metrics"],
        json!([{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}])
    );
}

#[tokio::test]
async fn a_list_that_took_too_long_can_be_ended_as_things_are_now() {
    let seconds = Arc::new(AtomicI64::new(1_800_000_000));
    let clock = seconds.clone();
    let options = Options {
        clock: Arc::new(move || jiff::Timestamp::from_second(clock.load(Ordering::Relaxed)).unwrap()),
        ..Options::default()
    };
    let age = i64::try_from(options.history.age.as_secs()).unwrap();
    let server = Server::open(options).await.unwrap();
    let client = server.client();
    for name in ["a", "b", "c"] {
        post(
            &client,
            "/api/v1/namespaces/default/services",
            &json!({"metadata": {"name": name}, "spec": {"ports": [{"port": 1}]}}),
        )
        .await;
    }
    let page = |token: &str| format!("/api/v1/namespaces/default/services?limit=1&continue={token}");
    let token = |list: &Value| list["metadata"]["continue"].as_str().unwrap_or_default().to_owned();
    let (_, first) = fetch(&client, &page("")).await;
    raw(&client, "DELETE", "/api/v1/namespaces/default/services/c", "application/json", &Value::Null).await;
    let (code, second) = fetch(&client, &page(&token(&first))).await;
    assert_eq!((code, &second["metadata"]["resourceVersion"]), (200, &first["metadata"]["resourceVersion"]));
    assert_eq!(fetch(&client, &page(&token(&second))).await.1["items"][0]["metadata"]["name"], "c");
    seconds.fetch_add(age + 1, Ordering::Relaxed);
    let (code, expired) = fetch(&client, &page(&token(&first))).await;
    assert_eq!((code, &expired["reason"]), (410, &json!("Expired")));
    let (code, rest) = fetch(&client, &page(&token(&expired))).await;
    assert_eq!((code, &rest["items"][0]["metadata"]["name"], token(&rest)), (200, &json!("b"), String::new()));
    assert_ne!(rest["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
}
