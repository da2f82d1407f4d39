//! World in, plan out.

use super::*;
use crate::controllers::testing::{deleting, named, told};
use crate::engine::{Effect, FixedWorld};
use model::{
    ClusterDataPlane, Component, ComponentRelease, EndpointUrl, EndpointUrlStatus, Environment, ManifestStatus,
    Project, ReleaseBindingStatus, RenderedRelease, RenderedReleaseStatus, SecretReference,
};
use rstest::rstest;
use serde_json::{Value, json};

struct Scene {
    binding: ReleaseBinding,
    release: ComponentRelease,
    component: Component,
    project: Project,
    environment: Environment,
    plane: ClusterDataPlane,
}

fn scene() -> Scene {
    let mut binding: ReleaseBinding = named("ns", "web-development");
    binding.spec = serde_json::from_value(json!({
        "owner": {"projectName": "shop", "componentName": "web"}, "environment": "development", "releaseName": "web-1",
    }))
    .expect("a binding");
    let mut release: ComponentRelease = named("ns", "web-1");
    release.spec = serde_json::from_value(json!({
        "owner": {"projectName": "shop", "componentName": "web"},
        "componentType": {"kind": "ClusterComponentType", "name": "deployment/service", "spec": {
            "workloadType": "deployment",
            "resources": [
                {"id": "deployment", "template": {
                    "apiVersion": "apps/v1", "kind": "Deployment",
                    "metadata": {"name": "${metadata.name}", "namespace": "${metadata.namespace}"},
                    "spec": {"template": {"spec": {"containers": [{"name": "main", "image": "${workload.container.image}", "env": "${dependencies.toContainerEnvs()}"}]}}},
                }},
                {"id": "service", "template": {
                    "apiVersion": "v1", "kind": "Service",
                    "metadata": {"name": "${metadata.componentName}", "namespace": "${metadata.namespace}"},
                    "spec": {"ports": "${workload.toServicePorts()}"},
                }},
                {"id": "route", "template": {
                    "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
                    "metadata": {
                        "name": "web", "namespace": "${metadata.namespace}",
                        "labels": {"openchoreo.dev/endpoint-name": "http", "openchoreo.dev/endpoint-visibility": "external"},
                    },
                    "spec": {"hostnames": ["web.example"], "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/web"}}]}]},
                }},
            ],
        }},
        "workload": {
            "container": {"image": "web:1"},
            "endpoints": {"http": {"type": "HTTP", "port": 8080, "visibility": ["external"]}},
        },
    }))
    .expect("a release");
    let mut component: Component = named("ns", "web");
    component.spec = serde_json::from_value(json!({
        "owner": {"projectName": "shop"}, "componentType": {"kind": "ClusterComponentType", "name": "deployment/service"},
    }))
    .expect("a component");
    let mut plane: ClusterDataPlane = named("", "default");
    plane.spec = serde_json::from_value(json!({
        "planeID": "default",
        "clusterAgent": {"clientCA": {"value": "ca"}},
        "gateway": {"ingress": {"external": {"name": "gw", "namespace": "gws", "http": {"port": 19080, "host": "example"}}}},
    }))
    .expect("a plane");
    Scene { binding, release, component, project: named("ns", "shop"), environment: named("ns", "development"), plane }
}

impl Scene {
    fn world(&self) -> FixedWorld {
        World::fixed()
            .with(&self.release)
            .with(&self.component)
            .with(&self.project)
            .with(&self.environment)
            .with(&self.plane)
    }

    fn needing(connection: &Value) -> Scene {
        let mut scene = scene();
        scene.release.spec.workload.dependencies =
            Some(serde_json::from_value(json!({"endpoints": [connection]})).expect("dependencies"));
        scene
    }
}

fn run(binding: &ReleaseBinding, world: FixedWorld) -> Plan {
    ReleaseBindingController::new(Arc::new(Compiler::new())).reconcile(binding, &world.build())
}

fn rendered(plan: &Plan) -> RenderedRelease {
    let Some(Effect::Apply { manifest, .. }) = plan.effects().first() else { panic!("nothing is rendered: {plan}") };
    let mut release: RenderedRelease = serde_json::from_value(manifest.clone()).expect("a rendered release");
    release.metadata.generation = Some(1);
    release
}

fn condition(plan: &Plan, kind: &str) -> (String, String) {
    let status = plan.new_status().unwrap_or_else(|| panic!("no status: {plan}"));
    let conditions = status["conditions"].as_array().expect("conditions");
    let found = conditions.iter().find(|condition| condition["type"] == kind).unwrap_or(&Value::Null);
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    (text("reason"), text("message"))
}

fn reported(mut release: RenderedRelease, health: &str) -> RenderedRelease {
    let entry = |kind: &str, name: &str, health: &str| ManifestStatus {
        id: format!("{}-{name}", kind.to_lowercase()),
        version: "v1".into(),
        kind: kind.into(),
        name: name.into(),
        health_status: health.into(),
        ..ManifestStatus::default()
    };
    release.status = Some(RenderedReleaseStatus {
        conditions: vec![told("ResourcesApplied", "True", "ApplySucceeded")],
        resources: vec![entry("Deployment", "web-development", health), entry("Service", "web", "Healthy")],
    });
    release
}

#[rstest]
#[case::no_pin(|scene: &mut Scene| scene.binding.spec.release_name.clear(), "ComponentReleaseNotFound")]
#[case::no_release(|scene: &mut Scene| scene.binding.spec.release_name = "ghost".into(), "ComponentReleaseNotFound")]
#[case::foreign_release(|scene: &mut Scene| scene.release.spec.owner.component_name = "other".into(), "InvalidReleaseConfiguration")]
#[case::empty_type(|scene: &mut Scene| scene.release.spec.component_type.spec.resources.clear(), "InvalidReleaseConfiguration")]
#[case::no_environment(|scene: &mut Scene| scene.binding.spec.environment = "ghost".into(), "EnvironmentNotFound")]
#[case::no_plane(|scene: &mut Scene| scene.plane.metadata.name = Some("other".into()), "DataPlaneNotFound")]
#[case::no_component(|scene: &mut Scene| scene.component.metadata.name = Some("other".into()), "ComponentNotFound")]
#[case::no_project(|scene: &mut Scene| scene.project.metadata.name = Some("other".into()), "ProjectNotFound")]
#[case::no_secret(
    |scene: &mut Scene| scene.release.spec.workload.container.env = serde_json::from_value(json!([
        {"key": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "ghost", "key": "token"}}},
    ])).expect("env"),
    "RenderingFailed"
)]
#[case::broken_template(
    |scene: &mut Scene| scene.release.spec.component_type.spec.resources[0].include_when = "${nothing.here}".into(),
    "RenderingFailed"
)]
fn what_is_wrong_is_told_and_nothing_is_written(#[case] spoil: fn(&mut Scene), #[case] reason: &str) {
    let mut scene = scene();
    spoil(&mut scene);
    let plan = run(&scene.binding, scene.world());
    assert_eq!((condition(&plan, "ReleaseSynced").0.as_str(), condition(&plan, "Ready").0.as_str()), (reason, reason));
    assert_eq!(plan.effects(), []);
}

#[test]
fn a_missing_secret_key_is_named() {
    let mut scene = scene();
    scene.release.spec.workload.container.env = serde_json::from_value(json!([
        {"key": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "github", "key": "token"}}},
    ]))
    .expect("env");
    let plan = run(&scene.binding, scene.world().with(&named::<SecretReference>("ns", "github")));
    assert!(condition(&plan, "Ready").1.contains("\"github\" has no key \"token\""), "{plan}");
    assert_eq!(plan.new_status().expect("a status")["secretReferenceNames"], json!(["github"]));
}

#[test]
fn written_then_told_then_ready() {
    let scene = scene();
    let plan = run(&scene.binding, scene.world());
    assert_eq!(plan.new_status(), None, "what is not there yet is not told");
    let release = rendered(&plan);
    assert_eq!(release.name(), "web-development");
    let plan = run(&scene.binding, scene.world().with(&release));
    assert_eq!((plan.effects(), plan.new_status()), (&[][..], None), "nor what the plane has not reported yet");
    let mut told_before = scene.binding.clone();
    told_before.status = Some(ReleaseBindingStatus::default());
    let plan = run(&told_before, scene.world().with(&release));
    assert_eq!((plan.effects(), condition(&plan, "Ready").0.as_str()), (&[][..], "ResourcesProgressing"));
    let plan = run(&scene.binding, scene.world().with(&reported(release.clone(), "Progressing")));
    assert!(condition(&plan, "ResourcesReady").1.ends_with("is progressing"), "{plan}");
    let plan = run(&scene.binding, scene.world().with(&reported(release, "Healthy")));
    assert_eq!(condition(&plan, "Ready").0, "Ready");
}

#[test]
fn policies_that_the_plane_does_not_enforce_are_warned_of_and_keep_nothing_from_being_ready() {
    let scene = scene();
    let mut release = reported(rendered(&run(&scene.binding, scene.world())), "Healthy");
    let mut warning = told("NetworkPoliciesEnforced", "False", "NotEnforced");
    warning.message = "NetworkPolicy own: not enforced at all: no filter".into();
    release.status.as_mut().expect("a report").conditions.push(warning);
    let plan = run(&scene.binding, scene.world().with(&release));
    let expected = ("NotEnforced".into(), "NetworkPolicy own: not enforced at all: no filter".into());
    assert_eq!(condition(&plan, "NetworkPoliciesEnforced"), expected);
    assert_eq!(condition(&plan, "Ready").0, "Ready");
    release.metadata.generation = Some(2);
    let plan = run(&scene.binding, scene.world().with(&release));
    assert_eq!(condition(&plan, "NetworkPoliciesEnforced").0, "", "it was told of older content");
}

#[test]
fn a_report_on_older_manifests_is_not_told_of_the_new_ones() {
    let scene = scene();
    let mut release = reported(rendered(&run(&scene.binding, scene.world())), "Healthy");
    release.metadata.generation = Some(2);
    let plan = run(&scene.binding, scene.world().with(&release));
    assert_eq!(condition(&plan, "Ready").0, "ResourcesProgressing");
}

#[test]
fn addresses_come_from_routes_services_and_the_gateway() {
    let scene = scene();
    let release = reported(rendered(&run(&scene.binding, scene.world())), "Healthy");
    let plan = run(&scene.binding, scene.world().with(&release));
    let namespace = names::runtime_namespace("ns", "shop", "development");
    assert_eq!(
        plan.new_status().expect("a status")["endpoints"],
        json!([{
            "name": "http",
            "type": "HTTP",
            "externalURLs": {"http": {"scheme": "http", "host": "web.example", "port": 19080, "path": "/web"}},
            "serviceURL": {"scheme": "http", "host": format!("web.{namespace}.svc.cluster.local"), "port": 8080},
        }])
    );
}

#[test]
fn a_pod_that_cannot_get_its_image_is_named() {
    let mut scene = scene();
    scene.component.metadata.uid = Some("uid-web".into());
    let release = reported(rendered(&run(&scene.binding, scene.world())), "Progressing");
    let cluster = ClusterId::cluster_plane("ClusterDataPlane", "default");
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web-x", "namespace": "dp", "labels": {
            "openchoreo.dev/component-uid": "uid-web", "openchoreo.dev/environment-uid": "uid-development",
        }},
        "status": {"containerStatuses": [{"image": "web:1", "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}]},
    });
    let plan = run(&scene.binding, scene.world().with(&release).plane(&cluster).with_manifest(&cluster, &pod));
    let message = condition(&plan, "Ready").1;
    assert!(message.ends_with("is progressing: pod web-x: ErrImagePull web:1: not found"), "{message}");
}

#[test]
fn a_dependency_is_waited_for_and_then_given_to_the_program() {
    let scene = Scene::needing(
        &json!({"component": "api", "name": "http", "visibility": "project", "envBindings": {"address": "API_URL"}}),
    );
    let plan = run(&scene.binding, scene.world());
    assert_eq!((plan.effects(), condition(&plan, "Ready").0.as_str()), (&[][..], "ConnectionsPending"));
    assert_eq!(
        plan.new_status().expect("a status")["pendingConnections"][0]["reason"],
        "ReleaseBinding not found for component shop/api"
    );

    let mut provider: ReleaseBinding = named("ns", "api-development");
    provider.spec = serde_json::from_value(json!({
        "owner": {"projectName": "shop", "componentName": "api"}, "environment": "development", "releaseName": "api-1",
    }))
    .expect("a binding");
    provider.status = Some(ReleaseBindingStatus {
        endpoints: vec![EndpointUrlStatus {
            name: "http".into(),
            service_url: Some(EndpointUrl {
                scheme: "http".into(),
                host: "api.dp".into(),
                port: Some(80),
                path: "/v1".into(),
            }),
            ..EndpointUrlStatus::default()
        }],
        ..ReleaseBindingStatus::default()
    });
    let plan = run(&scene.binding, scene.world().with(&provider));
    let release = rendered(&plan);
    let deployment =
        release.spec.resources.iter().find(|entry| entry.object.0["kind"] == "Deployment").expect("a deployment");
    assert_eq!(
        deployment.object.0.pointer("/spec/template/spec/containers/0/env"),
        Some(&json!([{"name": "API_URL", "value": "http://api.dp:80/v1"}]))
    );
    let plan = run(&scene.binding, scene.world().with(&provider).with(&reported(release.clone(), "Healthy")));
    assert_eq!(condition(&plan, "ConnectionsResolved").0, "AllConnectionsResolved");

    provider.spec.state = BindingState::Undeploy;
    let plan = run(&scene.binding, scene.world().with(&provider).with(&reported(release, "Healthy")));
    assert_eq!(
        (plan.effects(), condition(&plan, "Ready").0.as_str()),
        (&[][..], "ConnectionsPending"),
        "what runs is left as it is"
    );
}

#[test]
fn outputs_of_a_resource_are_waited_for_and_then_given_to_the_program() {
    let mut scene = scene();
    scene.release.spec.workload.dependencies = serde_json::from_value(json!({
        "resources": [{"ref": "db", "envBindings": {"host": "DB_HOST", "password": "DB_PASSWORD"}}],
    }))
    .expect("dependencies");
    let pending =
        |plan: &Plan| plan.new_status().expect("a status")["pendingResourceDependencies"][0]["reason"].clone();
    let plan = run(&scene.binding, scene.world());
    assert_eq!((plan.effects(), condition(&plan, "Ready").0.as_str()), (&[][..], "ResourceDependenciesPending"));
    assert_eq!(pending(&plan), "ResourceReleaseBinding not found for shop/db in environment development");
    assert_eq!(plan.waits()[0].object.to_string(), "ResourceReleaseBinding ns/db-development");

    let mut provider: model::ResourceReleaseBinding = named("ns", "db-development");
    provider.spec = serde_json::from_value(json!({
        "owner": {"projectName": "shop", "resourceName": "db"}, "environment": "development", "resourceRelease": "db-1",
    }))
    .expect("a binding");
    provider.status = serde_json::from_value(json!({
        "conditions": [told("Ready", "True", "Ready")],
        "outputs": [
            {"name": "host", "value": "db.dp"},
            {"name": "password", "secretKeyRef": {"name": "db-creds", "key": "password"}},
        ],
    }))
    .expect("a status");
    let plan = run(&scene.binding, scene.world().with(&provider));
    let release = rendered(&plan);
    let deployment =
        release.spec.resources.iter().find(|entry| entry.object.0["kind"] == "Deployment").expect("a deployment");
    assert_eq!(
        deployment.object.0.pointer("/spec/template/spec/containers/0/env"),
        Some(&json!([
            {"name": "DB_HOST", "value": "db.dp"},
            {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db-creds", "key": "password"}}},
        ]))
    );
    let plan = run(&scene.binding, scene.world().with(&provider).with(&reported(release.clone(), "Healthy")));
    assert_eq!(condition(&plan, "ResourceDependenciesReady").0, "AllResourceDependenciesReady");

    provider.metadata.generation = Some(2);
    let plan = run(&scene.binding, scene.world().with(&provider).with(&reported(release.clone(), "Healthy")));
    assert_eq!(
        (plan.effects(), pending(&plan)),
        (&[][..], json!("ResourceReleaseBinding \"db-development\" not ready"))
    );
    let plan = run(&scene.binding, scene.world().with(&reported(release, "Healthy")));
    assert_eq!(plan.effects(), [], "what runs is left as it is");
}

#[test]
fn undeploying_removes_what_runs_and_keeps_the_binding() {
    let mut scene = scene();
    let release = rendered(&run(&scene.binding, scene.world()));
    scene.binding.spec.state = BindingState::Undeploy;
    let plan = run(&scene.binding, scene.world().with(&release));
    assert_eq!(
        (plan.effects()[0].verb(), condition(&plan, "Ready")),
        ("delete", ("ResourcesUndeployed".into(), "Resources being undeployed".into()))
    );
    // Even when the release that it was made from is gone.
    let plan = run(&scene.binding, World::fixed());
    assert_eq!(condition(&plan, "Ready").1, "Resources undeployed");
}

#[test]
fn a_binding_goes_when_what_runs_for_it_is_gone() {
    let scene = scene();
    let release = rendered(&run(&scene.binding, scene.world()));
    let gone = deleting(scene.binding.clone());
    let plan = run(&gone, scene.world().with(&release));
    assert_eq!((plan.effects().len(), plan.removed_finalizers().len()), (1, 0));
    let plan = run(&gone, World::fixed());
    assert_eq!(plan.removed_finalizers(), [finalizers::RELEASE_BINDING]);
}

#[test]
fn somebody_elses_rendered_release_is_left_alone() {
    let scene = scene();
    let mut foreign = rendered(&run(&scene.binding, scene.world()));
    foreign.metadata.owner_references = None;
    let plan = run(&scene.binding, scene.world().with(&foreign));
    assert_eq!((condition(&plan, "Ready").0.as_str(), plan.effects()), ("ReleaseOwnershipConflict", &[][..]));
}
