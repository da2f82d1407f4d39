//! What the server adds to an object, and what it checks beside the schema.

use super::draft::Draft;
use super::{Resource, fetch};
use crate::problem::Problem;
use crate::serving::App;
use http::StatusCode;
use kube::core::DynamicObject;
use serde_json::{Value, json};

/// The field manager of writes through this API.
pub(super) const MANAGER: &str = "openchoreo-api";

const PROJECT_LABEL: &str = "openchoreo.dev/project";
const COMPONENT_LABEL: &str = "openchoreo.dev/component";
const RESOURCE_LABEL: &str = "openchoreo.dev/resource";

/// Fills in defaults and labels, and checks references that must exist already.
pub(super) async fn on_create(
    app: &App,
    resource: &Resource,
    namespace: Option<&str>,
    draft: &mut Draft,
) -> Result<(), Problem> {
    fill(resource, draft);
    match resource.kind() {
        "Component" | "Resource" => {
            let project = draft.text("/owner/projectName").unwrap_or_default().to_owned();
            must_exist(app, "Project", namespace, &project, "Referenced project not found").await?;
        }
        "Workload" | "ReleaseBinding" => {
            let component = draft.text("/owner/componentName").unwrap_or_default().to_owned();
            let found = must_exist(app, "Component", namespace, &component, "Referenced component not found").await?;
            let project = draft.text("/owner/projectName").unwrap_or_default();
            let owner = found.data.pointer("/spec/owner/projectName").and_then(Value::as_str).unwrap_or_default();
            if project != owner {
                return Err(Problem::bad_request(format!(
                    "spec.owner.projectName: component {component:?} belongs to project {owner:?}, not to {project:?}"
                )));
            }
        }
        "Environment" if draft.spec.as_ref().is_none_or(|spec| spec.get("dataPlaneRef").is_none()) => {
            let own = find(app, "DataPlane", namespace, "default").await?;
            if own.is_none() && find(app, "ClusterDataPlane", None, "default").await?.is_none() {
                return Err(Problem::bad_request(
                    "DataPlane not found: spec.dataPlaneRef is not set and there is neither a DataPlane nor a ClusterDataPlane called default",
                ));
            }
        }
        _ => {}
    }
    Ok(())
}

/// Whether a body that names another namespace than the path is refused; elsewhere the path wins.
pub(super) fn refuses_other_namespaces(resource: &Resource) -> bool {
    matches!(resource.kind(), "Component" | "ReleaseBinding")
}

/// Keeps what may not change, and sets the server's labels again.
pub(super) fn on_update(resource: &Resource, live: &DynamicObject, draft: &mut Draft) -> Result<(), Problem> {
    fill(resource, draft);
    if resource.kind() == "ProjectReleaseBinding" {
        keep_pin(live, draft);
    }
    if matches!(resource.kind(), "Component" | "Resource") {
        let before = live.data.pointer("/spec/owner/projectName").and_then(Value::as_str);
        let after = draft.text("/owner/projectName");
        if before != after {
            return Err(Problem::bad_request(
                "spec.owner.projectName is immutable: create a new object in the other project",
            ));
        }
    }
    Ok(())
}

fn fill(resource: &Resource, draft: &mut Draft) {
    if resource.kind() == "Project" {
        let spec = draft.spec.get_or_insert_with(|| json!({}));
        if let Value::Object(spec) = spec {
            spec.entry("deploymentPipelineRef")
                .or_insert_with(|| json!({"kind": "DeploymentPipeline", "name": "default"}));
            spec.entry("type").or_insert_with(|| json!({"kind": "ClusterProjectType", "name": "default"}));
        }
    }
    let owned: &[(&str, &str)] = match resource.kind() {
        "Component" | "Resource" | "ProjectReleaseBinding" => &[("/owner/projectName", PROJECT_LABEL)],
        "Workload" | "ReleaseBinding" => {
            &[("/owner/projectName", PROJECT_LABEL), ("/owner/componentName", COMPONENT_LABEL)]
        }
        "ResourceReleaseBinding" => &[("/owner/projectName", PROJECT_LABEL), ("/owner/resourceName", RESOURCE_LABEL)],
        _ => &[],
    };
    for (pointer, label) in owned {
        if let Some(value) = draft.text(pointer).filter(|value| !value.is_empty()).map(str::to_owned) {
            draft.label(label, &value);
        }
    }
}

/// Which release a binding is at is chosen by whoever promotes it, or by the controller at first: a manifest that does
/// not speak of it must not move it. An empty text lets it be chosen anew.
fn keep_pin(live: &DynamicObject, draft: &mut Draft) {
    let Some(pin) = live.data.pointer("/spec/projectRelease") else { return };
    if let Some(Value::Object(spec)) = &mut draft.spec
        && spec.get("projectRelease").is_none_or(Value::is_null)
    {
        spec.insert("projectRelease".into(), pin.clone());
    }
}

async fn must_exist(
    app: &App,
    kind: &str,
    namespace: Option<&str>,
    name: &str,
    otherwise: &str,
) -> Result<DynamicObject, Problem> {
    match find(app, kind, namespace, name).await? {
        Some(object) => Ok(object),
        None => Err(Problem::bad_request(otherwise)),
    }
}

async fn find(app: &App, kind: &str, namespace: Option<&str>, name: &str) -> Result<Option<DynamicObject>, Problem> {
    let Some(resource) = Resource::of(kind) else { return Ok(None) };
    if name.is_empty() {
        return Ok(None);
    }
    match fetch(app, resource, namespace, name).await {
        Ok(object) => Ok(Some(object)),
        Err(problem) if problem.status == StatusCode::NOT_FOUND => Ok(None),
        Err(problem) => Err(problem),
    }
}
