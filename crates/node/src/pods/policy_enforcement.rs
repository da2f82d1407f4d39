//! How far NetworkPolicies are enforced on this computer, as the Node's condition says it.

use super::node_conditions::Saying;
use crate::network_plan::PolicyEnforcement;
use crate::recorder::Tone;

/// The condition's type.
const CONDITION: &str = "NetworkPoliciesEnforced";

/// What is said of it, in the condition and as an Event with that tone and reason; nothing as long as nothing is known.
pub(super) fn saying(enforcement: &PolicyEnforcement) -> Option<(Saying, Tone, &'static str)> {
    let (holds, reason, message) = match enforcement {
        PolicyEnforcement::Unknown => return None,
        PolicyEnforcement::Whole => (
            true,
            "PacketFilterWorks",
            "NetworkPolicies are enforced by the service proxy and the packet filter".to_owned(),
        ),
        PolicyEnforcement::Lacking(words) => {
            (false, "PacketFilterIncomplete", format!("NetworkPolicies are not enforced {words}"))
        }
        PolicyEnforcement::Refused(words) => {
            (false, "PacketFilterRefused", format!("NetworkPolicies are not enforced {words}"))
        }
    };
    let (tone, event) = if holds { (Tone::Normal, "PoliciesEnforced") } else { (Tone::Warning, "PoliciesNotEnforced") };
    Some((Saying { kind: CONDITION, holds, reason, message }, tone, event))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use k8s_openapi::api::core::v1::Node;
    use kube::Api;
    use kube::api::PostParams;
    use serde_json::{Value, json};
    use tokio::sync::watch;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::network::test_cluster::{Cluster, told};
    use crate::pods::node_conditions::NodeVoice;
    use crate::recorder::Recorder;

    #[tokio::test]
    async fn the_node_says_what_is_lacking_beside_its_other_conditions_and_takes_it_back() {
        let cluster = Cluster::open("127.108.0.0/16").await;
        let nodes: Api<Node> = Api::all(cluster.client.clone());
        let node: Node = serde_json::from_value(json!({"metadata": {"name": "local"}})).expect("a Node");
        nodes.create(&PostParams::default(), &node).await.expect("created");
        let ready = json!({"conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]});
        cluster.patch_status("Node", None, "local", ready).await;
        let stop = CancellationToken::new();
        let recorder = Recorder::start(cluster.client.clone(), "kubelet", "local".into(), stop.clone());
        let (judge, enforcement) = watch::channel(PolicyEnforcement::Unknown);
        let voice = NodeVoice::new(cluster.client.clone(), recorder, "local".into());
        let following = tokio::spawn(voice.follow(enforcement, saying, stop.clone()));
        let until = async |expected: [&str; 2]| {
            let is_so = |found: &Value| told(&found["conditions"]) == expected;
            cluster.until("Node", None, "local", |node| is_so(&node.data["status"])).await.data["status"].clone()
        };

        judge.send_replace(PolicyEnforcement::Lacking("towards the world outside: no nft; install it".into()));
        let status = until(["NetworkPoliciesEnforced=False/PacketFilterIncomplete", "Ready=True/KubeletReady"]).await;
        let lacking = &status["conditions"][0];
        assert_eq!(
            lacking["message"],
            "NetworkPolicies are not enforced towards the world outside: no nft; install it"
        );

        judge.send_replace(PolicyEnforcement::Refused("as written: no memory".into()));
        let status = until(["NetworkPoliciesEnforced=False/PacketFilterRefused", "Ready=True/KubeletReady"]).await;
        assert_eq!(
            status["conditions"][0]["lastTransitionTime"], lacking["lastTransitionTime"],
            "it is False as before"
        );

        judge.send_replace(PolicyEnforcement::Whole);
        until(["NetworkPoliciesEnforced=True/PacketFilterWorks", "Ready=True/KubeletReady"]).await;
        stop.cancel();
        tokio::time::timeout(Duration::from_secs(20), following).await.expect("it ends").expect("no panic");
    }
}
