//! The pods of a Job.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, ObjectFieldSelector, Pod};
use kube::{Resource as _, ResourceExt as _};

use super::tracking::FINALIZER;
use crate::workloads::hash::pod_name;
use crate::workloads::owned::pod_of;

/// The label and annotation with a pod's completion index.
const INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// The same in a container's environment.
const INDEX_VARIABLE: &str = "JOB_COMPLETION_INDEX";

/// How often the index of a pod had failed when the pod was made: what counts towards its limit, and what does not.
const FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
const IGNORED_FAILURES: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

/// Failures of one index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Failures {
    pub(super) counted: i32,
    pub(super) ignored: i32,
}

impl Failures {
    /// Those that a pod was made after.
    pub(super) fn before(pod: &Pod) -> Self {
        let number = |name: &str| pod.annotations().get(name).and_then(|text| text.parse().ok()).unwrap_or_default();
        Self { counted: number(FAILURES), ignored: number(IGNORED_FAILURES) }
    }

    pub(super) fn all(self) -> i32 {
        self.counted.saturating_add(self.ignored)
    }
}

/// The completion index of a pod.
pub(super) fn index_of(pod: &Pod) -> Option<i32> {
    pod.annotations().get(INDEX).and_then(|text| text.parse().ok())
}

/// A new pod of a Job, for one of its indexes where it has them; `failures` of that index where they are limited.
pub(super) fn new_pod(job: &Job, index: Option<i32>, failures: Option<Failures>, node: &str) -> Pod {
    let template = job.spec.as_ref().map(|spec| spec.template.clone()).unwrap_or_default();
    let owner = job.controller_owner_ref(&()).unwrap_or_default();
    let base = index.map_or_else(|| job.name_any(), |index| format!("{}-{index}", job.name_any()));
    let mut pod = pod_of(&template, owner, job.namespace(), pod_name(&base), node);
    pod.metadata.finalizers.get_or_insert_default().push(FINALIZER.to_owned());
    let Some(index) = index else { return pod };
    let mark = |map: &mut Option<BTreeMap<String, String>>| {
        map.get_or_insert_default().insert(INDEX.to_owned(), index.to_string());
    };
    mark(&mut pod.metadata.labels);
    mark(&mut pod.metadata.annotations);
    if let Some(failures) = failures {
        let annotations = pod.metadata.annotations.get_or_insert_default();
        annotations.insert(FAILURES.to_owned(), failures.counted.to_string());
        if failures.ignored > 0 {
            annotations.insert(IGNORED_FAILURES.to_owned(), failures.ignored.to_string());
        }
    }
    if let Some(spec) = &mut pod.spec {
        spec.hostname.get_or_insert(base);
        for container in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
            let variables = container.env.get_or_insert_default();
            if variables.iter().all(|variable| variable.name != INDEX_VARIABLE) {
                let field_ref = ObjectFieldSelector {
                    api_version: Some("v1".to_owned()),
                    field_path: format!("metadata.labels['{INDEX}']"),
                };
                let source = EnvVarSource { field_ref: Some(field_ref), ..EnvVarSource::default() };
                variables.push(EnvVar { name: INDEX_VARIABLE.to_owned(), value: None, value_from: Some(source) });
            }
        }
    }
    pod
}
