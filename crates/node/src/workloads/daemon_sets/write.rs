//! What a DaemonSet's plan says, carried out.

use jiff::Timestamp;

use super::plan::{DaemonWorld, plan};
use crate::recorder::reference;
use crate::watch::Key;
use crate::workloads::runner::Runner;

impl Runner {
    pub(in crate::workloads) async fn daemon_set(&self, key: &Key) -> Result<Option<Timestamp>, kube::Error> {
        let Some(set) = self.daemon_sets.get(key) else { return Ok(None) };
        let namespace = &key.namespace;
        let pods = self.pods.in_namespace(namespace);
        let revisions = self.revisions.in_namespace(namespace);
        let plan = plan(&DaemonWorld {
            set: &set,
            pods: &pods,
            revisions: &revisions,
            node: &self.node,
            node_labels: &self.node_labels,
            now: Timestamp::now(),
        });
        let about = reference(&*set);
        self.write_revisions(namespace, &plan.revisions).await?;
        for (name, uid) in &plan.delete {
            self.delete_pod(&about, namespace, name, uid).await?;
        }
        if let Some(pod) = &plan.create {
            self.create_pod(&about, pod).await?;
        }
        if let Some(status) = &plan.status {
            self.write_status(&self.daemon_sets, &*set, set.status.as_ref(), status).await?;
        }
        Ok(plan.look_again)
    }
}
