//! Policies over a cluster in process.

use serde_json::json;

use super::*;
use crate::network::test_cluster::Cluster;

async fn stage() -> (Cluster, Arc<Policies>) {
    let cluster = Cluster::open("127.104.0.0/16").await;
    let policies = Policies::start(&cluster.client, vec!["10.9.0.0/16".parse().expect("a range")], Notices::default());
    cluster.namespace("shop", json!({"tier": "shop"})).await;
    cluster.namespace("blog", json!({})).await;
    policies.synced().await;
    (cluster, policies)
}

async fn pod(cluster: &Cluster, namespace: &str, name: &str, address: &str) {
    let pod = json!({
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
        "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]},
    });
    cluster.create("Pod", pod).await;
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[tokio::test]
async fn a_connection_is_judged_by_who_makes_it_and_waits_for_a_pod_that_is_just_starting() {
    let (cluster, policies) = stage().await;
    pod(&cluster, "shop", "db", "10.9.1.2").await;
    let spec = json!({"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}]});
    cluster.create("NetworkPolicy", json!({"metadata": {"name": "p", "namespace": "shop"}, "spec": spec})).await;
    let db: SocketAddr = "10.9.1.2:5432".parse().expect("an address");
    // The pod's status is written while its first connection waits.
    let asking = {
        let policies = policies.clone();
        tokio::spawn(async move { policies.admits(address("10.9.1.3"), db, Protocol::Tcp).await })
    };
    pod(&cluster, "shop", "web", "10.9.1.3").await;
    assert!(asking.await.expect("an answer"), "web of the same namespace may");
    pod(&cluster, "blog", "web", "10.9.2.2").await;
    assert!(!policies.admits(address("10.9.2.2"), db, Protocol::Tcp).await, "web of another namespace may not");
    assert!(policies.admits(address("10.96.0.1"), db, Protocol::Tcp).await, "this computer may");
    cluster.delete("NetworkPolicy", "shop", "p").await;
    let gone = async {
        while !policies.admits_now(address("10.9.2.2"), db, Protocol::Tcp) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("without the policy everybody may");
}
