//! A budget's status, written.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;

use super::plan::{covers, plan};
use crate::watch::Key;
use crate::workloads::deployment_plan::controller;
use crate::workloads::owned::is_active;
use crate::workloads::rollout::{replicas, wished};
use crate::workloads::runner::Runner;

impl Runner {
    pub(in crate::workloads) async fn budget(&self, key: &Key) -> Result<Option<Timestamp>, kube::Error> {
        let Some(budget) = self.budgets.get(key) else { return Ok(None) };
        let pods = self.pods.in_namespace(&key.namespace);
        let covered: Vec<&Arc<Pod>> = pods.iter().filter(|pod| is_active(pod) && covers(&budget, pod)).collect();
        let (status, look_again) = plan(&budget, &pods, self.wished(key, &covered), Timestamp::now());
        if let Some(status) = &status {
            self.write_status(&self.budgets, &*budget, budget.status.as_ref(), status).await?;
        }
        Ok(look_again)
    }

    /// How many pods the owners of these pods ask for; a pod without an owner stands for itself.
    fn wished(&self, key: &Key, pods: &[&Arc<Pod>]) -> i32 {
        let mut owners = BTreeSet::new();
        let mut total = 0;
        for pod in pods {
            let Some(owner) = controller(&pod.metadata) else {
                total += 1;
                continue;
            };
            let of = |name: &str| Key::new(&key.namespace, name);
            let mut asked = (owner.uid.clone(), None);
            match owner.kind.as_str() {
                "ReplicaSet" => {
                    if let Some(set) = self.sets.get(&of(&owner.name)) {
                        asked.1 = Some(wished(&set));
                        let above = controller(&set.metadata).and_then(|above| self.deployments.get(&of(&above.name)));
                        if let Some(deployment) = above {
                            asked = (deployment.metadata.uid.clone().unwrap_or_default(), Some(replicas(&deployment)));
                        }
                    }
                }
                "StatefulSet" => {
                    let set = self.stateful_sets.get(&of(&owner.name));
                    asked.1 = set.and_then(|set| set.spec.as_ref()?.replicas);
                }
                _ => {}
            }
            match asked {
                (_, None) => total += 1,
                (uid, Some(count)) => total += if owners.insert(uid) { count } else { 0 },
            }
        }
        total
    }
}
