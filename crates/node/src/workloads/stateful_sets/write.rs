//! What a StatefulSet's plan says, carried out.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt as _};

use super::plan::{SetWorld, plan};
use crate::recorder::{Tone, reference};
use crate::watch::Key;
use crate::workloads::runner::Runner;
use crate::workloads::write::absent_is_fine;

impl Runner {
    pub(in crate::workloads) async fn stateful_set(&self, key: &Key) -> Result<Option<Timestamp>, kube::Error> {
        let Some(set) = self.stateful_sets.get(key) else { return Ok(None) };
        let namespace = &key.namespace;
        let pods = self.pods.in_namespace(namespace);
        let revisions = self.revisions.in_namespace(namespace);
        let held = self.claims.in_namespace(namespace);
        let world = SetWorld {
            set: &set,
            pods: &pods,
            revisions: &revisions,
            claims: &held,
            node: &self.node,
            now: Timestamp::now(),
        };
        let plan = plan(&world);
        let about = reference(&*set);
        self.write_revisions(namespace, &plan.revisions).await?;
        let claims: Api<PersistentVolumeClaim> = Api::namespaced(self.client.clone(), namespace);
        for claim in &plan.create_claims {
            match claims.create(&PostParams::default(), claim).await {
                Ok(made) => {
                    let words = format!("create Claim {} success", made.name_any());
                    self.claims.apply(Arc::new(made));
                    self.recorder.tell(&about, Tone::Normal, "SuccessfulCreate", words);
                }
                Err(kube::Error::Api(status)) if status.is_already_exists() => {}
                Err(error) => {
                    let words = format!("create Claim {} failed: {error}", claim.name_any());
                    self.recorder.tell(&about, Tone::Warning, "FailedCreate", words);
                    return Err(error);
                }
            }
        }
        for (name, uid) in &plan.delete {
            self.delete_pod(&about, namespace, name, uid).await?;
        }
        for pod in &plan.create {
            self.create_pod(&about, pod).await?;
        }
        for name in &plan.delete_claims {
            absent_is_fine(claims.delete(name, &DeleteParams::default()).await.map(|_| ()))?;
        }
        if let Some(status) = &plan.status {
            self.write_status(&self.stateful_sets, &*set, set.status.as_ref(), status).await?;
        }
        Ok(plan.look_again)
    }
}
