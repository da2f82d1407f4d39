//! Names and words that v1.2 recorded, against ours.

use std::collections::BTreeSet;

use model::{Kind, ProjectReleaseBinding, RenderedRelease, conditions, finalizers, labels, names};
use serde_json::Value;

use crate::fixtures;

fn recorded(test: &str) -> Vec<Value> {
    let Some(root) = fixtures::root(test) else { return Vec::new() };
    let files = fixtures::yaml_files(&root.join("golden/runtime"));
    let files = files.into_iter().filter(|path| path.ends_with("control-plane.yaml"));
    files
        .flat_map(|path| fixtures::documents(&path))
        .map(|mut object| {
            fixtures::with_moments(&mut object);
            object
        })
        .filter(|object| object["apiVersion"] == model::API_VERSION)
        .collect()
}

fn all<K: Kind>(objects: &[Value]) -> impl Iterator<Item = K> {
    objects
        .iter()
        .filter(|object| object["kind"] == K::NAME)
        .map(|object| serde_json::from_value(object.clone()).expect(K::NAME))
}

#[test]
fn rendered_releases_are_named_by_their_owner() {
    let objects = recorded("rendered_releases_are_named_by_their_owner");
    for release in all::<RenderedRelease>(&objects) {
        let (owner, environment) = (&release.spec.owner, &release.spec.environment_name);
        let expected = if !owner.component_name.is_empty() {
            match release.spec.target_plane {
                model::TargetPlane::DataPlane => names::component_rendered_release(&owner.component_name, environment),
                model::TargetPlane::ObservabilityPlane => {
                    names::component_observability_rendered_release(&owner.component_name, environment)
                }
            }
        } else if !owner.resource_name.is_empty() {
            names::resource_rendered_release(&owner.resource_name, environment)
        } else {
            names::project_rendered_release(&owner.project_name, environment)
        };
        assert_eq!(release.name(), expected);
    }
}

#[test]
fn runtime_namespaces_are_named_by_namespace_project_and_environment() {
    let objects = recorded("runtime_namespaces_are_named_by_namespace_project_and_environment");
    for binding in all::<ProjectReleaseBinding>(&objects) {
        let namespace = binding.status.as_ref().map(|status| status.namespace.as_str()).unwrap_or_default();
        if !namespace.is_empty() {
            let spec = &binding.spec;
            assert_eq!(
                namespace,
                names::runtime_namespace(binding.namespace(), &spec.owner.project_name, &spec.environment)
            );
        }
    }
}

#[test]
fn finalizers_and_labels_are_known() {
    let objects = recorded("finalizers_and_labels_are_known");
    let finalizers: BTreeSet<&str> = BTreeSet::from([
        finalizers::PROJECT,
        finalizers::COMPONENT,
        finalizers::RESOURCE,
        finalizers::ENVIRONMENT,
        finalizers::DEPLOYMENT_PIPELINE,
        finalizers::DATA_PLANE,
        finalizers::RENDERED_RELEASE_OBSERVABILITY_PLANE,
        finalizers::CLUSTER_DATA_PLANE,
        finalizers::WORKFLOW_PLANE,
        finalizers::CLUSTER_WORKFLOW_PLANE,
        finalizers::OBSERVABILITY_PLANE,
        finalizers::CLUSTER_OBSERVABILITY_PLANE,
        finalizers::RELEASE_BINDING,
        finalizers::PROJECT_RELEASE_BINDING,
        finalizers::RESOURCE_RELEASE_BINDING,
        finalizers::WORKFLOW_RUN,
        finalizers::ALERT_RULE,
        finalizers::NOTIFICATION_CHANNEL,
    ]);
    for object in &objects {
        for finalizer in object["metadata"]["finalizers"].as_array().into_iter().flatten() {
            let finalizer = finalizer.as_str().expect("finalizer");
            assert!(!finalizer.starts_with("openchoreo.dev/") || finalizers.contains(finalizer), "{finalizer}");
        }
    }
    let component_releases = all::<RenderedRelease>(&objects).filter(|it| !it.spec.owner.component_name.is_empty());
    for release in component_releases {
        let expected = [
            (labels::NAMESPACE, release.namespace()),
            (labels::PROJECT, &release.spec.owner.project_name),
            (labels::COMPONENT, &release.spec.owner.component_name),
            (labels::ENVIRONMENT, &release.spec.environment_name),
        ];
        for (label, value) in expected {
            assert_eq!(release.label(label), Some(value), "{}", release.name());
        }
    }
}

#[test]
fn every_recorded_reason_is_known() {
    use conditions::reasons;
    let objects = recorded("every_recorded_reason_is_known");
    for object in &objects {
        let kind = object["kind"].as_str().expect("kind");
        let known = match kind {
            "Project" => reasons::project::ALL,
            "Component" => reasons::component::ALL,
            "Resource" => reasons::resource::ALL,
            "Environment" => reasons::environment::ALL,
            "DeploymentPipeline" => reasons::deployment_pipeline::ALL,
            "ReleaseBinding" => reasons::release_binding::ALL,
            "ProjectReleaseBinding" => reasons::project_release_binding::ALL,
            "ResourceReleaseBinding" => reasons::resource_release_binding::ALL,
            "RenderedRelease" => reasons::rendered_release::ALL,
            "WorkflowRun" => reasons::workflow_run::ALL,
            "ObservabilityAlertRule" => reasons::alert_rule::ALL,
            plane if plane.ends_with("Plane") => reasons::plane::ALL,
            _ => &[],
        };
        for condition in object["status"]["conditions"].as_array().into_iter().flatten() {
            let reason = condition["reason"].as_str().expect("reason");
            assert!(known.contains(&reason), "{kind}: {}/{reason}", condition["type"]);
        }
    }
}
