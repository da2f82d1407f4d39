//! A component from its first deployment to its end.

use crate::cluster::{Cluster, condition};
use crate::server::{possible, shared};
use crate::{images, shop, web};
use bollard::query_parameters::{ListContainersOptions, ListNetworksOptions};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, Service};
use kube::api::Api;
use kube::runtime::wait::await_condition;
use model::{
    Component, ComponentRelease, Project, ProjectRelease, ProjectReleaseBinding, ReleaseBinding, RenderedRelease,
    Workload,
};
use reqwest::StatusCode;
use serde_json::json;

const PROJECT: &str = "life";

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_changed_promoted_and_deleted_and_its_project_after_it() {
    if !possible() {
        return;
    }
    let server = shared();
    let engine = images::engine(&server).await;
    let cluster = Cluster(server.client().await);
    let image = "localhost/oc-e2e-life:1";
    images::bring(&engine, image, "program").await;
    cluster.apply_all(shop::project(PROJECT)).await;
    cluster.apply_one(shop::component(PROJECT, "web", "service")).await;
    cluster.apply_one(shop::workload(PROJECT, "web", image, "first")).await;
    let first = cluster.ready("default", "web-development").await;
    let url = web::address(&first, "http");
    assert_eq!(web::get(&url).await, (StatusCode::OK, "first at /".into()));
    let development = model::names::runtime_namespace("default", PROJECT, "development");
    let staging = model::names::runtime_namespace("default", PROJECT, "staging");
    let pods = names(&cluster.all::<Pod>(&development).await);

    // A change: a new release, new containers.
    cluster.apply_one(shop::workload(PROJECT, "web", image, "second")).await;
    let release = first.spec.release_name.clone();
    let moved =
        |binding: &ReleaseBinding| binding.spec.release_name != release && condition(binding, "Ready").0 == "True";
    let second = cluster.until("default", "web-development", "moved to the new release", moved).await;
    assert_eq!(web::get(&url).await, (StatusCode::OK, "second at /".into()));
    let releases = names(&releases(&cluster).await);
    let (old, new) = (first.spec.release_name, second.spec.release_name);
    assert!(releases.len() == 2 && releases.contains(&old) && releases.contains(&new), "{releases:?}");
    let replaced = |pod: &Pod| !pods.contains(pod.metadata.name.as_ref().expect("a name"));
    assert!(cluster.all::<Pod>(&development).await.iter().any(replaced), "new containers");

    // Promotion with overrides.
    let overrides = json!({
        "componentTypeEnvironmentConfigs": {"replicas": 2},
        "workloadOverrides": {"container": {"env": [{"key": "NAME", "value": "staged"}]}},
    });
    cluster.apply_one(shop::binding(PROJECT, "web", "staging", &new, overrides)).await;
    let staged = cluster.ready("default", "web-staging").await;
    assert_eq!(web::get(&web::address(&staged, "http")).await, (StatusCode::OK, "staged at /".into()));
    assert_eq!(web::get(&url).await, (StatusCode::OK, "second at /".into()));
    assert_eq!(cluster.all::<Pod>(&staging).await.len(), 2);

    // The component's end.
    cluster.delete::<Component>("default", "web").await;
    cluster.gone::<Component>("default", "web").await;
    assert_eq!(names(&self::releases(&cluster).await), Vec::<String>::new());
    let of_component = |name: &String| name.starts_with("web");
    let bindings = names(&cluster.all::<ReleaseBinding>("default").await);
    assert!(!bindings.iter().any(of_component), "{bindings:?}");
    let rendered = names(&cluster.all::<RenderedRelease>("default").await);
    assert!(!rendered.iter().any(of_component), "{rendered:?}");
    let workloads = names(&cluster.all::<Workload>("default").await);
    assert!(!workloads.iter().any(of_component), "{workloads:?}");
    for namespace in [&development, &staging] {
        let left = [
            names(&cluster.all::<Deployment>(namespace).await),
            names(&cluster.all::<Service>(namespace).await),
            names(&cluster.all::<ConfigMap>(namespace).await),
        ];
        // Kubernetes itself puts its certificate into every namespace.
        let none = Vec::<String>::new();
        assert_eq!(left, [none.clone(), none, vec!["kube-root-ca.crt".to_owned()]], "manifests in {namespace}");
        for pod in cluster.all::<Pod>(namespace).await {
            cluster.gone::<Pod>(namespace, pod.metadata.name.as_deref().expect("a name")).await;
        }
        for set in cluster.all::<ReplicaSet>(namespace).await {
            cluster.gone::<ReplicaSet>(namespace, set.metadata.name.as_deref().expect("a name")).await;
        }
    }
    assert_eq!(containers(&engine, &[&development, &staging]).await, Vec::<String>::new());
    web::until(&url, (StatusCode::NOT_FOUND, &web::get(&url).await.1)).await;

    // The project's end.
    cluster.delete::<Project>("default", PROJECT).await;
    cluster.gone::<Project>("default", PROJECT).await;
    let of_project = |name: &String| name.starts_with(&format!("{PROJECT}-"));
    let left = names(&cluster.all::<ProjectReleaseBinding>("default").await);
    assert!(!left.iter().any(of_project), "{left:?}");
    let left = names(&cluster.all::<ProjectRelease>("default").await);
    assert!(!left.iter().any(of_project), "{left:?}");
    let namespaces: Api<Namespace> = Api::all(cluster.0.clone());
    for namespace in [&development, &staging] {
        let gone = await_condition(namespaces.clone(), namespace, |found: Option<&Namespace>| found.is_none());
        tokio::time::timeout(crate::server::PATIENCE, gone).await.expect("it goes").expect("watched");
    }
    // The engine's networks end after the namespaces do; the end of one is told by no event of ours.
    let left = async {
        loop {
            let networks = engine.list_networks(None::<ListNetworksOptions>).await.expect("listed");
            let mut names = networks.into_iter().filter_map(|network| network.name);
            if !names.any(|name| name.contains(&development) || name.contains(&staging)) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(crate::server::PATIENCE, left).await.expect("the networks go with their namespaces");
    images::remove(&engine, image).await;
}

fn names<K: kube::Resource>(objects: &[K]) -> Vec<String> {
    objects.iter().filter_map(|object| object.meta().name.clone()).collect()
}

async fn releases(cluster: &Cluster) -> Vec<ComponentRelease> {
    let all = cluster.all::<ComponentRelease>("default").await;
    all.into_iter().filter(|release| release.spec.owner.project_name == PROJECT).collect()
}

/// Names of the engine's containers of pods in these namespaces.
async fn containers(engine: &bollard::Docker, namespaces: &[&str]) -> Vec<String> {
    let options = ListContainersOptions { all: true, ..ListContainersOptions::default() };
    let all = engine.list_containers(Some(options)).await.expect("listed");
    let names = all.into_iter().flat_map(|container| container.names.unwrap_or_default());
    names.filter(|name| namespaces.iter().any(|namespace| name.contains(namespace))).collect()
}
