//! What a Job's plan says, carried out.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use kube::Api;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, PropagationPolicy};

use super::plan::{JobPlan, JobWorld, plan, strays};
use super::pods::new_pod;
use super::tracking::FINALIZER;
use crate::recorder::reference;
use crate::watch::Key;
use crate::workloads::runner::Runner;
use crate::workloads::write::absent_is_fine;

impl Runner {
    pub(in crate::workloads) async fn job(&self, key: &Key) -> Result<Option<Timestamp>, kube::Error> {
        let pods = self.pods.in_namespace(&key.namespace);
        let Some(job) = self.jobs.get(key) else {
            // Pods of a Job that is gone wait for nobody.
            for (name, uid) in strays(&key.name, None, &pods) {
                self.release_pod(&key.namespace, &name, &uid, FINALIZER).await?;
            }
            return Ok(None);
        };
        let world = JobWorld { job: &job, pods: &pods, backoff: self.job_backoff, now: Timestamp::now() };
        let plan = plan(&world);
        self.write_job(&job, &plan).await?;
        Ok(plan.look_again)
    }

    async fn write_job(&self, job: &Job, plan: &JobPlan) -> Result<(), kube::Error> {
        let namespace = job.namespace().unwrap_or_default();
        let about = reference(job);
        if let Some(status) = &plan.status {
            self.write_status(&self.jobs, job, job.status.as_ref(), status).await?;
        }
        for (tone, reason, message) in &plan.tell {
            self.recorder.tell(&about, *tone, reason, message.clone());
        }
        for (name, uid) in &plan.release {
            self.release_pod(&namespace, name, uid, FINALIZER).await?;
        }
        for (name, uid) in &plan.delete {
            // A pod that is deleted here has not failed: its end is not counted.
            self.release_pod(&namespace, name, uid, FINALIZER).await?;
            self.delete_pod(&about, &namespace, name, uid).await?;
        }
        for index in &plan.create {
            self.create_pod(&about, &new_pod(job, *index, plan.failures_of(job, *index), &self.node)).await?;
        }
        if plan.expire {
            let jobs: Api<Job> = Api::namespaced(self.client.clone(), &namespace);
            let parameters = DeleteParams {
                propagation_policy: Some(PropagationPolicy::Background),
                preconditions: Some(kube::api::Preconditions { uid: job.uid(), resource_version: None }),
                ..DeleteParams::default()
            };
            absent_is_fine(jobs.delete(&job.name_any(), &parameters).await.map(|_| ()))?;
        }
        Ok(())
    }
}
