use rstest::rstest;
use serde_json::{Value, json};

use super::{Health, assess};

fn object(version: &str, kind: &str, spec: &Value, status: &Value) -> Value {
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x", "generation": 2}, "spec": spec, "status": status})
}

fn progressing(status: &str, reason: &str) -> Value {
    json!({"type": "Progressing", "status": status, "reason": reason})
}

#[rstest]
#[case::paused(json!({"paused": true}), json!({}), Health::Suspended)]
#[case::scaled_to_zero(json!({"replicas": 0}), json!({}), Health::Suspended)]
#[case::never_observed(json!({"replicas": 1}), json!({}), Health::Progressing)]
#[case::healthy_of_an_older_generation(json!({"replicas": 1}), json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}), Health::Progressing)]
#[case::deadline(json!({"replicas": 1}), json!({"observedGeneration": 2, "conditions": [progressing("False", "ProgressDeadlineExceeded")]}), Health::Degraded)]
#[case::replica_failure(json!({"replicas": 1}), json!({"observedGeneration": 2, "conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}]}), Health::Degraded)]
#[case::first_rollout(json!({"replicas": 1}), json!({"observedGeneration": 2, "updatedReplicas": 1, "conditions": [progressing("True", "ReplicaSetUpdated")]}), Health::Progressing)]
#[case::all_pods_lost(json!({"replicas": 1}), json!({"observedGeneration": 2, "updatedReplicas": 1, "conditions": [progressing("True", "NewReplicaSetAvailable")]}), Health::Degraded)]
#[case::some_pods_lost(json!({"replicas": 3}), json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 1, "availableReplicas": 1, "unavailableReplicas": 2}), Health::Degraded)]
#[case::complete(json!({"replicas": 1}), json!({"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}), Health::Healthy)]
#[case::old_replica_still_there(json!({"replicas": 1}), json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}), Health::Progressing)]
fn a_deployment(#[case] spec: Value, #[case] status: Value, #[case] expected: Health) {
    assert_eq!(assess(&object("apps/v1", "Deployment", &spec, &status)).health, expected);
}

#[rstest]
#[case::job_runs("batch/v1", "Job", json!({}), json!({"active": 1}), Health::Progressing)]
#[case::job_failed("batch/v1", "Job", json!({}), json!({"conditions": [{"type": "Failed", "status": "True"}]}), Health::Degraded)]
#[case::job_complete("batch/v1", "Job", json!({}), json!({"conditions": [{"type": "Complete", "status": "True"}]}), Health::Healthy)]
#[case::cron_job_waits("batch/v1", "CronJob", json!({}), json!({}), Health::Progressing)]
#[case::cron_job_ran("batch/v1", "CronJob", json!({}), json!({"lastScheduleTime": "2026-01-01T00:00:00Z"}), Health::Healthy)]
#[case::cron_job_suspended("batch/v1", "CronJob", json!({"suspend": true}), json!({}), Health::Suspended)]
#[case::set_rolls("apps/v1", "StatefulSet", json!({"replicas": 1}), json!({"observedGeneration": 2, "currentRevision": "a", "updateRevision": "b"}), Health::Progressing)]
#[case::set_complete("apps/v1", "StatefulSet", json!({"replicas": 1}), json!({"observedGeneration": 2, "replicas": 1, "readyReplicas": 1, "availableReplicas": 1, "updatedReplicas": 1}), Health::Healthy)]
#[case::set_of_an_older_generation("apps/v1", "StatefulSet", json!({"replicas": 1}), json!({"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "availableReplicas": 1, "updatedReplicas": 1}), Health::Progressing)]
#[case::set_scales_down("apps/v1", "StatefulSet", json!({"replicas": 1}), json!({"observedGeneration": 2, "replicas": 2, "readyReplicas": 1, "availableReplicas": 1, "updatedReplicas": 1}), Health::Progressing)]
#[case::set_of_none("apps/v1", "StatefulSet", json!({"replicas": 0}), json!({"observedGeneration": 2, "currentRevision": "a", "updateRevision": "b"}), Health::Healthy)]
#[case::set_rolls_to_its_partition("apps/v1", "StatefulSet", json!({"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}}), json!({"observedGeneration": 2, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3, "currentRevision": "a", "updateRevision": "b"}), Health::Progressing)]
#[case::set_at_its_partition("apps/v1", "StatefulSet", json!({"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}}), json!({"observedGeneration": 2, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3, "updatedReplicas": 1, "currentRevision": "a", "updateRevision": "b"}), Health::Healthy)]
#[case::set_updated_by_hand("apps/v1", "StatefulSet", json!({"replicas": 1, "updateStrategy": {"type": "OnDelete"}}), json!({"observedGeneration": 2, "replicas": 1, "readyReplicas": 1, "availableReplicas": 1, "currentRevision": "a", "updateRevision": "b"}), Health::Healthy)]
#[case::daemon_complete("apps/v1", "DaemonSet", json!({}), json!({"observedGeneration": 2, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1}), Health::Healthy)]
#[case::daemon_rolls("apps/v1", "DaemonSet", json!({}), json!({"observedGeneration": 2, "desiredNumberScheduled": 1, "numberAvailable": 1}), Health::Progressing)]
#[case::daemon_updated_by_hand("apps/v1", "DaemonSet", json!({"updateStrategy": {"type": "OnDelete"}}), json!({"observedGeneration": 2, "desiredNumberScheduled": 1, "numberAvailable": 1}), Health::Healthy)]
#[case::daemon_of_an_older_generation("apps/v1", "DaemonSet", json!({}), json!({"observedGeneration": 1, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1}), Health::Progressing)]
#[case::daemon_wanted_nowhere("apps/v1", "DaemonSet", json!({}), json!({"observedGeneration": 2, "desiredNumberScheduled": 0}), Health::Healthy)]
#[case::job_about_to_fail("batch/v1", "Job", json!({}), json!({"active": 1, "conditions": [{"type": "FailureTarget", "status": "True"}]}), Health::Degraded)]
#[case::job_about_to_complete("batch/v1", "Job", json!({}), json!({"conditions": [{"type": "SuccessCriteriaMet", "status": "True"}]}), Health::Progressing)]
#[case::job_suspended("batch/v1", "Job", json!({"suspend": true}), json!({}), Health::Suspended)]
#[case::job_resumed("batch/v1", "Job", json!({"suspend": false}), json!({"conditions": [{"type": "Suspended", "status": "True"}]}), Health::Progressing)]
#[case::job_new("batch/v1", "Job", json!({}), Value::Null, Health::Progressing)]
#[case::cron_job_runs("batch/v1", "CronJob", json!({}), json!({"lastScheduleTime": "2026-01-01T00:00:00Z", "active": [{"name": "x"}]}), Health::Progressing)]
#[case::volume_bound("v1", "PersistentVolumeClaim", json!({}), json!({"phase": "Bound"}), Health::Healthy)]
#[case::volume_lost("v1", "PersistentVolumeClaim", json!({}), json!({"phase": "Lost"}), Health::Degraded)]
#[case::pull_fails("v1", "Pod", json!({}), json!({"phase": "Pending", "containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}), Health::Degraded)]
#[case::pod_ready("v1", "Pod", json!({}), json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}), Health::Healthy)]
#[case::claim_pending("v1", "PersistentVolumeClaim", json!({}), json!({"phase": "Pending"}), Health::Progressing)]
#[case::route_refused("gateway.networking.k8s.io/v1", "HTTPRoute", json!({}), json!({"parents": [{"conditions": [{"type": "Accepted", "status": "False"}]}]}), Health::Degraded)]
#[case::route_of_old("gateway.networking.k8s.io/v1", "HTTPRoute", json!({}), json!({"parents": [{"conditions": [{"type": "Accepted", "status": "True", "observedGeneration": 1}]}]}), Health::Progressing)]
#[case::secret_fails("external-secrets.io/v1", "ExternalSecret", json!({}), json!({"conditions": [{"type": "Ready", "status": "False"}]}), Health::Degraded)]
#[case::secret_new("external-secrets.io/v1", "ExternalSecret", json!({}), Value::Null, Health::Progressing)]
#[case::claim_not_ready("example.org/v1", "Database", json!({}), json!({"conditions": [{"type": "Ready", "status": "False"}]}), Health::Progressing)]
#[case::claim_stalled("example.org/v1", "Database", json!({}), json!({"conditions": [{"type": "Stalled", "status": "True"}]}), Health::Degraded)]
#[case::claim_ready_for_old("example.org/v1", "Database", json!({}), json!({"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]}), Health::Progressing)]
#[case::claim_ready("example.org/v1", "Database", json!({}), json!({"observedGeneration": 2, "conditions": [{"type": "Ready", "status": "True"}]}), Health::Healthy)]
#[case::claim_that_does_not_know("example.org/v1", "Database", json!({}), json!({"conditions": [{"type": "Ready", "status": "Unknown"}]}), Health::Unknown)]
#[case::claim_condition_of_old("example.org/v1", "Database", json!({}), json!({"conditions": [{"type": "Ready", "status": "True", "observedGeneration": 1}]}), Health::Progressing)]
#[case::claim_stalled_before_the_change("example.org/v1", "Database", json!({}), json!({"conditions": [{"type": "Stalled", "status": "True", "observedGeneration": 1}]}), Health::Progressing)]
#[case::claim_broken_though_ready("example.org/v1", "Database", json!({}), json!({"conditions": [{"type": "Ready", "status": "True"}, {"type": "Failed", "status": "True"}]}), Health::Degraded)]
#[case::no_status("v1", "ConfigMap", json!({}), Value::Null, Health::Healthy)]
fn any_kind(
    #[case] version: &str,
    #[case] kind: &str,
    #[case] spec: Value,
    #[case] status: Value,
    #[case] expected: Health,
) {
    assert_eq!(assess(&object(version, kind, &spec, &status)).health, expected);
}

#[rstest]
#[case(json!(null))]
#[case(json!([]))]
#[case(json!({"kind": "Deployment", "apiVersion": "apps/v1", "status": {"conditions": 7}, "spec": "x"}))]
fn any_shape_gets_an_answer(#[case] object: Value) {
    let _ = assess(&object);
}
