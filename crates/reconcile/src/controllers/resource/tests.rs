//! World in, plan out.

use super::*;
use crate::controllers::testing::{deleting, named};
use crate::engine::Effect;
use model::{
    ClusterResourceType, ResourceRelease, ResourceReleaseBinding, ResourceTypeKind, ResourceTypeRef, RetainPolicy,
};
use serde_json::json;

fn resource() -> Resource {
    let mut resource: Resource = named("ns", "db");
    resource.spec.owner.project_name = "shop".into();
    resource.spec.type_ = ResourceTypeRef { kind: ResourceTypeKind::ClusterResourceType, name: "postgres".into() };
    resource
}

fn ready(plan: &Plan) -> String {
    plan.new_status().expect("a status")["conditions"][0]["reason"].as_str().unwrap_or_default().to_owned()
}

fn cut(resource: &Resource, world: &World) -> ResourceRelease {
    let plan = ResourceController.reconcile(resource, world);
    let Some(Effect::Create { manifest, .. }) = plan.effects().first() else { panic!("nothing is cut: {plan}") };
    assert_eq!(plan.new_status(), None, "what is not there yet is not told");
    serde_json::from_value(manifest.clone()).expect("a release")
}

fn binding(name: &str) -> ResourceReleaseBinding {
    let mut binding: ResourceReleaseBinding = named("ns", name);
    binding.spec.owner.resource_name = "db".into();
    binding
}

fn deletes(plan: &Plan) -> Vec<String> {
    plan.effects().iter().filter_map(Effect::target).map(|object| object.key.name.to_string()).collect()
}

#[test]
fn without_its_type_a_resource_is_not_ready_and_waits_for_it() {
    let plan = ResourceController.reconcile(&resource(), &World::fixed().build());
    assert_eq!((ready(&plan).as_str(), plan.waits().len()), ("ResourceTypeNotFound", 1));
    assert_eq!(plan.added_finalizers(), [finalizers::RESOURCE]);
}

#[test]
fn a_release_is_cut_then_told() {
    let kind: ClusterResourceType = named("", "postgres");
    let release = cut(&resource(), &World::fixed().with(&kind).build());
    assert_eq!((release.spec.owner.project_name.as_str(), release.spec.owner.resource_name.as_str()), ("shop", "db"));
    let plan = ResourceController.reconcile(&resource(), &World::fixed().with(&kind).with(&release).build());
    assert_eq!((ready(&plan).as_str(), plan.effects()), ("Reconciled", &[][..]));
    assert_eq!(plan.new_status().expect("a status")["latestRelease"]["name"], release.name());
}

#[test]
fn other_parameters_are_another_release_and_equal_ones_the_same() {
    let kind: ClusterResourceType = named("", "postgres");
    let world = || World::fixed().with(&kind).build();
    let with = |parameters: serde_json::Value| {
        let mut resource = resource();
        resource.spec.parameters = Some(model::FreeForm(parameters));
        resource
    };
    let one = cut(&with(json!({"a": 1, "b": 2})), &world());
    assert_eq!(one.name(), cut(&with(json!({"b": 2, "a": 1})), &world()).name());
    assert_ne!(one.name(), cut(&with(json!({"a": 1, "b": 3})), &world()).name());
}

#[test]
fn bindings_go_before_releases_and_releases_before_the_resource() {
    let gone = deleting(resource());
    let mut release: ResourceRelease = named("ns", "db-1");
    release.spec.owner.resource_name = "db".into();
    let run = |world: World| ResourceController.reconcile(&gone, &world);
    let plan = run(World::fixed().with(&binding("db-development")).with(&release).build());
    assert_eq!(deletes(&plan), ["db-development"]);
    let plan = run(World::fixed().with(&deleting(binding("db-development"))).with(&release).build());
    assert_eq!((deletes(&plan).len(), plan.waits().len()), (0, 1));
    let plan = run(World::fixed().with(&release).build());
    assert_eq!(deletes(&plan), ["db-1"]);
    assert_eq!(run(World::fixed().build()).removed_finalizers(), [finalizers::RESOURCE]);
}

#[test]
fn what_is_retained_is_left_alone_and_named() {
    let mut kept = binding("db-production");
    kept.spec.retain_policy = Some(RetainPolicy::Retain);
    let world = World::fixed().with(&kept).with(&binding("db-development")).build();
    let plan = ResourceController.reconcile(&deleting(resource()), &world);
    assert_eq!((deletes(&plan), plan.waits().len()), (vec!["db-development".to_owned()], 2));
    let message = plan.new_status().expect("a status")["conditions"][0]["message"].clone();
    assert!(message.as_str().is_some_and(|text| text.contains("db-production retain")), "{message}");
}
