//! World in, plan out.

use super::*;
use crate::controllers::testing::{deleting, named};
use crate::engine::{Effect, ObjectRef};
use model::{
    ClusterComponentType, ComponentRelease, ComponentTypeKind, ComponentTypeRef, DeploymentPipeline, EnvironmentRef,
    Project, PromotionPath, Workload,
};
use rstest::rstest;
use serde_json::{Value, json};

struct Scene {
    component: Component,
    component_type: ClusterComponentType,
    workload: Workload,
    project: Project,
    pipeline: DeploymentPipeline,
}

fn scene() -> Scene {
    let mut component: Component = named("ns", "web");
    component.spec.owner.project_name = "shop".into();
    component.spec.component_type =
        ComponentTypeRef { kind: ComponentTypeKind::ClusterComponentType, name: "deployment/service".into() };
    component.spec.auto_deploy = true;
    let mut component_type: ClusterComponentType = named("", "service");
    component_type.spec = serde_json::from_value(json!({
        "workloadType": "deployment",
        "resources": [{"id": "deployment", "template": {"apiVersion": "apps/v1", "kind": "Deployment"}}],
    }))
    .expect("a type");
    let mut workload: Workload = named("ns", "web-workload");
    workload.spec.owner = ComponentOwner { project_name: "shop".into(), component_name: "web".into() };
    workload.spec.container.image = "web:1".into();
    let mut project: Project = named("ns", "shop");
    project.spec.deployment_pipeline_ref.name = "main".into();
    let mut pipeline: DeploymentPipeline = named("ns", "main");
    let environment = |name: &str| EnvironmentRef { name: name.into(), ..EnvironmentRef::default() };
    pipeline.spec.promotion_paths = vec![PromotionPath {
        source_environment_ref: environment("development"),
        target_environment_refs: vec![environment("staging")],
    }];
    Scene { component, component_type, workload, project, pipeline }
}

impl Scene {
    fn world(&self) -> crate::engine::FixedWorld {
        World::fixed().with(&self.component_type).with(&self.workload).with(&self.project).with(&self.pipeline)
    }

    fn plan(&self) -> Plan {
        ComponentController.reconcile(&self.component, &self.world().build())
    }
}

fn ready(plan: &Plan) -> (String, String) {
    let condition = &plan.new_status().expect("a status")["conditions"][0];
    let text = |name: &str| condition[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("reason"))
}

fn created<K: model::Kind>(plan: &Plan) -> Vec<K> {
    plan.effects()
        .iter()
        .filter_map(|effect| match effect {
            Effect::Create { manifest, .. } if manifest["kind"] == K::NAME => {
                serde_json::from_value(manifest.clone()).ok()
            }
            _ => None,
        })
        .collect()
}

#[rstest]
#[case::no_type(|scene: &mut Scene| scene.component.spec.component_type.name = "deployment/ghost".into(), "ComponentTypeNotFound")]
#[case::other_workload_type(|scene: &mut Scene| scene.component.spec.component_type.name = "statefulset/service".into(), "InvalidConfiguration")]
#[case::malformed_type(|scene: &mut Scene| scene.component.spec.component_type.name = "service".into(), "InvalidConfiguration")]
#[case::no_workload(|scene: &mut Scene| scene.workload.spec.owner.component_name = "other".into(), "WorkloadNotFound")]
#[case::no_project(|scene: &mut Scene| scene.component.spec.owner.project_name = "ghost".into(), "WorkloadNotFound")]
#[case::no_pipeline(|scene: &mut Scene| scene.project.spec.deployment_pipeline_ref.name = "ghost".into(), "DeploymentPipelineNotFound")]
#[case::unnamed_pipeline(|scene: &mut Scene| scene.project.spec.deployment_pipeline_ref.name = String::new(), "InvalidConfiguration")]
#[case::empty_pipeline(|scene: &mut Scene| scene.pipeline.spec.promotion_paths.clear(), "InvalidConfiguration")]
#[case::trait_not_allowed(
    |scene: &mut Scene| scene.component.spec.traits = serde_json::from_value(json!([{"name": "x", "instanceName": "x"}])).expect("traits"),
    "InvalidConfiguration"
)]
#[case::no_trait(
    |scene: &mut Scene| {
        scene.component.spec.traits = serde_json::from_value(json!([{"kind": "ClusterTrait", "name": "x", "instanceName": "x"}])).expect("traits");
        scene.component_type.spec.allowed_traits = serde_json::from_value(json!([{"kind": "ClusterTrait", "name": "x"}])).expect("traits");
    },
    "TraitNotFound"
)]
#[case::workflow_not_allowed(
    |scene: &mut Scene| scene.component.spec.workflow = serde_json::from_value(json!({"name": "build"})).expect("a workflow"),
    "WorkflowNotAllowed"
)]
#[case::no_workflow(
    |scene: &mut Scene| {
        scene.component.spec.workflow = serde_json::from_value(json!({"name": "build"})).expect("a workflow");
        scene.component_type.spec.allowed_workflows = serde_json::from_value(json!([{"kind": "ClusterWorkflow", "name": "build"}])).expect("workflows");
    },
    "WorkflowNotFound"
)]
fn what_is_wrong_is_told_and_nothing_is_deployed(#[case] spoil: fn(&mut Scene), #[case] reason: &str) {
    let mut scene = scene();
    spoil(&mut scene);
    let plan = scene.plan();
    assert_eq!(ready(&plan), ("False".to_owned(), reason.to_owned()));
    assert_eq!(plan.effects(), []);
}

#[test]
fn without_auto_deploy_a_good_component_is_only_validated() {
    let mut scene = scene();
    scene.component.spec.auto_deploy = false;
    let plan = scene.plan();
    assert_eq!(ready(&plan), ("True".to_owned(), "Reconciled".to_owned()));
    assert_eq!(plan.effects(), []);
}

#[test]
fn release_then_binding_then_ready() {
    let scene = scene();
    let plan = scene.plan();
    let releases: Vec<ComponentRelease> = created(&plan);
    assert_eq!((releases.len(), plan.new_status()), (1, None));
    let world = scene.world().with(&releases[0]);
    let plan = ComponentController.reconcile(&scene.component, &world.build());
    let bindings: Vec<ReleaseBinding> = created(&plan);
    assert_eq!(bindings.len(), 1);
    assert_eq!(
        (bindings[0].name(), bindings[0].spec.environment.as_str(), bindings[0].spec.release_name.as_str()),
        ("web-development", "development", releases[0].name())
    );
    let world = scene.world().with(&releases[0]).with(&bindings[0]);
    let plan = ComponentController.reconcile(&scene.component, &world.build());
    assert_eq!(ready(&plan), ("True".to_owned(), "ComponentReleaseReady".to_owned()));
    assert_eq!(
        (plan.effects(), &plan.new_status().expect("a status")["latestRelease"]["name"]),
        (&[][..], &json!(releases[0].name()))
    );
}

#[test]
fn a_change_moves_the_binding_to_a_new_release() {
    let mut scene = scene();
    let old: Vec<ComponentRelease> = created(&scene.plan());
    let binding = binding(&scene.component, "web-development", "development", old[0].name());
    scene.workload.spec.container.image = "web:2".into();
    let new: Vec<ComponentRelease> = created(&scene.plan());
    assert_ne!(old[0].name(), new[0].name());
    let world = scene.world().with(&old[0]).with(&new[0]).with(&binding).build();
    let plan = ComponentController.reconcile(&scene.component, &world);
    let Some(Effect::Apply { manifest, .. }) = plan.effects().first() else {
        panic!("the binding stays where it is: {plan}")
    };
    assert_eq!(manifest["spec"], json!({"releaseName": new[0].name()}));
}

#[test]
fn equal_content_keeps_the_name_of_the_latest_release() {
    let mut scene = scene();
    let mut release: ComponentRelease = created(&scene.plan()).remove(0);
    release.metadata.name = Some("web-from-elsewhere".into());
    scene.component.status = Some(ComponentStatus {
        latest_release: Some(LatestComponentRelease { name: "web-from-elsewhere".into(), release_hash: "x".into() }),
        ..ComponentStatus::default()
    });
    let plan = ComponentController.reconcile(&scene.component, &scene.world().with(&release).build());
    assert_eq!(created::<ComponentRelease>(&plan), []);
    assert_eq!(created::<ReleaseBinding>(&plan)[0].spec.release_name, "web-from-elsewhere");
}

#[test]
fn a_taken_name_is_passed_over() {
    let scene = scene();
    let mut other: ComponentRelease = created(&scene.plan()).remove(0);
    let taken = other.name().to_owned();
    other.spec.workload.container.image = "something:else".into();
    let plan = ComponentController.reconcile(&scene.component, &scene.world().with(&other).build());
    assert_ne!(created::<ComponentRelease>(&plan)[0].name(), taken);
}

#[test]
fn a_refused_release_is_told_with_the_servers_words() {
    let scene = scene();
    let failure = Failure {
        action: "create",
        object: ObjectRef::to::<ComponentRelease>(&ClusterId::control_plane(), ("ns", "web-x")),
        reason: FailureReason::Invalid,
        message: "spec.componentProfile.parameters: .replicas is required".into(),
    };
    let plan = ComponentController.reconcile(&scene.component, &scene.world().failure(failure).build());
    let status = plan.new_status().expect("a status");
    assert_eq!(status["conditions"][0]["reason"], "AutoDeployFailed");
    assert!(
        status["conditions"][0]["message"].as_str().is_some_and(|text| text.contains(".replicas is required")),
        "{status}"
    );
}

#[test]
fn a_component_goes_after_everything_that_runs_from_it() {
    let scene = scene();
    let release: ComponentRelease = created(&scene.plan()).remove(0);
    let gone = deleting(scene.component.clone());
    let binding = binding(&scene.component, "web-development", "development", release.name());
    let kinds = |plan: &Plan| {
        plan.effects().iter().filter_map(Effect::target).map(|object| object.gvk.kind.to_string()).collect::<Vec<_>>()
    };
    let plan = ComponentController.reconcile(&gone, &scene.world().with(&release).with(&binding).build());
    assert_eq!((kinds(&plan), plan.removed_finalizers().len()), (vec!["ReleaseBinding".to_owned()], 0));
    let plan = ComponentController.reconcile(&gone, &scene.world().with(&release).build());
    assert_eq!(kinds(&plan), ["ComponentRelease", "Workload"]);
    let plan = ComponentController.reconcile(&gone, &World::fixed().with(&scene.project).build());
    assert_eq!(plan.removed_finalizers(), [finalizers::COMPONENT]);
}

#[test]
fn a_workload_that_appears_later_is_among_what_was_read() {
    let scene = scene();
    let world = World::fixed().with(&scene.component_type).with(&scene.project).with(&scene.pipeline).build();
    let plan = ComponentController.reconcile(&scene.component, &world);
    assert_eq!(ready(&plan).1, "WorkloadNotFound");
    let read: Vec<String> = world.reads().iter().map(|read| format!("{read:?}")).collect();
    assert!(
        read.iter().any(|read| read.contains("Workload") && read.contains("ns/shop/web")),
        "{}",
        json!(read) as Value
    );
}
