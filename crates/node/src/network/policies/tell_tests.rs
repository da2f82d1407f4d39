//! What policies say of themselves, over a cluster in process.

use kube::api::DynamicObject;
use serde_json::json;
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::network::notices::Notices;
use crate::network::test_cluster::Cluster;

const REFUSED: &str = "as written: the packet filter does not take them";

/// A cluster, its policies, and a teller that is told by `judge`.
struct Stage {
    cluster: Cluster,
    policies: Arc<Policies>,
    judge: watch::Sender<PolicyEnforcement>,
    _teller: AbortOnDropHandle<()>,
}

impl Stage {
    async fn open(range: &str, enforcement: PolicyEnforcement) -> Self {
        let cluster = Cluster::open(range).await;
        cluster.namespace("shop", json!({})).await;
        Self::over(cluster, enforcement)
    }

    /// What a server that starts again over the same cluster has.
    fn again(self, enforcement: PolicyEnforcement) -> Self {
        let Self { cluster, policies: _, judge: _, _teller: teller } = self;
        drop(teller);
        Self::over(cluster, enforcement)
    }

    fn over(cluster: Cluster, enforcement: PolicyEnforcement) -> Self {
        let policies = Policies::start(&cluster.client, Vec::new(), Notices::default());
        let judge = watch::Sender::new(enforcement);
        let means = Means { no_inside: None, no_outside: None, ..Means::none("") };
        let teller = keep(cluster.client.clone(), policies.clone(), means, judge.subscribe());
        Self { cluster, policies, judge, _teller: AbortOnDropHandle::new(tokio::spawn(teller)) }
    }

    async fn policy(&self, name: &str) -> DynamicObject {
        let metadata = json!({"name": name, "namespace": "shop", "annotations": {"example.com/owner": "ada"}});
        self.cluster.create("NetworkPolicy", json!({"metadata": metadata, "spec": {"podSelector": {}}})).await
    }

    /// The policy as soon as its annotations are these.
    async fn until(&self, name: &str, annotations: serde_json::Value) -> DynamicObject {
        let is_so = |policy: &DynamicObject| json!(policy.metadata.annotations) == annotations;
        self.cluster.until("NetworkPolicy", Some("shop"), name, is_so).await
    }
}

#[tokio::test]
async fn what_is_not_enforced_is_said_while_it_is_so_and_by_nobody_elses_field() {
    let stage = Stage::open("127.109.0.0/16", PolicyEnforcement::Unknown).await;
    let (silent, said) =
        (json!({"example.com/owner": "ada"}), json!({"example.com/owner": "ada", NOT_ENFORCED: REFUSED}));
    let made = stage.policy("own").await;
    stage.judge.send_replace(PolicyEnforcement::Refused(REFUSED.into()));
    let told = stage.until("own", said.clone()).await;
    assert_eq!(told.metadata.generation, made.metadata.generation, "the policy itself is as it was");
    let fields: Vec<_> =
        told.metadata.managed_fields.iter().flatten().filter(|one| one.manager.as_deref() == Some(MANAGER)).collect();
    assert_eq!(
        json!(fields.iter().map(|one| (&one.operation, &one.fields_v1)).collect::<Vec<_>>()),
        json!([["Apply", {"f:metadata": {"f:annotations": {"f:node.local/not-enforced": {}}}}]])
    );
    // Somebody takes it away: it is still so.
    stage
        .cluster
        .patch("NetworkPolicy", "shop", "own", json!({"metadata": {"annotations": {NOT_ENFORCED: null}}}))
        .await;
    stage.until("own", said).await;
    stage.judge.send_replace(PolicyEnforcement::Whole);
    let quiet = stage.until("own", silent).await;
    let managers: Vec<_> = quiet.metadata.managed_fields.iter().flatten().map(|one| one.manager.clone()).collect();
    assert!(!managers.contains(&Some(MANAGER.to_owned())), "nothing is left of it: {managers:?}");
}

#[tokio::test]
async fn what_was_said_before_a_restart_is_not_written_again_and_what_others_wrote_is_left() {
    let stage = Stage::open("127.110.0.0/16", PolicyEnforcement::Refused(REFUSED.into())).await;
    let said = json!({"example.com/owner": "ada", NOT_ENFORCED: REFUSED});
    stage.policy("own").await;
    let before = stage.until("own", said.clone()).await;
    let stage = stage.again(PolicyEnforcement::Refused(REFUSED.into()));
    stage.policy("later").await;
    stage.until("later", said.clone()).await;
    let after = stage.until("own", said).await;
    assert_eq!(after.metadata.resource_version, before.metadata.resource_version);

    let theirs = json!({"name": "theirs", "namespace": "shop", "annotations": {NOT_ENFORCED: "we know"}});
    stage.judge.send_replace(PolicyEnforcement::Whole);
    stage.until("own", json!({"example.com/owner": "ada"})).await;
    stage.cluster.create("NetworkPolicy", json!({"metadata": theirs, "spec": {"podSelector": {}}})).await;
    stage.until("later", json!({"example.com/owner": "ada"})).await;
    stage.until("theirs", json!({NOT_ENFORCED: "we know"})).await;
}

#[tokio::test]
async fn a_policy_that_is_gone_is_not_made_anew() {
    let stage = Stage::open("127.111.0.0/16", PolicyEnforcement::Unknown).await;
    stage.policy("own").await;
    stage.policies.synced().await;
    let key = ObjectKey::new("shop", "own");
    let known = async {
        loop {
            match stage.policies.asked.get(&key) {
                Some(policy) => return policy,
                None => tokio::task::yield_now().await,
            }
        }
    };
    let policy = tokio::time::timeout(std::time::Duration::from_secs(20), known).await.expect("it is seen");
    stage.cluster.delete("NetworkPolicy", "shop", "own").await;
    let written = write(&stage.cluster.client, &key, &policy, Some(REFUSED)).await;
    assert!(matches!(&written, Err(kube::Error::Api(status)) if status.code == 409), "{written:?}");
    assert!(!stage.cluster.exists("NetworkPolicy", "shop", "own").await);
}
