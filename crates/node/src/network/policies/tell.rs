//! Says of each policy what of it is not enforced here, for as long as that is so: an annotation that the node owns.
//!
//! NetworkPolicies have no status. The annotation is written by server-side apply with a manager of its own, so that
//! whoever keeps the policy sees no change of theirs, and goes as soon as nothing is lacking.

use std::sync::Arc;

use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;
use tokio::sync::watch;

use super::facts::PolicyFacts;
use super::nft::Means;
use super::{Policies, object, shortfall};
use crate::network::key::ObjectKey;
use crate::network_plan::PolicyEnforcement;

/// The annotation: what of the policy is not enforced, why, and the way out.
pub(super) const NOT_ENFORCED: &str = "node.local/not-enforced";
/// Who owns it.
const MANAGER: &str = "node-policy-enforcement";
/// Policies that are written at the same time.
const AT_ONCE: usize = 4;

/// What a policy's annotation says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    words: Option<String>,
    /// Whether the node wrote it.
    ours: bool,
}

impl Told {
    pub(super) fn of(metadata: &ObjectMeta) -> Self {
        let words = metadata.annotations.as_ref().and_then(|annotations| annotations.get(NOT_ENFORCED)).cloned();
        let mut managers = metadata.managed_fields.iter().flatten();
        Self { words, ours: managers.any(|entry| entry.manager.as_deref() == Some(MANAGER)) }
    }

    /// Whether nothing has to be written for these words. What somebody else wrote there is theirs to remove.
    fn is_so(&self, wanted: Option<&str>) -> bool {
        self.words.as_deref() == wanted || wanted.is_none() && !self.ours
    }
}

/// Keeps the annotations equal to what is so, as soon as that is known. Never returns.
pub(super) async fn keep(
    client: Client,
    policies: Arc<Policies>,
    means: Means,
    mut enforcement: watch::Receiver<PolicyEnforcement>,
) {
    policies.synced().await;
    let news = enforcement.clone();
    let touched = async {
        while enforcement.changed().await.is_ok() {
            policies.touched.add_all(policies.asked.all().into_iter().map(|(key, _)| key));
        }
        // Nobody judges any more: what was said stays.
        std::future::pending::<()>().await;
    };
    let work = policies.touched.work(AT_ONCE, |key| {
        let (policies, means, client) = (&policies, &means, &client);
        let now = news.borrow().clone();
        async move {
            let Some(policy) = policies.asked.get(&key).filter(|_| now != PolicyEnforcement::Unknown) else {
                return Ok(());
            };
            let wanted = shortfall::of_policy(&policy, means, &now);
            if policy.told.is_so(wanted.as_deref()) {
                return Ok(());
            }
            match write(client, &key, &policy, wanted.as_deref()).await {
                Ok(()) => announce(policies, &key, &policy, wanted),
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                // A 409 says that the policy is another one by now, which its watch is about to tell.
                Err(error) => {
                    tracing::debug!(%key, %error, "what is not enforced of a NetworkPolicy was not written; trying again");
                    return Err(());
                }
            }
            Ok(())
        }
    });
    tokio::join!(touched, work);
}

/// Says it, or takes it back. The UID keeps a policy that is gone from being made anew.
async fn write(client: &Client, key: &ObjectKey, policy: &PolicyFacts, words: Option<&str>) -> Result<(), kube::Error> {
    let policies: Api<NetworkPolicy> = Api::namespaced(client.clone(), &key.namespace);
    let mut patch = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": key.name, "namespace": key.namespace, "uid": policy.uid},
    });
    if let Some(words) = words {
        patch["metadata"]["annotations"] = json!({NOT_ENFORCED: words});
    }
    let params = PatchParams::apply(MANAGER).force();
    policies.patch(&key.name, &params, &Patch::Apply(patch)).await.map(drop)
}

fn announce(policies: &Policies, key: &ObjectKey, policy: &PolicyFacts, words: Option<String>) {
    let about = object(key, policy);
    match words {
        Some(words) => policies.notices.warn_of(about, "NotEnforced", format!("Not enforced {words}")),
        None => policies.notices.note(about, "Enforced", "Enforced as written".to_owned()),
    }
}

#[cfg(test)]
#[path = "tell_tests.rs"]
mod tests;
