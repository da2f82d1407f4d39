//! Jobs and CronJobs.

use crate::lab::{Lab, NAMESPACE, merged};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use serde_json::{Value, json};

fn condition(job: &Job, kind: &str) -> Option<String> {
    let mut conditions = job.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let found = conditions.find(|condition| condition.type_ == kind && condition.status == "True")?;
    found.reason.clone()
}

/// A Job whose pods run `command` of the test's program.
fn job(lab: &Lab, name: &str, command: &[&str], spec: Value) -> Value {
    let pods = lab.spec(command, json!({"restartPolicy": "Never"}), json!({}));
    json!({"metadata": {"name": name, "namespace": NAMESPACE}, "spec": merged(json!({"template": {"spec": pods}}), spec)})
}

async fn pods(lab: &Lab, job: &str) -> Vec<Pod> {
    let labels = ListParams::default().labels(&format!("batch.kubernetes.io/job-name={job}"));
    lab.api::<Pod>().list(&labels).await.expect("listed").items
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_run_to_completion_to_their_limit_and_by_index() {
    let Some(lab) = Lab::start().await else { return };
    lab.create::<Job>(job(&lab, "three", &["exit", "0"], json!({"completions": 3, "parallelism": 2}))).await;
    lab.create::<Job>(job(&lab, "broken", &["exit", "4"], json!({"backoffLimit": 1}))).await;
    let indexed = json!({"completions": 2, "parallelism": 2, "completionMode": "Indexed"});
    lab.create::<Job>(job(&lab, "parts", &["env", "JOB_COMPLETION_INDEX"], indexed)).await;
    lab.create::<Job>(job(&lab, "slow", &["serve", "8080"], json!({"activeDeadlineSeconds": 1}))).await;

    let three = lab.until::<Job>("three", "complete", |job| condition(job, "Complete").is_some()).await;
    let status = three.status.expect("a status");
    assert_eq!((status.succeeded, status.active, status.failed), (Some(3), None, None));
    assert!(status.completion_time.is_some());
    let done = pods(&lab, "three").await;
    assert_eq!(done.len(), 3);
    assert!(done.iter().all(|pod| pod.finalizers().is_empty()), "every end is counted");

    let parts = lab.until::<Job>("parts", "complete", |job| condition(job, "Complete").is_some()).await;
    assert_eq!(parts.status.and_then(|status| status.completed_indexes).as_deref(), Some("0,1"));
    let mut hosts: Vec<String> = pods(&lab, "parts").await.into_iter().filter_map(|pod| pod.spec?.hostname).collect();
    hosts.sort();
    assert_eq!(hosts, ["parts-0", "parts-1"]);

    let broken = lab.until::<Job>("broken", "failed", |job| condition(job, "Failed").is_some()).await;
    assert_eq!(condition(&broken, "Failed").as_deref(), Some("BackoffLimitExceeded"));
    assert_eq!(broken.status.and_then(|status| status.failed), Some(2));
    let slow = lab.until::<Job>("slow", "failed", |job| condition(job, "Failed").is_some()).await;
    assert_eq!(condition(&slow, "Failed").as_deref(), Some("DeadlineExceeded"));
    lab.told("three", "Completed: Job completed").await;

    // Deletion takes the pods along, those that run too.
    lab.create::<Job>(job(&lab, "endless", &["serve", "8080"], json!({}))).await;
    lab.until::<Job>("endless", "running", |job| job.status.as_ref().and_then(|status| status.ready) == Some(1)).await;
    for name in ["three", "parts", "broken", "slow", "endless"] {
        let left = pods(&lab, name).await;
        lab.api::<Job>().delete(name, &DeleteParams::background()).await.expect("deleted");
        for pod in left {
            lab.gone::<Pod>(&pod.name_any()).await;
        }
    }
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_makes_jobs_and_a_finished_job_goes_after_its_time() {
    let Some(lab) = Lab::start().await else { return };
    let template = job(&lab, "", &["exit", "0"], json!({"ttlSecondsAfterFinished": 0}));
    let cron = json!({
        "metadata": {"name": "tick", "namespace": NAMESPACE},
        "spec": {"schedule": "@every 1s", "timeZone": "Europe/Berlin", "concurrencyPolicy": "Forbid",
                 "jobTemplate": {"spec": template["spec"]}},
    });
    lab.create::<CronJob>(cron).await;
    let ran = lab
        .until::<CronJob>("tick", "run once", |cron| {
            cron.status
                .as_ref()
                .is_some_and(|status| status.last_schedule_time.is_some() && status.last_successful_time.is_some())
        })
        .await;
    let patch = json!({"spec": {"suspend": true}});
    lab.api::<CronJob>()
        .patch(&ran.name_any(), &PatchParams::default(), &Patch::Merge(patch))
        .await
        .expect("suspended");
    for job in lab.api::<Job>().list(&ListParams::default()).await.expect("listed").items {
        assert!(job.name_any().starts_with("tick-"), "{}", job.name_any());
        lab.gone::<Job>(&job.name_any()).await;
    }
    lab.told("tick", "SuccessfulCreate: Created job tick-").await;
    lab.api::<CronJob>().delete("tick", &DeleteParams::background()).await.expect("deleted");
    lab.gone::<CronJob>("tick").await;
    for pod in lab.api::<Pod>().list(&ListParams::default()).await.expect("listed").items {
        lab.gone::<Pod>(&pod.name_any()).await;
    }
    lab.end().await;
}
