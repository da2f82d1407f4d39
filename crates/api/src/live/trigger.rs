//! Runs a scheduled task now: a Job from the CronJob's template, as `kubectl create job --from` makes it.

use super::binding::Deployed;
use super::tree::deployed_objects;
use crate::objects::Parts;
use crate::problem::Problem;
use crate::serving::App;
use axum::Json;
use axum::extract::{Path, State};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Api, ObjectMeta, PostParams};
use serde_json::{Value, json};

/// Marks what was made by hand, as kubectl does.
const INSTANTIATE: &str = "cronjob.kubernetes.io/instantiate";
/// Characters of the CronJob's name that a Job's name begins with; a Job's name holds 63, and its pods' six more.
const PREFIX: usize = 40;

/// `POST …/releasebindings/{name}/trigger`
pub(super) async fn trigger(State(app): State<App>, Path(parts): Path<Parts>) -> Result<Json<Value>, Problem> {
    let deployed = Deployed::resolve(&app, &parts).await?;
    let manifests = deployed_objects(&app, &deployed).await?;
    let Some(manifest) = manifests.iter().find(|object| object["kind"] == "CronJob") else {
        return Err(Problem::bad_request("release binding component is not a cronjob workload"));
    };
    let text = |member: &str| manifest["metadata"][member].as_str().unwrap_or_default().to_owned();
    let (namespace, name) = (text("namespace"), text("name"));
    let failed = |error| Problem::from_kube(error, &format!("CronJob {name:?}"), "Job");
    let cron_job = Api::<CronJob>::namespaced(deployed.plane.clone(), &namespace).get(&name).await.map_err(failed)?;
    let job = job(&cron_job, &name).ok_or_else(|| Problem::internal(&format!("CronJob {name} has no uid")))?;
    let jobs = Api::<Job>::namespaced(deployed.plane.clone(), &namespace);
    let made = jobs.create(&PostParams::default(), &job).await.map_err(failed)?;
    Ok(Json(json!({"jobName": made.metadata.name, "namespace": namespace, "cronJobName": name})))
}

/// A run of the CronJob that belongs to it.
fn job(cron_job: &CronJob, name: &str) -> Option<Job> {
    let template = &cron_job.spec.job_template;
    let metadata = template.metadata.clone().unwrap_or_default();
    let mut annotations = metadata.annotations.unwrap_or_default();
    annotations.insert(INSTANTIATE.to_owned(), "manual".to_owned());
    let prefix: String = name.chars().take(PREFIX).collect();
    let id = uuid::Uuid::new_v4().simple().to_string();
    Some(Job {
        metadata: ObjectMeta {
            name: Some(format!("{prefix}-manual-{}", &id[..8])),
            namespace: cron_job.metadata.namespace.clone(),
            labels: metadata.labels,
            annotations: Some(annotations),
            owner_references: Some(vec![OwnerReference {
                api_version: "batch/v1".to_owned(),
                kind: "CronJob".to_owned(),
                name: name.to_owned(),
                uid: cron_job.metadata.uid.clone()?,
                controller: Some(true),
                ..OwnerReference::default()
            }]),
            ..ObjectMeta::default()
        },
        spec: template.spec.clone(),
        ..Job::default()
    })
}
