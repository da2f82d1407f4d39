//! World in, plan out.

use super::*;
use crate::controllers::testing::{deleting, named};
use crate::engine::{Effect, Failure, FixedWorld};
use model::finalizers;
use model::{ClusterDataPlane, Environment};
use serde_json::{Value, json};

fn release(objects: &[Value]) -> RenderedRelease {
    let mut release: RenderedRelease = named("ns", "web-development");
    release.spec = serde_json::from_value(json!({
        "owner": {"projectName": "shop", "componentName": "web"},
        "environmentName": "development",
        "resources": objects.iter().map(|object| json!({"id": format!("{}-{}", object["kind"].as_str().unwrap_or_default().to_lowercase(), object["metadata"]["name"].as_str().unwrap_or_default()), "object": object})).collect::<Vec<_>>(),
    }))
    .expect("a release");
    release
}

fn dp() -> String {
    names::runtime_namespace("ns", "shop", "development")
}

fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": dp()}, "data": {"a": "b"}})
}

fn deployment() -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": dp()}, "spec": {"template": {}}})
}

fn cluster() -> ClusterId {
    ClusterId::cluster_plane("ClusterDataPlane", "default")
}

fn world() -> FixedWorld {
    World::fixed()
        .with(&named::<Environment>("ns", "development"))
        .with(&named::<ClusterDataPlane>("", "default"))
        .plane(&cluster())
        .with_manifest(&cluster(), &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": dp()}}))
}

fn run(release: &RenderedRelease, world: FixedWorld) -> Plan {
    RenderedReleaseController.reconcile(release, &world.build())
}

fn applied(plan: &Plan) -> Vec<Value> {
    plan.effects()
        .iter()
        .filter_map(|effect| match effect {
            Effect::Apply { manifest, .. } => Some(manifest.clone()),
            _ => None,
        })
        .collect()
}

/// The world after the plan's applies.
fn after(plan: &Plan, world: FixedWorld) -> FixedWorld {
    applied(plan).iter().fold(world, |world, manifest| {
        let mut manifest = manifest.clone();
        manifest["metadata"]["uid"] = format!("uid-{}", manifest["metadata"]["name"]).into();
        world.with_manifest(&cluster(), &manifest)
    })
}

fn told(plan: &Plan) -> (String, String) {
    let condition = &plan.new_status().expect("a status")["conditions"][0];
    (condition["reason"].as_str().unwrap_or_default().into(), condition["message"].as_str().unwrap_or_default().into())
}

#[test]
fn manifests_are_applied_with_tracking_labels_in_order_and_told_once_seen() {
    let release = release(&[deployment(), config_map("settings")]);
    let plan = run(&release, world());
    let kinds: Vec<_> = plan
        .effects()
        .iter()
        .map(|effect| (effect.step(), effect.target().map(|object| object.gvk.kind.to_string())))
        .collect();
    assert!(kinds[1].0 < kinds[0].0, "configuration comes before the workload: {kinds:?}");
    assert_eq!(applied(&plan)[1]["metadata"]["labels"][labels::RENDERED_RELEASE_UID], "uid-web-development");
    assert_eq!(plan.new_status(), None, "what is not there yet is not told");
    let plan = run(&release, after(&plan, world()));
    assert_eq!(told(&plan).0, "ApplySucceeded");
    assert_eq!(plan.new_status().expect("a status")["resources"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_changed_manifest_is_not_told_as_applied_before_the_plane_shows_it() {
    let before = release(&[config_map("settings")]);
    let seen = after(&run(&before, world()), world());
    let mut changed = config_map("settings");
    changed["data"]["a"] = "c".into();
    assert_eq!(run(&release(&[changed]), seen).new_status(), None);
}

#[test]
fn what_is_not_wanted_any_more_goes() {
    let both = release(&[config_map("old"), config_map("settings")]);
    let seen = after(&run(&both, world()), world());
    let plan = run(&release(&[config_map("settings")]), seen);
    let deleted: Vec<_> = plan
        .effects()
        .iter()
        .filter(|effect| effect.verb() == "delete")
        .filter_map(Effect::target)
        .map(|object| object.key.name.to_string())
        .collect();
    assert_eq!(deleted, ["old"]);
}

#[test]
fn a_renamed_manifest_does_not_leave_the_old_object_behind() {
    let mut old = release(&[config_map("old")]);
    old.spec.resources[0].id = "same".into();
    let seen = after(&run(&old, world()), world());
    let mut new = release(&[config_map("new")]);
    new.spec.resources[0].id = "same".into();
    let plan = run(&new, seen);
    assert!(plan.effects().iter().any(|effect| effect.verb() == "delete" && effect.target().is_some_and(|object| &*object.key.name == "old")), "{plan}");
}

#[test]
fn without_its_namespace_nothing_is_sent_and_the_namespace_is_named() {
    let world = World::fixed()
        .with(&named::<Environment>("ns", "development"))
        .with(&named::<ClusterDataPlane>("", "default"))
        .plane(&cluster());
    let plan = run(&release(&[config_map("settings")]), world);
    assert_eq!(plan.effects(), []);
    let (reason, message) = told(&plan);
    assert_eq!(reason, "ApplyFailed");
    assert_eq!(
        message,
        format!(
            "Failed to apply resources to target plane: failed to apply resource configmap-settings: namespaces {:?} not found",
            dp()
        )
    );
}

#[test]
fn a_refusal_is_told_with_the_manifests_id() {
    let release = release(&[config_map("settings")]);
    let failure = Failure {
        action: "apply",
        object: ObjectRef {
            cluster: cluster(),
            gvk: Gvk::new("v1", "ConfigMap"),
            key: (dp().as_str(), "settings").into(),
        },
        reason: FailureReason::Invalid,
        message: "data: wrong".into(),
    };
    let plan = run(&release, world().failure(failure));
    assert_eq!(
        told(&plan).1,
        "Failed to apply resources to target plane: failed to apply resource configmap-settings: data: wrong"
    );
}

#[test]
fn an_unreachable_plane_is_told() {
    let world = World::fixed()
        .with(&named::<Environment>("ns", "development"))
        .with(&named::<ClusterDataPlane>("", "default"))
        .unavailable(&cluster(), "no agent is connected");
    let plan = run(&release(&[config_map("settings")]), world);
    assert_eq!((told(&plan).0.as_str(), plan.effects()), ("ApplyFailed", &[][..]));
    assert!(told(&plan).1.contains("no agent is connected"));
}

#[test]
fn a_release_goes_when_its_objects_are_gone() {
    let live = release(&[config_map("settings"), deployment()]);
    let seen = after(&run(&live, world()), world());
    let gone = deleting(live.clone());
    let plan = run(&gone, seen);
    let verbs: Vec<_> = plan.effects().iter().map(Effect::verb).collect();
    assert_eq!((verbs, plan.removed_finalizers().len()), (vec!["delete", "delete"], 0));
    let plan = run(&gone, world());
    assert_eq!(plan.removed_finalizers(), [finalizers::RENDERED_RELEASE_DATA_PLANE]);
    let without_plane = World::fixed().with(&named::<Environment>("ns", "development"));
    assert_eq!(run(&gone, without_plane).removed_finalizers(), [finalizers::RENDERED_RELEASE_DATA_PLANE]);
}

#[test]
fn a_restart_is_passed_on_to_pod_templates() {
    let mut release = release(&[deployment()]);
    release.metadata.annotations = Some([(model::annotations::RESTARTED_AT.to_owned(), "now".to_owned())].into());
    let plan = run(&release, world());
    assert_eq!(
        applied(&plan)[0]["spec"]["template"]["metadata"]["annotations"][model::annotations::RESTARTED_AT],
        "now"
    );
}

#[test]
fn what_the_plane_does_not_enforce_is_warned_of_and_is_no_drift() {
    let policy = |name: &str| json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name, "namespace": dp()}, "spec": {"podSelector": {}}});
    let release = release(&[policy("own"), policy("other"), policy("whole"), config_map("settings")]);
    let silent = applied(&run(&release, world()));
    let seen = silent.iter().fold(world(), |world, manifest| {
        let mut live = manifest.clone();
        if live["metadata"]["name"] != "whole" {
            live["metadata"]["annotations"]["node.local/not-enforced"] = "at all: no filter; install one".into();
        }
        world.with_manifest(&cluster(), &live)
    });
    let plan = run(&release, seen);
    assert_eq!(applied(&plan), silent, "what is asked for has none of it");
    let status = plan.new_status().expect("a status");
    let warnings: Vec<_> = status["conditions"].as_array().into_iter().flatten().skip(1).collect();
    assert_eq!(
        json!(warnings),
        json!([{
            "type": "NetworkPoliciesEnforced", "status": "False", "reason": "NotEnforced", "observedGeneration": 1,
            "lastTransitionTime": "1970-01-01T00:00:00Z",
            "message": "NetworkPolicy own, other: not enforced at all: no filter; install one",
        }])
    );
    assert_eq!(status["resources"][0]["healthStatus"], "Healthy", "a warning is no illness");
    let plan = run(&release, after(&plan, world()));
    assert_eq!(
        plan.new_status().expect("a status")["conditions"].as_array().map(Vec::len),
        Some(1),
        "it goes with its cause"
    );
}

#[test]
fn what_a_manifests_object_makes_with_our_labels_is_left_to_it() {
    let release = release(&[config_map("settings")]);
    let seen = after(&run(&release, world()), world());
    let mut made = applied(&run(&release, world()))[0].clone();
    made["kind"] = "Secret".into();
    made["metadata"]["name"] = "made".into();
    made["metadata"]["uid"] = "uid-made".into();
    made["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "Maker", "name": "maker", "uid": "1", "controller": true}]);
    let plan = run(&release, seen.with_manifest(&cluster(), &made));
    assert!(plan.effects().iter().all(|effect| effect.verb() != "delete"), "{plan}");
}

fn scaled(replicas: i64) -> [Value; 2] {
    let mut workload = deployment();
    workload["spec"]["replicas"] = replicas.into();
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    let autoscaler = json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web", "namespace": dp()},
        "spec": {"minReplicas": 2, "maxReplicas": 8, "scaleTargetRef": target},
    });
    [workload, autoscaler]
}

/// The workload as it is on the plane, with whoever set its replicas.
fn on_the_plane(made_from: &Value, replicas: i64, ours: bool) -> Value {
    let mut live = made_from.clone();
    live["spec"]["replicas"] = replicas.into();
    let spec = if ours { json!({"f:replicas": {}}) } else { json!({"f:template": {}}) };
    live["metadata"]["uid"] = "uid-web".into();
    live["metadata"]["managedFields"] = json!([
        {"manager": labels::MANAGED_BY_RENDERED_RELEASE, "operation": "Apply", "fieldsV1": {"f:spec": spec}},
    ]);
    live
}

#[rstest::rstest]
#[case::first(3, None, Some(3))]
#[case::first_within_bounds(1, None, Some(2))]
#[case::nobody_has_scaled_yet(3, Some((6, true)), Some(6))]
#[case::the_autoscaler_has_scaled(3, Some((6, false)), None)]
#[case::stopped(0, Some((6, false)), Some(0))]
#[case::stopped_by_us_and_to_run_again(3, Some((0, true)), Some(3))]
#[case::stopped_by_another(3, Some((0, false)), None)]
fn an_autoscaler_of_the_release_is_not_fought(
    #[case] manifest: i64,
    #[case] live: Option<(i64, bool)>,
    #[case] written: Option<i64>,
) {
    let release = release(&scaled(manifest));
    let empty = || world().managers(&[labels::MANAGED_BY_RENDERED_RELEASE]);
    let workload = applied(&run(&release, empty()))[0].clone();
    let world = match live {
        Some((replicas, ours)) => empty().with_manifest(&cluster(), &on_the_plane(&workload, replicas, ours)),
        None => empty(),
    };
    let again = applied(&run(&release, world))[0].clone();
    assert_eq!(again["spec"].get("replicas").and_then(Value::as_i64), written);
    let hash = |manifest: &Value| manifest["metadata"]["annotations"][model::annotations::APPLIED_HASH].clone();
    assert_eq!(hash(&again), hash(&workload), "the number is no part of what the release asks for");
}
