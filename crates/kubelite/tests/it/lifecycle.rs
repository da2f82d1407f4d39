use kube::{
    Api,
    api::{ApiResource, DeleteParams, DynamicObject, PropagationPolicy},
    core::GroupVersionKind,
};
use serde_json::{Value, json};

use crate::support::{create, dynamic, gone, post, server, when};

fn maps(client: &kube::Client) -> Api<DynamicObject> {
    dynamic(client, &ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "ConfigMap")), Some("default"))
}

fn owned(name: &str, owner: Option<&DynamicObject>, finalizers: &[&str]) -> Value {
    let mut object =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "finalizers": finalizers}});
    if let Some(owner) = owner {
        object["metadata"]["ownerReferences"] = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": owner.metadata.name, "uid": owner.metadata.uid, "blockOwnerDeletion": true}]);
    }
    object
}

#[tokio::test]
async fn dependents_go_after_their_owner() {
    let (_server, client) = server().await;
    let api = maps(&client);
    let owner = create(&api, owned("owner", None, &[])).await;
    let child = create(&api, owned("child", Some(&owner), &[])).await;
    create(&api, owned("grandchild", Some(&child), &[])).await;
    api.delete("owner", &DeleteParams::background()).await.unwrap();
    gone(&api, "grandchild").await;
    gone(&api, "child").await;
}

#[tokio::test]
async fn foreground_deletion_waits_for_dependents() {
    let (_server, client) = server().await;
    let api = maps(&client);
    let owner = create(&api, owned("owner", None, &[])).await;
    create(&api, owned("child", Some(&owner), &["example.com/hold"])).await;
    api.delete("owner", &DeleteParams::foreground()).await.unwrap();
    when(&api, "child", |child| !child["metadata"]["deletionTimestamp"].is_null()).await;
    assert!(api.get_opt("owner").await.unwrap().is_some());
    api.patch(
        "child",
        &kube::api::PatchParams::default(),
        &kube::api::Patch::Merge(json!({"metadata": {"finalizers": null}})),
    )
    .await
    .unwrap();
    gone(&api, "child").await;
    gone(&api, "owner").await;
}

#[tokio::test]
async fn orphans_stay_without_their_owner() {
    let (_server, client) = server().await;
    let api = maps(&client);
    let owner = create(&api, owned("owner", None, &[])).await;
    create(&api, owned("child", Some(&owner), &[])).await;
    let params = DeleteParams { propagation_policy: Some(PropagationPolicy::Orphan), ..DeleteParams::default() };
    api.delete("owner", &params).await.unwrap();
    gone(&api, "owner").await;
    let child = api.get("child").await.unwrap();
    assert_eq!(child.metadata.owner_references, None);
}

#[tokio::test]
async fn an_object_whose_owner_never_was_goes() {
    let (_server, client) = server().await;
    let api = maps(&client);
    let mut object = owned("child", None, &[]);
    object["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "none", "uid": "u"}]);
    create(&api, object).await;
    gone(&api, "child").await;
}

#[tokio::test]
async fn a_namespace_is_emptied_and_says_what_it_waits_for() {
    let (_server, client) = server().await;
    let spaces = dynamic(&client, &ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Namespace")), None);
    post(&client, "/api/v1/namespaces", &json!({"metadata": {"name": "team"}})).await;
    post(&client, "/api/v1/namespaces/team/configmaps", &json!({"metadata": {"name": "a"}})).await;
    let held = json!({"metadata": {"name": "b", "finalizers": ["example.com/hold"]}});
    post(&client, "/api/v1/namespaces/team/configmaps", &held).await;
    spaces.delete("team", &DeleteParams::default()).await.unwrap();
    let waiting = when(&spaces, "team", |space| {
        space["status"]["conditions"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|condition| condition["type"] == "NamespaceFinalizersRemaining" && condition["status"] == "True")
    })
    .await;
    let conditions = waiting["status"]["conditions"].as_array().unwrap();
    let told = conditions.iter().find(|condition| condition["type"] == "NamespaceFinalizersRemaining").unwrap();
    assert_eq!(
        told["message"],
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
    );
    let maps = dynamic(&client, &ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "ConfigMap")), Some("team"));
    maps.patch(
        "b",
        &kube::api::PatchParams::default(),
        &kube::api::Patch::Merge(json!({"metadata": {"finalizers": null}})),
    )
    .await
    .unwrap();
    gone(&spaces, "team").await;
}
