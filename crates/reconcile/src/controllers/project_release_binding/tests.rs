//! World in, plan out.

use super::*;
use crate::controllers::testing::{deleting, named, told};
use crate::engine::{Effect, FixedWorld};
use model::{ClusterDataPlane, Environment, ManifestStatus, ReleaseBinding, RenderedReleaseStatus};
use rstest::rstest;
use serde_json::json;

struct Scene {
    binding: ProjectReleaseBinding,
    release: ProjectRelease,
    project: Project,
    environment: Environment,
}

fn scene() -> Scene {
    let mut binding: ProjectReleaseBinding = named("ns", "shop-development");
    binding.spec.owner.project_name = "shop".into();
    binding.spec.environment = "development".into();
    binding.spec.project_release = "shop-1".into();
    let mut release: ProjectRelease = named("ns", "shop-1");
    release.spec = serde_json::from_value(json!({
        "owner": {"projectName": "shop"},
        "projectType": {"kind": "ClusterProjectType", "name": "default", "spec": {"resources": [{
            "id": "namespace",
            "template": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "${metadata.namespace}", "labels": "${metadata.labels}"}},
        }]}},
    }))
    .expect("a release");
    Scene { binding, release, project: named("ns", "shop"), environment: named("ns", "development") }
}

impl Scene {
    fn world(&self) -> FixedWorld {
        World::fixed()
            .with(&self.release)
            .with(&self.project)
            .with(&self.environment)
            .with(&named::<ClusterDataPlane>("", "default"))
    }
}

fn run(binding: &ProjectReleaseBinding, world: FixedWorld) -> Plan {
    ProjectReleaseBindingController::new(Arc::new(Compiler::new())).reconcile(binding, &world.build())
}

fn rendered(scene: &Scene) -> RenderedRelease {
    let plan = run(&scene.binding, scene.world());
    let Some(Effect::Apply { manifest, .. }) = plan.effects().first() else { panic!("nothing is rendered: {plan}") };
    let mut release: RenderedRelease = serde_json::from_value(manifest.clone()).expect("a rendered release");
    release.metadata.generation = Some(1);
    release
}

fn reasons(plan: &Plan) -> Vec<String> {
    let conditions = plan.new_status().expect("a status")["conditions"].as_array().expect("conditions").clone();
    conditions.iter().filter_map(|condition| condition["reason"].as_str()).map(str::to_owned).collect()
}

#[rstest]
#[case::no_pin(|scene: &mut Scene| scene.binding.spec.project_release.clear(), "ProjectReleaseNotSet")]
#[case::no_release(|scene: &mut Scene| scene.binding.spec.project_release = "ghost".into(), "ProjectReleaseNotFound")]
#[case::foreign_release(|scene: &mut Scene| scene.release.spec.owner.project_name = "other".into(), "InvalidReleaseConfiguration")]
#[case::no_environment(|scene: &mut Scene| scene.binding.spec.environment = "ghost".into(), "EnvironmentNotFound")]
#[case::no_namespace(|scene: &mut Scene| scene.release.spec.project_type.spec.resources.clear(), "NamespaceMissing")]
fn what_is_wrong_is_told(#[case] spoil: fn(&mut Scene), #[case] reason: &str) {
    let mut scene = scene();
    spoil(&mut scene);
    let plan = run(&scene.binding, scene.world());
    assert_eq!(reasons(&plan), [reason, "SyncedNotReady", "SyncedNotReady", reason]);
    assert_eq!(plan.effects(), []);
}

#[test]
fn the_namespace_is_named_after_project_and_environment() {
    let release = rendered(&scene());
    assert_eq!(release.name(), names::project_rendered_release("shop", "development"));
    assert_eq!(
        release.spec.resources[0].object.0["metadata"]["name"],
        names::runtime_namespace("ns", "shop", "development")
    );
}

#[test]
fn ready_once_the_plane_shows_the_namespace() {
    let scene = scene();
    let mut release = rendered(&scene);
    let plan = run(&scene.binding, scene.world().with(&release));
    assert_eq!(reasons(&plan), ["ReleaseSynced", "NamespaceProgressing", "ResourcesReady", "NamespaceProgressing"]);
    release.status = Some(RenderedReleaseStatus {
        conditions: vec![told("ResourcesApplied", "True", "ApplySucceeded")],
        resources: vec![ManifestStatus {
            id: "namespace".into(),
            version: "v1".into(),
            kind: "Namespace".into(),
            name: names::runtime_namespace("ns", "shop", "development"),
            health_status: "Healthy".into(),
            ..ManifestStatus::default()
        }],
    });
    let plan = run(&scene.binding, scene.world().with(&release));
    assert_eq!(reasons(&plan), ["ReleaseSynced", "NamespaceReady", "ResourcesReady", "Ready"]);
    release.status.as_mut().expect("a report").conditions.push(told("NetworkPoliciesEnforced", "False", "NotEnforced"));
    let plan = run(&scene.binding, scene.world().with(&release));
    assert_eq!(reasons(&plan), ["ReleaseSynced", "NamespaceReady", "ResourcesReady", "Ready", "NotEnforced"]);
    release.metadata.generation = Some(2);
    let plan = run(&scene.binding, scene.world().with(&release));
    assert_eq!(reasons(&plan)[3], "NamespaceProgressing", "a report on older content does not count");
}

#[test]
fn somebody_elses_rendered_release_is_left_alone() {
    let scene = scene();
    let mut foreign = rendered(&scene);
    foreign.metadata.owner_references = None;
    let plan = run(&scene.binding, scene.world().with(&foreign));
    assert_eq!((reasons(&plan)[0].as_str(), plan.effects()), ("ReleaseOwnershipConflict", &[][..]));
}

#[test]
fn the_namespace_goes_after_the_components_that_are_going() {
    let scene = scene();
    let release = rendered(&scene);
    let mut component: ReleaseBinding = named("ns", "web-development");
    component.spec.owner.project_name = "shop".into();
    component.spec.environment = "development".into();
    let gone = deleting(scene.binding.clone());
    let plan = run(&gone, scene.world().with(&release).with(&deleting(component)));
    assert_eq!((plan.effects(), plan.waits().len()), (&[][..], 1));
    let plan = run(&gone, scene.world().with(&release));
    assert_eq!(plan.effects().len(), 1);
    let plan = run(&gone, scene.world());
    assert_eq!(plan.removed_finalizers(), [finalizers::PROJECT_RELEASE_BINDING]);
}
