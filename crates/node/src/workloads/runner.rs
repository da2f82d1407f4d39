//! Calls the plans when something that they read changed: one key at a time, several keys at once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::Client;
use tokio_util::sync::CancellationToken;

use super::autoscalers::{Held, Sampler};
use super::deployment_plan::{self, DeploymentWorld};
use super::replica_set_plan;
use crate::pods::Backoff;
use crate::recorder::Recorder;
use crate::watch::{Cache, Key, LONGEST_SLEEP, Queue};

/// Keys that are worked on at the same time.
const AT_ONCE: usize = 8;
/// The longest pause before a key whose writes failed is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Work {
    Deployment(Key),
    ReplicaSet(Key),
    StatefulSet(Key),
    DaemonSet(Key),
    Job(Key),
    CronJob(Key),
    Claim(Key),
    Budget(Key),
    Autoscaler(Key),
}

pub(crate) struct Runner {
    pub(crate) client: Client,
    pub(crate) deployments: Arc<Cache<Deployment>>,
    pub(crate) sets: Arc<Cache<ReplicaSet>>,
    pub(crate) stateful_sets: Arc<Cache<StatefulSet>>,
    pub(crate) daemon_sets: Arc<Cache<DaemonSet>>,
    pub(crate) revisions: Arc<Cache<ControllerRevision>>,
    pub(crate) jobs: Arc<Cache<Job>>,
    pub(crate) cron_jobs: Arc<Cache<CronJob>>,
    pub(crate) claims: Arc<Cache<PersistentVolumeClaim>>,
    pub(crate) volumes: Arc<Cache<PersistentVolume>>,
    pub(crate) classes: Arc<Cache<StorageClass>>,
    pub(crate) budgets: Arc<Cache<PodDisruptionBudget>>,
    pub(crate) autoscalers: Arc<Cache<HorizontalPodAutoscaler>>,
    pub(crate) sampler: Arc<Sampler>,
    /// What autoscalers remember.
    pub(crate) scaling: Mutex<HashMap<Key, Held>>,
    pub(crate) pods: Arc<Cache<Pod>>,
    pub(crate) recorder: Recorder,
    pub(crate) node: String,
    pub(crate) node_labels: BTreeMap<String, String>,
    /// Where the folders of claims lie.
    pub(crate) claims_folder: PathBuf,
    /// How long a Job's next pod waits after failures in a row.
    pub(crate) job_backoff: Backoff,
    pub(crate) queue: Arc<Queue<Work>>,
}

impl Runner {
    pub(crate) async fn run(self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => return,
            () = self.synced() => {}
        }
        let mut running = FuturesUnordered::new();
        let mut busy: HashSet<Work> = HashSet::new();
        let mut again: HashSet<Work> = HashSet::new();
        let mut failures: HashMap<Work, u32> = HashMap::new();
        let mut later: BTreeSet<(Timestamp, Work)> = BTreeSet::new();
        loop {
            let due = later.first().map(|(moment, _)| *moment);
            let work = tokio::select! {
                () = stop.cancelled() => return,
                Some(ended) = running.next() => {
                    let (work, ended): (Work, Result<Option<Timestamp>, kube::Error>) = ended;
                    busy.remove(&work);
                    match ended {
                        Ok(look_again) => {
                            failures.remove(&work);
                            later.retain(|(_, other)| *other != work);
                            later.extend(look_again.map(|moment| (moment, work.clone())));
                        }
                        Err(error) => {
                            let count = failures.entry(work.clone()).or_default();
                            *count = count.saturating_add(1);
                            let pause = Duration::from_millis(50).saturating_mul(2_u32.saturating_pow(*count)).min(LONGEST_PAUSE);
                            tracing::warn!(?work, %error, "a workload's writes failed; trying again");
                            later.extend(Timestamp::now().saturating_add(pause).ok().map(|moment| (moment, work.clone())));
                        }
                    }
                    if !again.remove(&work) {
                        continue;
                    }
                    work
                }
                work = self.queue.next(), if running.len() < AT_ONCE => work,
                () = until(due) => match later.pop_first() {
                    Some((_, work)) => work,
                    None => continue,
                },
            };
            if busy.contains(&work) {
                again.insert(work);
                continue;
            }
            busy.insert(work.clone());
            running.push(self.reconcile(work));
        }
    }

    /// Returns when every cache has its first list: a plan over half of the world would make what is there already.
    async fn synced(&self) {
        tokio::join!(
            self.deployments.synced(),
            self.sets.synced(),
            self.stateful_sets.synced(),
            self.daemon_sets.synced(),
            self.revisions.synced(),
            self.jobs.synced(),
            self.cron_jobs.synced(),
            self.claims.synced(),
            self.volumes.synced(),
            self.classes.synced(),
            self.budgets.synced(),
            self.autoscalers.synced(),
            self.pods.synced(),
        );
    }

    async fn reconcile(&self, work: Work) -> (Work, Result<Option<Timestamp>, kube::Error>) {
        let ended = match &work {
            Work::Deployment(key) => self.deployment(key).await,
            Work::ReplicaSet(key) => self.replica_set(key).await,
            Work::StatefulSet(key) => self.stateful_set(key).await,
            Work::DaemonSet(key) => self.daemon_set(key).await,
            Work::Job(key) => self.job(key).await,
            Work::CronJob(key) => self.cron_job(key).await,
            Work::Claim(key) => self.claim(key).await,
            Work::Budget(key) => self.budget(key).await,
            Work::Autoscaler(key) => self.autoscaler(key).await,
        };
        (work, ended)
    }

    async fn deployment(&self, key: &Key) -> Result<Option<Timestamp>, kube::Error> {
        let Some(deployment) = self.deployments.get(key) else { return Ok(None) };
        let sets = self.sets.in_namespace(&key.namespace);
        let pods = self.pods.in_namespace(&key.namespace);
        let world = DeploymentWorld { deployment: &deployment, sets: &sets, pods: &pods, now: Timestamp::now() };
        let plan = deployment_plan::plan(&world);
        self.write_deployment(&deployment, &plan).await?;
        Ok(plan.look_again)
    }

    async fn replica_set(&self, key: &Key) -> Result<Option<Timestamp>, kube::Error> {
        let Some(set) = self.sets.get(key) else { return Ok(None) };
        let pods = self.pods.in_namespace(&key.namespace);
        let plan = replica_set_plan::plan(&set, &pods, Timestamp::now());
        self.write_replica_set(&set, &plan).await?;
        Ok(plan.look_again)
    }
}

async fn until(moment: Option<Timestamp>) {
    match moment {
        Some(moment) => {
            let left = Duration::try_from(moment.duration_since(Timestamp::now())).unwrap_or_default();
            // A moment that is passed by its fraction only is not slept for again.
            tokio::time::sleep((left + Duration::from_millis(1)).min(LONGEST_SLEEP)).await;
        }
        None => std::future::pending().await,
    }
}
