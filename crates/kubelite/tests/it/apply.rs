use k8s_openapi::api::{apps::v1::Deployment, core::v1::ConfigMap};
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};

use crate::support::{post, raw, server};

#[tokio::test]
async fn appliers_own_what_they_send_and_conflicts_name_them() {
    let (_server, client) = server().await;
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    let map =
        |value: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": value}});
    let made = api.patch("a", &PatchParams::apply("one"), &Patch::Apply(map("1"))).await.unwrap();
    let fields = made.metadata.managed_fields.as_ref().unwrap();
    assert_eq!((fields[0].manager.as_deref(), fields[0].operation.as_deref()), (Some("one"), Some("Apply")));
    let same = api.patch("a", &PatchParams::apply("one"), &Patch::Apply(map("1"))).await.unwrap();
    assert_eq!(same.metadata.resource_version, made.metadata.resource_version);
    let refused = api.patch("a", &PatchParams::apply("two"), &Patch::Apply(map("2"))).await.unwrap_err();
    let kube::Error::Api(status) = refused else { panic!("{refused}") };
    assert_eq!(
        (status.code, status.message.as_str()),
        (409, "Apply failed with 1 conflict: conflict with \"one\": .data.k")
    );
    let forced = api.patch("a", &PatchParams::apply("two").force(), &Patch::Apply(map("2"))).await.unwrap();
    assert_eq!(forced.data.unwrap()["k"], "2");
    let dropped = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"other": "x"}});
    let left = api.patch("a", &PatchParams::apply("two"), &Patch::Apply(dropped)).await.unwrap();
    assert_eq!(left.data.unwrap(), [("other".to_owned(), "x".to_owned())].into());
}

#[tokio::test]
async fn containers_merge_by_name() {
    let (_server, client) = server().await;
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "main", "image": "main:1"}, {"name": "side", "image": "side:1"}]}});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}});
    post(&client, "/apis/apps/v1/namespaces/default/deployments", &deployment).await;
    let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "side:2"}]}}}});
    let (code, changed) = raw(
        &client,
        "PATCH",
        "/apis/apps/v1/namespaces/default/deployments/web",
        "application/strategic-merge-patch+json",
        &patch,
    )
    .await;
    let images: Vec<&Value> = changed["spec"]["template"]["spec"]["containers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|container| &container["image"])
        .collect();
    assert_eq!((code, images), (200, vec![&json!("main:1"), &json!("side:2")]));
    let api: Api<Deployment> = Api::namespaced(client.clone(), "default");
    let status = api
        .patch_status(
            "web",
            &PatchParams::apply("node").force(),
            &Patch::Apply(json!({"apiVersion": "apps/v1", "kind": "Deployment", "status": {"replicas": 2}})),
        )
        .await
        .unwrap();
    assert_eq!(status.status.unwrap().replicas, Some(2));
    let entry = status
        .metadata
        .managed_fields
        .unwrap()
        .into_iter()
        .find(|entry| entry.manager.as_deref() == Some("node"))
        .unwrap();
    assert_eq!(entry.subresource.as_deref(), Some("status"));
}
