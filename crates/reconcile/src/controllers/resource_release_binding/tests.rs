//! World in, plan out.

use super::*;
use crate::controllers::testing::{deleting, named, told};
use crate::engine::{Effect, FixedWorld};
use model::{ClusterDataPlane, Environment, ManifestStatus, Project, RenderedRelease, RenderedReleaseStatus, Resource};
use rstest::rstest;
use serde_json::{Value, json};

struct Scene {
    binding: ResourceReleaseBinding,
    release: ResourceRelease,
    resource: Resource,
    project: Project,
    environment: Environment,
}

fn scene() -> Scene {
    let mut binding: ResourceReleaseBinding = named("ns", "db-development");
    binding.spec.owner.project_name = "shop".into();
    binding.spec.owner.resource_name = "db".into();
    binding.spec.environment = "development".into();
    binding.spec.resource_release = "db-1".into();
    let mut release: ResourceRelease = named("ns", "db-1");
    release.spec = serde_json::from_value(json!({
        "owner": {"projectName": "shop", "resourceName": "db"},
        "resourceType": {"kind": "ClusterResourceType", "name": "postgres", "spec": {
            "retainPolicy": "Delete",
            "outputs": [
                {"name": "host", "value": "${metadata.name}.${metadata.namespace}"},
                {"name": "password", "secretKeyRef": {"name": "${metadata.name}-creds", "key": "password"}},
                {"name": "claim", "value": "${applied.claim.status.url}"},
            ],
            "resources": [
                {"id": "config", "template": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "${metadata.name}"}}},
                {"id": "claim", "readyWhen": "${applied.claim.status.done == true}",
                 "template": {"apiVersion": "example.com/v1", "kind": "Claim", "metadata": {"name": "${metadata.name}"}}},
            ],
        }},
    }))
    .expect("a release");
    Scene {
        binding,
        release,
        resource: named("ns", "db"),
        project: named("ns", "shop"),
        environment: named("ns", "development"),
    }
}

impl Scene {
    fn world(&self) -> FixedWorld {
        World::fixed()
            .with(&self.release)
            .with(&self.resource)
            .with(&self.project)
            .with(&self.environment)
            .with(&named::<ClusterDataPlane>("", "default"))
    }

    fn run(&self, world: FixedWorld) -> Plan {
        run(&self.binding, world)
    }

    fn rendered(&self) -> RenderedRelease {
        let plan = self.run(self.world());
        let Some(Effect::Apply { manifest, .. }) = plan.effects().first() else {
            panic!("nothing is rendered: {plan}")
        };
        let mut release: RenderedRelease = serde_json::from_value(manifest.clone()).expect("a rendered release");
        release.metadata.generation = Some(1);
        release
    }
}

fn run(binding: &ResourceReleaseBinding, world: FixedWorld) -> Plan {
    ResourceReleaseBindingController::new(Arc::new(Compiler::new())).reconcile(binding, &world.build())
}

/// As the plane reports it.
fn reported(mut release: RenderedRelease, config: &str, claim: &Value) -> RenderedRelease {
    let entry = |id: &str, health: &str, status: Option<Value>| ManifestStatus {
        id: id.into(),
        kind: id.into(),
        health_status: health.into(),
        status: status.map(model::FreeForm),
        ..ManifestStatus::default()
    };
    release.status = Some(RenderedReleaseStatus {
        conditions: vec![told("ResourcesApplied", "True", "ApplySucceeded")],
        resources: vec![entry("config", config, None), entry("claim", "Unknown", Some(claim.clone()))],
    });
    release
}

fn reasons(plan: &Plan) -> Vec<String> {
    let conditions = plan.new_status().expect("a status")["conditions"].as_array().expect("conditions").clone();
    conditions.iter().filter_map(|condition| condition["reason"].as_str()).map(str::to_owned).collect()
}

fn outputs(plan: &Plan) -> Value {
    plan.new_status().expect("a status")["outputs"].clone()
}

#[rstest]
#[case::no_pin(|scene: &mut Scene| scene.binding.spec.resource_release.clear(), "ResourceReleaseNotSet")]
#[case::no_release(|scene: &mut Scene| scene.binding.spec.resource_release = "ghost".into(), "ResourceReleaseNotFound")]
#[case::foreign_release(|scene: &mut Scene| scene.release.spec.owner.resource_name = "queue".into(), "InvalidReleaseConfiguration")]
#[case::no_environment(|scene: &mut Scene| scene.binding.spec.environment = "ghost".into(), "EnvironmentNotFound")]
#[case::no_resource(|scene: &mut Scene| scene.resource = named("ns", "other"), "ResourceNotFound")]
#[case::no_project(|scene: &mut Scene| scene.project = named("ns", "other"), "ProjectNotFound")]
#[case::bad_template(|scene: &mut Scene| scene.release.spec.resource_type.spec.resources[0].include_when = "${1}".into(), "RenderingFailed")]
fn what_is_wrong_is_told(#[case] spoil: fn(&mut Scene), #[case] reason: &str) {
    let mut scene = scene();
    spoil(&mut scene);
    let plan = scene.run(scene.world());
    assert_eq!(reasons(&plan), [reason, "SyncedNotReady", "SyncedNotReady", reason]);
    assert_eq!(plan.effects(), []);
}

#[test]
fn the_rendered_release_belongs_to_the_resource_and_is_named_after_it() {
    let release = scene().rendered();
    assert_eq!(release.name(), model::names::resource_rendered_release("db", "development"));
    assert_eq!(release.spec.owner.resource_name, "db");
    assert_eq!(release.label(model::labels::RESOURCE), Some("db"));
    assert_eq!(release.spec.resources.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["config", "claim"]);
}

#[test]
fn ready_when_the_types_own_rule_holds_and_with_the_outputs_of_what_the_plane_says() {
    let scene = scene();
    let rendered = scene.rendered();
    let wait = reported(rendered.clone(), "Healthy", &json!({"done": false}));
    let plan = scene.run(scene.world().with(&wait));
    assert_eq!(
        reasons(&plan),
        ["ReleaseSynced", "ResourcesProgressing", "OutputResolutionFailed", "ResourcesProgressing"]
    );
    assert_eq!(outputs(&plan).as_array().map(Vec::len), Some(2), "what can be told is told");
    let done = reported(rendered, "Healthy", &json!({"done": true, "url": "pg://x"}));
    let plan = scene.run(scene.world().with(&done));
    assert_eq!(reasons(&plan), ["ReleaseSynced", "ResourcesReady", "OutputsResolved", "Ready"]);
    let base = model::names::resource_base("db", "development");
    let namespace = model::names::runtime_namespace("ns", "shop", "development");
    assert_eq!(
        outputs(&plan),
        json!([
            {"name": "host", "value": format!("{base}.{namespace}")},
            {"name": "password", "secretKeyRef": {"name": format!("{base}-creds"), "key": "password"}},
            {"name": "claim", "value": "pg://x"},
        ])
    );
}

#[rstest]
#[case("Degraded", "ResourcesDegraded")]
#[case("Progressing", "ResourcesProgressing")]
#[case("Unknown", "ResourcesProgressing")]
#[case("Suspended", "ResourcesReady")]
fn a_manifest_without_a_rule_is_as_ready_as_it_is_healthy(#[case] health: &str, #[case] reason: &str) {
    let scene = scene();
    let live = reported(scene.rendered(), health, &json!({"done": true, "url": "pg://x"}));
    assert_eq!(reasons(&scene.run(scene.world().with(&live)))[1], reason);
}

#[test]
fn a_report_on_older_content_counts_neither_for_readiness_nor_for_outputs() {
    let scene = scene();
    let mut live = reported(scene.rendered(), "Healthy", &json!({"done": true, "url": "pg://x"}));
    live.metadata.generation = Some(2);
    let plan = scene.run(scene.world().with(&live));
    assert_eq!(reasons(&plan)[1..3], ["ResourcesProgressing".to_owned(), "OutputResolutionFailed".to_owned()]);
}

#[test]
fn an_output_without_a_value_is_not_given() {
    let scene = scene();
    let live = reported(scene.rendered(), "Healthy", &json!({"done": true, "url": ""}));
    let plan = scene.run(scene.world().with(&live));
    assert_eq!(reasons(&plan)[2], "OutputResolutionFailed");
    assert_eq!(outputs(&plan).as_array().map(Vec::len), Some(2));
}

#[test]
fn somebody_elses_rendered_release_is_left_alone() {
    let scene = scene();
    let mut foreign = scene.rendered();
    foreign.metadata.owner_references = None;
    let plan = scene.run(scene.world().with(&foreign));
    assert_eq!((reasons(&plan)[0].as_str(), plan.effects()), ("ReleaseOwnershipConflict", &[][..]));
}

#[test]
fn what_was_deployed_goes_before_the_binding() {
    let scene = scene();
    let live = scene.rendered();
    let gone = deleting(scene.binding.clone());
    let plan = run(&gone, scene.world().with(&live));
    assert_eq!((plan.effects().len(), plan.waits().len()), (1, 1));
    let plan = run(&gone, scene.world().with(&deleting(live)));
    assert_eq!((plan.effects().len(), plan.waits().len()), (0, 1));
    assert_eq!(run(&gone, scene.world()).removed_finalizers(), [finalizers::RESOURCE_RELEASE_BINDING]);
}

#[rstest]
#[case::by_the_type(RetainPolicy::Retain, None, true)]
#[case::by_the_binding(RetainPolicy::Delete, Some(RetainPolicy::Retain), true)]
#[case::the_binding_wins(RetainPolicy::Retain, Some(RetainPolicy::Delete), false)]
fn what_is_retained_stays(#[case] of_type: RetainPolicy, #[case] own: Option<RetainPolicy>, #[case] stays: bool) {
    let mut scene = scene();
    let live = scene.rendered();
    scene.release.spec.resource_type.spec.retain_policy = of_type;
    scene.binding.spec.retain_policy = own;
    let plan = run(&deleting(scene.binding.clone()), scene.world().with(&live));
    assert_eq!(plan.effects().is_empty(), stays, "{plan}");
    assert_eq!(reasons(&plan), [if stays { "RetainHold" } else { "Finalizing" }]);
    assert_eq!(plan.removed_finalizers().len(), 0);
}
