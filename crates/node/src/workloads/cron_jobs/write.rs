//! What a CronJob's plan says, carried out.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use k8s_openapi::api::batch::v1::Job;
use kube::api::{DeleteParams, PostParams, Preconditions, PropagationPolicy};
use kube::{Api, ResourceExt as _};

use super::plan::{CronWorld, plan};
use crate::recorder::{Tone, reference};
use crate::watch::Key;
use crate::workloads::runner::Runner;
use crate::workloads::write::absent_is_none;

impl Runner {
    pub(in crate::workloads) async fn cron_job(&self, key: &Key) -> Result<Option<Timestamp>, kube::Error> {
        let Some(cron) = self.cron_jobs.get(key) else { return Ok(None) };
        let own = self.jobs.in_namespace(&key.namespace);
        let local = TimeZone::system();
        let plan = plan(&CronWorld { cron: &cron, jobs: &own, local: &local, now: Timestamp::now() });
        let about = reference(&*cron);
        let jobs: Api<Job> = Api::namespaced(self.client.clone(), &key.namespace);
        for (tone, reason, words) in &plan.tell {
            self.recorder.tell(&about, *tone, reason, words.clone());
        }
        for (name, uid) in plan.replace.iter().chain(&plan.forget) {
            let parameters = DeleteParams {
                propagation_policy: Some(PropagationPolicy::Background),
                preconditions: Some(Preconditions { uid: Some(uid.clone()), resource_version: None }),
                ..DeleteParams::default()
            };
            if let Some(answer) = absent_is_none(jobs.delete(name, &parameters).await)? {
                if let Some(job) = answer.left() {
                    self.jobs.apply(Arc::new(job));
                }
                self.recorder.tell(&about, Tone::Normal, "SuccessfulDelete", format!("Deleted job {name}"));
            }
        }
        let mut status = plan.status.clone();
        if let Some(job) = &plan.create {
            match jobs.create(&PostParams::default(), job).await {
                Ok(made) => {
                    let words = format!("Created job {}", made.name_any());
                    if let Some(status) = &mut status {
                        status.active.get_or_insert_default().push(reference(&made));
                    }
                    self.jobs.apply(Arc::new(made));
                    self.recorder.tell(&about, Tone::Normal, "SuccessfulCreate", words);
                }
                // Made before this process was killed.
                Err(kube::Error::Api(status)) if status.is_already_exists() => {}
                Err(error) => {
                    let words = format!("Error creating job: {error}");
                    self.recorder.tell(&about, Tone::Warning, "FailedCreate", words);
                    return Err(error);
                }
            }
        }
        if let Some(status) = &status {
            self.write_status(&self.cron_jobs, &*cron, cron.status.as_ref(), status).await?;
        }
        Ok(plan.look_again)
    }
}
