//! What is wrong is told where it is seen, with the object's name and the way out, and what ran goes on.

use crate::cluster::{Cluster, condition};
use crate::server::{possible, shared};
use crate::{images, shop, web};
use k8s_openapi::api::core::v1::Pod;
use kube::api::Api;
use model::{ClusterComponentType, Component, Environment, Project, ReleaseBinding};
use reqwest::StatusCode;
use serde_json::{Value, json};

const PROJECT: &str = "mistakes";
const IMAGE: &str = "localhost/oc-e2e-mistakes:1";
const MISSING: &str = "localhost/oc-e2e-mistakes:2";

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_where_they_are_seen_and_what_ran_goes_on() {
    if !possible() {
        return;
    }
    let server = shared();
    let engine = images::engine(&server).await;
    images::bring(&engine, IMAGE, "program").await;
    let cluster = Cluster(server.client().await);
    cluster.apply_all(shop::project(PROJECT)).await;
    let url = an_unknown_component_type_is_named_and_its_coming_heals(&cluster).await;
    a_template_that_fails_is_named_and_what_ran_goes_on(&cluster, &url).await;
    a_missing_image_is_named_and_what_ran_goes_on(&cluster, &engine, &url).await;
    an_environment_without_a_plane_is_told_and_can_be_taken_away(&cluster, &url).await;
    an_image_that_exits_at_once_is_told_with_its_exit_code(&cluster, &url).await;
    cluster.delete::<Component>("default", "odd").await;
    cluster.delete::<Project>("default", PROJECT).await;
    cluster.gone::<Project>("default", PROJECT).await;
    let types: Api<ClusterComponentType> = Api::all(cluster.0.clone());
    types.delete("mistaken", &kube::api::DeleteParams::default()).await.expect("deleted");
}

/// The type of these tests: the one for services, with `change` made to it.
async fn component_type(cluster: &Cluster, change: impl FnOnce(&mut Value)) {
    let types: Api<ClusterComponentType> = Api::all(cluster.0.clone());
    let service = types.get("service").await.expect("the type for services");
    let mut object = json!({
        "apiVersion": model::API_VERSION,
        "kind": "ClusterComponentType",
        "metadata": {"name": "mistaken"},
        "spec": service.spec,
    });
    change(&mut object);
    cluster.apply_one(object).await;
}

async fn an_unknown_component_type_is_named_and_its_coming_heals(cluster: &Cluster) -> String {
    cluster.apply_one(shop::component(PROJECT, "odd", "mistaken")).await;
    cluster.apply_one(shop::workload(PROJECT, "odd", IMAGE, "odd")).await;
    let told = |component: &Component| {
        let conditions = component.status.iter().flat_map(|status| &status.conditions);
        let ready = conditions.into_iter().find(|condition| condition.type_ == "Ready");
        ready.is_some_and(|ready| ready.status == "False" && ready.message.contains("mistaken"))
    };
    let component = cluster.until("default", "odd", "blamed on its type", told).await;
    let status = component.status.expect("a status");
    let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready").expect("told");
    let told = (ready.reason.as_str(), ready.message.as_str());
    assert_eq!(told, ("ComponentTypeNotFound", "ClusterComponentType \"mistaken\" not found"));
    component_type(cluster, |_| {}).await;
    let url = web::address(&cluster.ready("default", "odd-development").await, "http");
    assert_eq!(web::get(&url).await, (StatusCode::OK, "odd at /".into()));
    url
}

async fn a_template_that_fails_is_named_and_what_ran_goes_on(cluster: &Cluster, url: &str) {
    component_type(cluster, |object| {
        let resources = object["spec"]["resources"].as_array_mut().expect("resources");
        let deployment = resources.iter_mut().find(|one| one["id"] == "deployment").expect("the Deployment");
        deployment["template"]["spec"]["replicas"] = "${workload.endpoints[\"absent\"].port}".into();
    })
    .await;
    let failed = |binding: &ReleaseBinding| condition(binding, "ReleaseSynced").1 == "RenderingFailed";
    let binding = cluster.until("default", "odd-development", "blamed on the template", failed).await;
    let (status, _, message) = condition(&binding, "Ready");
    assert_eq!(status, "False");
    for part in ["resource deployment", "workload.endpoints[\"absent\"].port", "no such key", "template.spec.replicas"]
    {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
    assert_eq!(web::get(url).await, (StatusCode::OK, "odd at /".into()));
    component_type(cluster, |_| {}).await;
    cluster.ready("default", "odd-development").await;
}

async fn a_missing_image_is_named_and_what_ran_goes_on(cluster: &Cluster, engine: &bollard::Docker, url: &str) {
    cluster.apply_one(shop::workload(PROJECT, "odd", MISSING, "new")).await;
    let missing = |binding: &ReleaseBinding| {
        let (status, _, message) = condition(binding, "Ready");
        status == "False" && message.contains(MISSING)
    };
    cluster.until("default", "odd-development", "blamed on the image", missing).await;
    assert_eq!(web::get(url).await, (StatusCode::OK, "odd at /".into()));
    images::bring(engine, MISSING, "program").await;
    cluster.ready("default", "odd-development").await;
    assert_eq!(web::get(url).await, (StatusCode::OK, "new at /".into()));
}

async fn an_environment_without_a_plane_is_told_and_can_be_taken_away(cluster: &Cluster, url: &str) {
    let release = cluster.ready("default", "odd-development").await.spec.release_name;
    let plane = json!({"kind": "ClusterDataPlane", "name": "absent"});
    cluster
        .apply_one(json!({
            "apiVersion": model::API_VERSION,
            "kind": "Environment",
            "metadata": {"name": "nowhere", "namespace": "default"},
            "spec": {"dataPlaneRef": plane},
        }))
        .await;
    cluster.apply_one(shop::binding(PROJECT, "odd", "nowhere", &release, json!({}))).await;
    let told = |binding: &ReleaseBinding| condition(binding, "Ready").2.contains("ClusterDataPlane \"absent\"");
    let binding = cluster.until("default", "odd-nowhere", "blamed on the plane", told).await;
    let (status, reason, message) = condition(&binding, "Ready");
    let expected = "ClusterDataPlane \"absent\" of environment \"nowhere\" not found";
    assert_eq!((status.as_str(), reason.as_str(), message.as_str()), ("False", "DataPlaneNotFound", expected));
    assert_eq!(web::get(url).await, (StatusCode::OK, "new at /".into()));
    cluster.delete::<ReleaseBinding>("default", "odd-nowhere").await;
    cluster.gone::<ReleaseBinding>("default", "odd-nowhere").await;
    cluster.delete::<Environment>("default", "nowhere").await;
    cluster.gone::<Environment>("default", "nowhere").await;
}

async fn an_image_that_exits_at_once_is_told_with_its_exit_code(cluster: &Cluster, url: &str) {
    let mut workload = shop::workload(PROJECT, "odd", MISSING, "gone");
    workload["spec"]["container"]["command"] = json!(["/program", "exit", "7"]);
    cluster.apply_one(workload).await;
    let told = |binding: &ReleaseBinding| {
        let (status, _, message) = condition(binding, "Ready");
        status == "False" && message.contains("CrashLoopBackOff")
    };
    cluster.until("default", "odd-development", "blamed on the program", told).await;
    let namespace = model::names::runtime_namespace("default", PROJECT, "development");
    let pods = cluster.all::<Pod>(&namespace).await.into_iter();
    let ends = pods.filter_map(|pod| pod.status?.container_statuses?.into_iter().next()?.last_state?.terminated);
    let codes: Vec<i32> = ends.map(|end| end.exit_code).collect();
    assert_eq!(codes, [7]);
    cluster.apply_one(shop::workload(PROJECT, "odd", MISSING, "new")).await;
    web::until(url, (StatusCode::OK, "new at /")).await;
    cluster.ready("default", "odd-development").await;
}
