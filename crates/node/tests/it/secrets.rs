//! ExternalSecrets filled from the embedded store, and a pod that waits for one.

use crate::lab::{Lab, NAMESPACE, ready};
use k8s_openapi::api::core::v1::{Pod, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, PostParams};
use kube::runtime::wait::{await_condition, conditions};
use kube::{Api, ResourceExt as _};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_waits_for_its_secret_and_starts_when_the_value_is_put() {
    let Some(mut lab) = Lab::start().await else { return };
    // The kind comes before the node that serves it, as a platform installs it.
    lab.stop_node().await;
    let definitions: Api<CustomResourceDefinition> = Api::all(lab.client.clone());
    for definition in node::crds::all() {
        let definition: CustomResourceDefinition = serde_json::from_value(definition).expect("a definition");
        if definition.spec.group == "external-secrets.io" {
            let name = definition.name_any();
            definitions.create(&PostParams::default(), &definition).await.expect("created");
            await_condition(definitions.clone(), &name, conditions::is_crd_established()).await.expect("established");
        }
    }
    lab.start_node().await;

    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("external-secrets.io", "v1", "ExternalSecret"));
    let externals: Api<DynamicObject> = Api::namespaced_with(lab.client.clone(), NAMESPACE, &resource);
    let external = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "login", "namespace": NAMESPACE},
        "spec": {"secretStoreRef": {"kind": "ClusterSecretStore", "name": "default"},
                 "data": [{"secretKey": "password", "remoteRef": {"key": "db", "property": "password"}}]},
    });
    let external: DynamicObject = serde_json::from_value(external).expect("an object");
    externals.create(&PostParams::default(), &external).await.expect("created");
    let container =
        json!({"env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}}]});
    // No node is named: the pod is bound first.
    let mut spec = lab.spec(&["serve", "8080"], json!({}), container);
    spec.as_object_mut().expect("a spec").remove("nodeName");
    lab.create::<Pod>(json!({"metadata": {"name": "app", "namespace": NAMESPACE}, "spec": spec})).await;

    let told = await_condition(externals.clone(), "login", |object: Option<&DynamicObject>| {
        object.is_some_and(|object| object.data.pointer("/status/conditions/0/status") == Some(&json!("False")))
    });
    let told = told.await.expect("watched").expect("there");
    assert_eq!(told.data["status"]["conditions"][0]["reason"], "SecretSyncedError");
    assert_eq!(
        told.data["status"]["conditions"][0]["message"],
        "spec.data[0].remoteRef: key \"db\" is not in the secret store; put it there, and the Secret follows by itself"
    );
    let store = lab.node.as_ref().expect("a node").secrets().clone();
    store.put("db", json!({"password": "hunter2"})).await.expect("kept");
    lab.pod_until("app", "ready", ready).await;
    let secret = lab.api::<Secret>().get("login").await.expect("the Secret");
    assert_eq!(secret.data.as_ref().expect("data")["password"].0, b"hunter2");
    assert_eq!(secret.owner_references()[0].kind, "ExternalSecret");

    store.put("db", json!({"password": "changed"})).await.expect("kept");
    let changed = |secret: &Secret| secret.data.as_ref().is_some_and(|data| data["password"].0 == b"changed");
    lab.until::<Secret>("login", "changed with the store", changed).await;
    let events = lab.events("app").await;
    assert!(events.iter().any(|event| event == "Scheduled: Successfully assigned shop/app to local"), "{events:?}");
    lab.delete_pod("app").await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_password_is_made_once_and_outlives_its_secret_and_the_node() {
    let Some(mut lab) = Lab::start().await else { return };
    lab.stop_node().await;
    let definitions: Api<CustomResourceDefinition> = Api::all(lab.client.clone());
    for definition in node::crds::all() {
        let definition: CustomResourceDefinition = serde_json::from_value(definition).expect("a definition");
        if definition.spec.group.ends_with("external-secrets.io") {
            let name = definition.name_any();
            definitions.create(&PostParams::default(), &definition).await.expect("created");
            await_condition(definitions.clone(), &name, conditions::is_crd_established()).await.expect("established");
        }
    }
    lab.start_node().await;
    let api = |group: &str, version: &str, kind: &str| -> Api<DynamicObject> {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Api::namespaced_with(lab.client.clone(), NAMESPACE, &resource)
    };
    let object = |value: serde_json::Value| serde_json::from_value::<DynamicObject>(value).expect("an object");
    let externals = api("external-secrets.io", "v1", "ExternalSecret");
    let external = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "login", "namespace": NAMESPACE},
        "spec": {
            "refreshInterval": "0",
            "target": {"template": {"data": {"url": "db://:{{ .password }}@host"}}},
            "dataFrom": [{"sourceRef": {"generatorRef": {
                "apiVersion": "generators.external-secrets.io/v1alpha1", "kind": "Password", "name": "login",
            }}}],
        },
    });
    externals.create(&PostParams::default(), &object(external)).await.expect("created");
    let message = |object: Option<&DynamicObject>| {
        object.and_then(|object| object.data.pointer("/status/conditions/0/message").cloned()).unwrap_or_default()
    };
    let waits = json!("spec.dataFrom[0].sourceRef.generatorRef: there is no Password \"login\"");
    await_condition(externals.clone(), "login", |object: Option<&DynamicObject>| message(object) == waits)
        .await
        .expect("watched");
    let password = json!({
        "apiVersion": "generators.external-secrets.io/v1alpha1", "kind": "Password", "metadata": {"name": "login", "namespace": NAMESPACE},
        "spec": {"length": 20, "symbols": 0},
    });
    let passwords = api("generators.external-secrets.io", "v1alpha1", "Password");
    passwords.create(&PostParams::default(), &object(password)).await.expect("created");

    let secrets = lab.api::<Secret>();
    let there = |uid: Option<String>| {
        move |secret: Option<&Secret>| secret.is_some_and(|secret| secret.uid() != uid && secret.data.is_some())
    };
    let first = await_condition(secrets.clone(), "login", there(None)).await.expect("watched").expect("there");
    let url = String::from_utf8(first.data.as_ref().expect("data")["url"].0.clone()).expect("text");
    assert_eq!((url.len(), &url[..6], &url[26..]), ("db://:".len() + 20 + "@host".len(), "db://:", "@host"));

    secrets.delete("login", &kube::api::DeleteParams::default()).await.expect("deleted");
    let second = await_condition(secrets.clone(), "login", there(first.uid())).await.expect("watched").expect("there");
    assert_eq!(second.data, first.data);

    lab.stop_node().await;
    secrets.delete("login", &kube::api::DeleteParams::default()).await.expect("deleted");
    lab.start_node().await;
    let third = await_condition(secrets.clone(), "login", there(second.uid())).await.expect("watched").expect("there");
    assert_eq!(third.data, first.data);
    lab.end().await;
}
