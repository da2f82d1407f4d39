use http::Request;
use kube::Client;
use kubelite::{Server, User};
use serde_json::{Value, json};

use crate::support::{fetch, post, raw, server};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

fn someone(server: &Server, name: &str) -> Client {
    server.client_as(User { name: name.into(), groups: vec!["system:authenticated".into()], ..User::default() })
}

fn binding(name: &str, role: (&str, &str), user: &str) -> Value {
    json!({"metadata": {"name": name}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role.0, "name": role.1},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]})
}

#[tokio::test]
async fn a_role_binding_gives_rights_in_its_namespace_and_nowhere_else() {
    let (server, admin) = server().await;
    let ann = someone(&server, "ann");
    let (code, refused) = fetch(&ann, "/api/v1/namespaces/default/configmaps").await;
    assert_eq!((code, refused["reason"].as_str()), (403, Some("Forbidden")));
    assert_eq!(
        refused["message"],
        "configmaps is forbidden: User \"ann\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\""
    );
    post(
        &admin,
        &format!("{RBAC}/namespaces/default/roles"),
        &json!({"metadata": {"name": "reader"}, "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]}),
    )
    .await;
    post(&admin, &format!("{RBAC}/namespaces/default/rolebindings"), &binding("ann", ("Role", "reader"), "ann")).await;
    assert_eq!(fetch(&ann, "/api/v1/namespaces/default/configmaps").await.0, 200);
    assert_eq!(fetch(&ann, "/api/v1/namespaces/kube-system/configmaps").await.0, 403);
    assert_eq!(fetch(&ann, "/api/v1/configmaps").await.0, 403);
    let make = json!({"metadata": {"name": "a"}});
    let (code, _) = raw(&ann, "POST", "/api/v1/namespaces/default/configmaps", "application/json", &make).await;
    assert_eq!(code, 403);
    // Taking the binding away takes the right away, at once.
    raw(&admin, "DELETE", &format!("{RBAC}/namespaces/default/rolebindings/ann"), "application/json", &Value::Null)
        .await;
    assert_eq!(fetch(&ann, "/api/v1/namespaces/default/configmaps").await.0, 403);
}

#[tokio::test]
async fn everybody_known_may_discover_and_ask_about_themselves() {
    let (server, _) = server().await;
    let ann = someone(&server, "ann");
    for (path, code) in [("/apis", 200), ("/openapi/v3", 200), ("/metrics", 403), ("/api/v1/nodes", 403)] {
        assert_eq!(fetch(&ann, path).await.0, code, "{path}");
    }
    let question =
        json!({"spec": {"resourceAttributes": {"verb": "list", "resource": "pods", "namespace": "default"}}});
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    assert_eq!(post(&ann, path, &question).await["status"], json!({"allowed": false}));
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let request = Request::post(path).header("accept", table).body(question.to_string().into_bytes()).unwrap();
    let response = ann.send(request.map(kube::client::Body::from)).await.unwrap();
    assert_eq!(response.status(), 406);
}

#[tokio::test]
async fn nobody_grants_more_than_they_have() {
    let (server, admin) = server().await;
    let ann = someone(&server, "ann");
    post(
        &admin,
        &format!("{RBAC}/clusterroles"),
        &json!({"metadata": {"name": "granter"}, "rules": [
            {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["*"], "verbs": ["create", "update", "get"]},
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
        ]}),
    )
    .await;
    post(&admin, &format!("{RBAC}/clusterrolebindings"), &binding("ann", ("ClusterRole", "granter"), "ann")).await;
    let role = |verbs: &[&str]| json!({"metadata": {"name": "mine"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": verbs}]});
    let path = format!("{RBAC}/namespaces/default/roles");
    let (code, refused) = raw(&ann, "POST", &path, "application/json", &role(&["get", "delete"])).await;
    assert_eq!(code, 403);
    assert!(
        refused["message"].as_str().unwrap().contains("attempting to grant RBAC permissions not currently held"),
        "{refused}"
    );
    assert_eq!(raw(&ann, "POST", &path, "application/json", &role(&["get"])).await.0, 201);
    let bindings = format!("{RBAC}/clusterrolebindings");
    let all = binding("all", ("ClusterRole", "cluster-admin"), "ann");
    assert_eq!(raw(&ann, "POST", &bindings, "application/json", &all).await.0, 403);
}

#[tokio::test]
async fn aggregated_roles_hold_the_rules_of_those_they_choose() {
    let (_server, admin) = server().await;
    let resource = kube::api::ApiResource::from_gvk(&kube::core::GroupVersionKind::gvk(
        "rbac.authorization.k8s.io",
        "v1",
        "ClusterRole",
    ));
    let roles = crate::support::dynamic(&admin, &resource, None);
    let rule = json!({"apiGroups": ["example.com"], "resources": ["things"], "verbs": ["get"]});
    post(
        &admin,
        &format!("{RBAC}/clusterroles"),
        &json!({"metadata": {"name": "things", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}}, "rules": [rule]}),
    )
    .await;
    // View is gathered into edit, and edit into admin.
    let admin = crate::support::when(&roles, "admin", |role| {
        role["rules"].as_array().is_some_and(|rules| rules.contains(&rule))
    })
    .await;
    assert!(admin["rules"].as_array().unwrap().len() > 10);
}

#[tokio::test]
async fn a_token_bound_to_a_pod_ends_with_it() {
    let (_server, admin) = server().await;
    post(&admin, "/api/v1/namespaces/default/serviceaccounts", &json!({"metadata": {"name": "robot"}})).await;
    let pod = json!({"metadata": {"name": "p"}, "spec": {"serviceAccountName": "robot", "containers": [{"name": "c", "image": "i"}]}});
    post(&admin, "/api/v1/namespaces/default/pods", &pod).await;
    let path = "/api/v1/namespaces/default/serviceaccounts/robot/token";
    let reference =
        |kind: &str, name: &str| json!({"spec": {"boundObjectRef": {"apiVersion": "v1", "kind": kind, "name": name}}});
    assert_eq!(raw(&admin, "POST", path, "application/json", &reference("Pod", "q")).await.0, 404);
    assert_eq!(raw(&admin, "POST", path, "application/json", &reference("Node", "n")).await.0, 400);
    let request = post(&admin, path, &reference("Pod", "p")).await;
    let review = json!({"spec": {"token": request["status"]["token"]}});
    let reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
    let answer = post(&admin, reviews, &review).await;
    assert_eq!(answer["status"]["user"]["extra"]["authentication.kubernetes.io/pod-name"], json!(["p"]));
    raw(&admin, "DELETE", "/api/v1/namespaces/default/pods/p", "application/json", &Value::Null).await;
    let answer = post(&admin, reviews, &review).await;
    assert_eq!(answer["status"], json!({"user": {}, "error": "invalid bearer token"}));
}
