use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use kubelite::{Measured, Metrics, Used};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{fetch, raw, server};

/// A node with two pods.
struct Two;

fn measured(namespace: &str, name: &str, used: &[(&str, u64, u64)]) -> Measured {
    Measured {
        namespace: namespace.into(),
        name: name.into(),
        labels: BTreeMap::from([("app".into(), name.into())]),
        at: jiff::Timestamp::UNIX_EPOCH,
        window: Duration::from_secs(15),
        used: used.iter().map(|(name, cpu, memory)| ((*name).into(), Used { cpu: *cpu, memory: *memory })).collect(),
    }
}

#[async_trait]
impl Metrics for Two {
    async fn pods(&self, namespace: Option<&str>, name: Option<&str>) -> Vec<Measured> {
        let all = [("shop", "web"), ("blog", "db")].into_iter();
        let asked = all.filter(|(of, own)| {
            namespace.is_none_or(|namespace| namespace == *of) && name.is_none_or(|name| name == *own)
        });
        asked.map(|(namespace, name)| measured(namespace, name, &[("main", 2_500_000, 3 << 20)])).collect()
    }

    async fn nodes(&self) -> Vec<Measured> {
        vec![measured("", "local", &[("", 1_500_000_000, 1 << 30)])]
    }
}

#[tokio::test]
async fn pods_and_nodes_tell_what_they_use() {
    let (server, client) = server().await;
    server.set_metrics(Arc::new(Two));
    let web = json!({
        "metadata": {"name": "web", "namespace": "shop", "creationTimestamp": "1970-01-01T00:00:00Z", "labels": {"app": "web"}},
        "timestamp": "1970-01-01T00:00:00Z", "window": "15.000s",
        "containers": [{"name": "main", "usage": {"cpu": "2500000n", "memory": "3072Ki"}}],
    });
    let (code, list) = fetch(&client, "/apis/metrics.k8s.io/v1beta1/pods?labelSelector=app%3Dweb").await;
    let expected =
        json!({"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": [web]});
    assert_eq!((code, list), (200, expected));
    let (_, one) = fetch(&client, "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods/web").await;
    assert_eq!((&one["kind"], &one["containers"]), (&json!("PodMetrics"), &web["containers"]));
    let (_, nodes) = fetch(&client, "/apis/metrics.k8s.io/v1beta1/nodes").await;
    assert_eq!(nodes["items"][0]["usage"], json!({"cpu": "1500000000n", "memory": "1048576Ki"}));
}

#[rstest]
#[case::no_such_pod("GET", "namespaces/shop/pods/none", 404)]
#[case::no_such_resource("GET", "services", 404)]
#[case::a_node_lies_in_no_namespace("GET", "namespaces/shop/nodes", 404)]
#[case::nothing_is_written("POST", "namespaces/shop/pods", 405)]
#[case::nothing_is_watched("GET", "pods?watch=true", 405)]
#[case::a_selector_that_is_none("GET", "pods?labelSelector=%3D%3D", 400)]
#[case::fields("GET", "pods?fieldSelector=metadata.name%3Dweb", 400)]
#[tokio::test]
async fn what_is_not_served_is_refused(#[case] method: &str, #[case] path: &str, #[case] expected: u16) {
    let (server, client) = server().await;
    server.set_metrics(Arc::new(Two));
    let path = format!("/apis/metrics.k8s.io/v1beta1/{path}");
    let (code, answer) = raw(&client, method, &path, "application/json", &Value::Null).await;
    assert_eq!(code, expected, "{answer}");
}

#[tokio::test]
async fn the_group_is_discovered_where_somebody_measures() {
    let (server, client) = server().await;
    let names = async || {
        let (_, list) = fetch(&client, "/apis").await;
        let groups = list["groups"].as_array().cloned().unwrap_or_default();
        groups.iter().filter(|group| group["name"] == "metrics.k8s.io").count()
    };
    assert_eq!((names().await, fetch(&client, "/apis/metrics.k8s.io/v1beta1").await.0), (0, 404));
    server.set_metrics(Arc::new(Two));
    let (code, resources) = fetch(&client, "/apis/metrics.k8s.io/v1beta1").await;
    let kinds: Vec<&Value> =
        resources["resources"].as_array().expect("a list").iter().map(|one| &one["kind"]).collect();
    assert_eq!((names().await, code, kinds), (1, 200, vec![&json!("NodeMetrics"), &json!("PodMetrics")]));
    let found = kube::discovery::Discovery::new(client).run_aggregated().await.expect("discovery");
    assert!(found.has_group("metrics.k8s.io"));
}
