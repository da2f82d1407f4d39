//! From a component to a deployment: releases are cut, bindings point at them, promotion is another binding.

use crate::place::{NAMESPACE, Place};
use crate::samples::component_type;
use serde_json::{Value, json};

fn at(rest: &str) -> String {
    format!("/api/v1/namespaces/{NAMESPACE}/{rest}")
}

fn failed(status: u16, code: &str, error: &str) -> (u16, Value) {
    (status, json!({"error": error, "code": code}))
}

async fn with_component() -> Place {
    let place = Place::new().await;
    place.have("ClusterComponentType", None, "service", &component_type()).await;
    place.post(&at("projects"), &json!({"metadata": {"name": "shop"}})).await;
    let service = json!({"kind": "ClusterComponentType", "name": "deployment/service"});
    let spec = json!({"owner": {"projectName": "shop"}, "componentType": service, "parameters": {"port": 8080}});
    let made = place.post(&at("components"), &json!({"metadata": {"name": "web"}, "spec": spec})).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text);
    place
}

fn owner() -> Value {
    json!({"projectName": "shop", "componentName": "web"})
}

#[tokio::test]
async fn a_release_is_what_the_component_is_now() {
    let place = with_component().await;
    let cut = at("components/web/generate-release");
    assert_eq!(place.post(&cut, &json!({})).await.plain(), failed(404, "NOT_FOUND", "Workload not found"));
    let ghost = place.post(&at("components/ghost/generate-release"), &json!({})).await;
    assert_eq!(ghost.plain(), failed(404, "NOT_FOUND", "Component not found"));
    let workload = json!({"owner": owner(), "container": {"image": "example/app:1"}});
    let made = place.post(&at("workloads"), &json!({"metadata": {"name": "web-workload"}, "spec": workload})).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text);

    let no_body = place.post(&cut, &Value::Null).await;
    let words = "can't decode JSON body: EOF: Request body is required";
    assert_eq!(no_body.plain(), failed(400, "BAD_REQUEST", words));
    let before = jiff::Timestamp::now().strftime("%Y%m%d").to_string();
    let first = place.post(&cut, &json!({})).await;
    let second = place.post(&cut, &json!({})).await;
    let after = jiff::Timestamp::now().strftime("%Y%m%d").to_string();
    for (answer, number) in [(&first, 1), (&second, 2)] {
        let name = answer.body["metadata"]["name"].as_str().unwrap_or_default();
        let possible = [&before, &after].map(|day| format!("web-{day}-{number}"));
        // Midnight may fall between the two.
        assert!(possible.iter().any(|one| one == name) || before != after, "{}", answer.text);
    }
    let named = place.post(&cut, &json!({"releaseName": "web-v1"})).await;
    let expected = json!({
        "apiVersion": "openchoreo.dev/v1alpha1",
        "kind": "ComponentRelease",
        "metadata": {
            "name": "web-v1", "namespace": NAMESPACE, "uid": "<uid>", "resourceVersion": "<revision>",
            "creationTimestamp": "<time>", "generation": 1,
            "labels": {"openchoreo.dev/project": "shop", "openchoreo.dev/component": "web"},
        },
        "spec": {
            "owner": owner(),
            "componentType": {"kind": "ClusterComponentType", "name": "deployment/service", "spec": component_type()},
            "componentProfile": {"parameters": {"port": 8080}},
            "workload": {"container": {"image": "example/app:1"}},
        },
        "status": {},
    });
    assert_eq!(named.plain(), (201, expected));
    let misspelt = place.post(&cut, &json!({"releaseName": "web-v2", "name": "x"})).await;
    assert_eq!(misspelt.warnings(), ["299 - \"unknown field \\\"name\\\"\""], "{}", misspelt.text);
    let number = place.post(&cut, &json!({"releaseName": 5})).await;
    let words = "can't decode JSON body: releaseName: expected a string, got a number";
    assert_eq!((number.status.as_u16(), &number.body["error"]), (400, &json!(words)));
    let again = place.post(&cut, &json!({"releaseName": "web-v1"})).await;
    assert_eq!(again.plain(), failed(409, "CONFLICT", "ComponentRelease already exists"));
    let frozen = place.put(&at("componentreleases/web-v1"), &json!({})).await;
    assert_eq!(frozen.status.as_u16(), 405);
    let listed = place.get(&at("componentreleases?component=web")).await;
    assert_eq!(listed.body["items"].as_array().map(Vec::len), Some(4), "{}", listed.text);
    place.server.shutdown().await;
}

#[tokio::test]
async fn what_does_not_fit_together_is_refused() {
    let place = with_component().await;
    place.post(&at("projects"), &json!({"metadata": {"name": "bank"}})).await;
    let of = |project: &str, component: &str| json!({"projectName": project, "componentName": component});
    let binding =
        |owner: Value| json!({"metadata": {"name": "b"}, "spec": {"owner": owner, "environment": "development"}});
    let foreign = "spec.owner.projectName: component \"web\" belongs to project \"shop\", not to \"bank\"";
    let environment = "DataPlane not found: spec.dataPlaneRef is not set and there is neither a DataPlane nor a ClusterDataPlane called default";
    let service = json!({"kind": "ClusterComponentType", "name": "deployment/service"});
    let lost =
        json!({"metadata": {"name": "c"}, "spec": {"owner": {"projectName": "ghost"}, "componentType": service}});
    let cases = [
        ("components", lost, "Referenced project not found"),
        ("releasebindings", binding(of("shop", "ghost")), "Referenced component not found"),
        ("releasebindings", binding(of("bank", "web")), foreign),
        ("environments", json!({"metadata": {"name": "development"}, "spec": {}}), environment),
    ];
    for (path, body, error) in cases {
        assert_eq!(place.post(&at(path), &body).await.plain(), failed(400, "BAD_REQUEST", error), "{path}");
    }
    let moved =
        json!({"metadata": {"name": "web"}, "spec": {"owner": {"projectName": "bank"}, "componentType": service}});
    let words = "spec.owner.projectName is immutable: create a new object in the other project";
    assert_eq!(place.put(&at("components/web"), &moved).await.plain(), failed(400, "BAD_REQUEST", words));
    place.server.shutdown().await;
}

#[tokio::test]
async fn a_binding_keeps_its_release_where_a_change_does_not_speak_of_it() {
    let place = with_component().await;
    let deployed = json!({"owner": owner(), "environment": "development", "releaseName": "web-v1"});
    let made = place.post(&at("releasebindings"), &json!({"metadata": {"name": "web-dev"}, "spec": deployed})).await;
    assert_eq!((made.status.as_u16(), &made.body["spec"]["state"]), (201, &json!("Active")), "{}", made.text);
    let off = json!({"owner": owner(), "environment": "development", "state": "Undeploy"});
    let changed = place.put(&at("releasebindings/web-dev"), &json!({"spec": off})).await;
    assert_eq!(changed.body["spec"]["releaseName"], "web-v1", "{}", changed.text);
    let promoted = json!({"owner": owner(), "environment": "development", "releaseName": "web-v2"});
    let changed = place.put(&at("releasebindings/web-dev"), &json!({"spec": promoted})).await;
    assert_eq!(changed.body["spec"]["releaseName"], "web-v2", "{}", changed.text);

    let cell = |release: Value| {
        let mut spec = json!({"owner": {"projectName": "shop"}, "environment": "development"});
        if !release.is_null() {
            spec["projectRelease"] = release;
        }
        json!({"metadata": {"name": "shop-dev"}, "spec": spec})
    };
    place.post(&at("projectreleasebindings"), &cell(json!("shop-1"))).await;
    let steps = [
        (Value::Null, json!("shop-1")),
        (json!("shop-2"), json!("shop-2")),
        (Value::Null, json!("shop-2")),
        (json!(""), json!("")),
    ];
    for (said, kept) in steps {
        let changed = place.put(&at("projectreleasebindings/shop-dev"), &cell(said.clone())).await;
        assert_eq!(changed.body["spec"]["projectRelease"], kept, "{said}: {}", changed.text);
    }
    place.server.shutdown().await;
}
