//! World in, plan out.

use super::*;
use crate::controllers::testing::{deleting, named};
use crate::engine::Effect;
use model::{Component, ProjectReleaseBinding, ProjectTypeRef};
use serde_json::Value;

fn project() -> Project {
    let mut project: Project = named("ns", "shop");
    project.spec.type_ = ProjectTypeRef { kind: ProjectTypeKind::ClusterProjectType, name: "default".into() };
    project
}

fn reason(plan: &Plan, kind: &str) -> Option<String> {
    let conditions = plan.new_status()?["conditions"].as_array()?.clone();
    conditions.iter().find(|condition| condition["type"] == kind)?["reason"].as_str().map(str::to_owned)
}

fn created(plan: &Plan) -> Vec<Value> {
    plan.effects()
        .iter()
        .filter_map(|effect| match effect {
            Effect::Create { manifest, .. } => Some(manifest.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn without_its_type_a_project_is_not_ready_and_waits_for_it() {
    let plan = ProjectController.reconcile(&project(), &World::fixed().build());
    assert_eq!(reason(&plan, "Ready").as_deref(), Some("ProjectTypeNotFound"));
    assert_eq!(plan.waits().len(), 1);
}

#[test]
fn a_release_is_cut_then_seeded_then_told() {
    let kind: ClusterProjectType = named("", "default");
    let mut binding: ProjectReleaseBinding = named("ns", "shop-development");
    binding.spec.owner.project_name = "shop".into();
    let world = World::fixed().with(&kind).with(&binding);
    let plan = ProjectController.reconcile(&project(), &world.build());
    let releases = created(&plan);
    assert_eq!(releases.len(), 1);
    assert_eq!(plan.new_status(), None, "what is not there yet is not told");

    let release: ProjectRelease = serde_json::from_value(releases[0].clone()).expect("a release");
    let world = World::fixed().with(&kind).with(&binding).with(&release).build();
    let plan = ProjectController.reconcile(&project(), &world);
    let Some(Effect::Apply { manifest, .. }) = plan.effects().first() else { panic!("no pin: {plan}") };
    assert_eq!(manifest["spec"]["projectRelease"], release.name());
    assert_eq!(reason(&plan, "Ready").as_deref(), Some("Reconciled"));
    assert_eq!(plan.new_status().expect("a status")["latestRelease"]["name"], release.name());
}

#[test]
fn a_pinned_binding_is_left_alone() {
    let kind: ClusterProjectType = named("", "default");
    let mut binding: ProjectReleaseBinding = named("ns", "shop-development");
    binding.spec.owner.project_name = "shop".into();
    binding.spec.project_release = "shop-older".into();
    let cut = created(&ProjectController.reconcile(&project(), &World::fixed().with(&kind).build()));
    let release: ProjectRelease = serde_json::from_value(cut[0].clone()).expect("a release");
    let plan =
        ProjectController.reconcile(&project(), &World::fixed().with(&kind).with(&binding).with(&release).build());
    assert_eq!(plan.effects(), []);
}

#[test]
fn namespaces_go_after_components() {
    let mut component: Component = named("ns", "web");
    component.spec.owner.project_name = "shop".into();
    let mut binding: ProjectReleaseBinding = named("ns", "shop-development");
    binding.spec.owner.project_name = "shop".into();
    let gone = deleting(project());
    let deletes = |world: World| {
        ProjectController
            .reconcile(&gone, &world)
            .effects()
            .iter()
            .filter_map(Effect::target)
            .map(|object| object.gvk.kind.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(deletes(World::fixed().with(&component).with(&binding).build()), ["Component"]);
    assert_eq!(deletes(World::fixed().with(&binding).build()), ["ProjectReleaseBinding"]);
    let plan = ProjectController.reconcile(&gone, &World::fixed().build());
    assert_eq!(plan.removed_finalizers(), [finalizers::PROJECT]);
}
