//! Objects as users write them and as v1.2 stored them: read into the types, written back, nothing lost.

use std::path::Path;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use model::Kind;
use serde_json::{Map, Value};

use crate::fixtures;

/// Reads an object into its type and writes it back; none if the kind is not ours.
pub(crate) fn through_its_type(object: &Value) -> Option<Result<Value, serde_json::Error>> {
    fn through<K: Kind>(object: &Value) -> Result<Value, serde_json::Error> {
        serde_json::to_value(serde_json::from_value::<K>(object.clone())?)
    }
    macro_rules! dispatch {
        ($($kind:ident),+ $(,)?) => {
            match object["kind"].as_str()? {
                $(stringify!($kind) => Some(through::<model::$kind>(object)),)+
                _ => None,
            }
        };
    }
    if object["apiVersion"] != model::API_VERSION {
        return None;
    }
    dispatch!(
        AuthzRole,
        AuthzRoleBinding,
        ClusterAuthzRole,
        ClusterAuthzRoleBinding,
        ClusterComponentType,
        ClusterDataPlane,
        ClusterObservabilityPlane,
        ClusterProjectType,
        ClusterResourceType,
        ClusterTrait,
        ClusterWorkflow,
        ClusterWorkflowPlane,
        Component,
        ComponentRelease,
        ComponentType,
        DataPlane,
        DeploymentPipeline,
        Environment,
        ObservabilityAlertRule,
        ObservabilityAlertsNotificationChannel,
        ObservabilityPlane,
        Project,
        ProjectRelease,
        ProjectReleaseBinding,
        ProjectType,
        ReleaseBinding,
        RenderedRelease,
        Resource,
        ResourceRelease,
        ResourceReleaseBinding,
        ResourceType,
        SecretReference,
        Trait,
        Workflow,
        WorkflowPlane,
        WorkflowRun,
        Workload,
    )
}

/// Lists what the second value lacks or says otherwise. It may say more (defaults), and leave out what is empty.
fn lost(path: &str, before: &Value, after: &Value, losses: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(before), after) => {
            let nothing = Map::new();
            let after = after.as_object().unwrap_or(&nothing);
            for (key, value) in before {
                lost(&format!("{path}.{key}"), value, after.get(key).unwrap_or(&Value::Null), losses);
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                lost(&format!("{path}[{index}]"), before, after, losses);
            }
        }
        (before, Value::Null) if is_zero(before) => {}
        (before, after) if before == after || same_duration(before, after) => {}
        (before, after) => losses.push(format!("{path}: {before} became {after}")),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(on) => !on,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_zero),
    }
}

fn same_duration(before: &Value, after: &Value) -> bool {
    let parse = |value: &Value| value.as_str().and_then(|text| text.parse::<model::GoDuration>().ok());
    matches!((parse(before), parse(after)), (Some(before), Some(after)) if before == after)
}

fn check(folder: &str, wanted: fn(&Path) -> bool, minimum: usize) {
    let Some(root) = fixtures::root(folder) else { return };
    let mut losses = Vec::new();
    let mut seen = 0;
    let files = fixtures::yaml_files(&root.join(folder));
    for path in files.into_iter().filter(|path| wanted(path)) {
        for mut object in fixtures::documents(&path) {
            fixtures::with_moments(&mut object);
            let objects = match object.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) => items,
                _ => vec![object],
            };
            for object in objects {
                let Some(result) = through_its_type(&object) else { continue };
                let place = format!("{}: {} {}", path.display(), object["kind"], object["metadata"]["name"]);
                match result {
                    Ok(after) => lost(&place, &object, &after, &mut losses),
                    Err(error) => losses.push(format!("{place}: {error}")),
                }
                seen += 1;
            }
        }
    }
    assert!(losses.is_empty(), "{} losses\n{}", losses.len(), losses.join("\n"));
    assert!(seen >= minimum, "only {seen} objects in {folder}");
}

#[test]
fn manifests_of_users_lose_nothing() {
    check("manifests", |_| true, 50);
}

#[test]
fn objects_that_v1_2_stored_lose_nothing() {
    check("golden/runtime", |path| path.ends_with("control-plane.yaml"), 500);
}

#[test]
fn empty_and_absent_are_the_same() {
    let text = r#"{
        "metadata": {"name": "dev"},
        "spec": {"gateway": {}, "isProduction": false},
        "status": {}
    }"#;
    let read: model::Environment = serde_json::from_str(text).expect("environment");
    let expected = model::Environment {
        metadata: ObjectMeta { name: Some("dev".to_owned()), ..ObjectMeta::default() },
        ..model::Environment::default()
    };
    assert_eq!(read, expected);
    assert_eq!(
        serde_json::to_value(&read).expect("json"),
        serde_json::json!({
            "apiVersion": "openchoreo.dev/v1alpha1",
            "kind": "Environment",
            "metadata": {"name": "dev"},
        })
    );
}

#[test]
fn a_missing_spec_reads_as_an_empty_one() {
    let read: model::Project = serde_json::from_str(r#"{"metadata": {"name": "p"}}"#).expect("project");
    assert_eq!(read.spec, model::ProjectSpec::default());
}

#[test]
fn another_kind_is_refused() {
    let text = r#"{"apiVersion": "openchoreo.dev/v1alpha1", "kind": "Component", "metadata": {"name": "p"}}"#;
    let error = serde_json::from_str::<model::Project>(text).expect_err("a component is no project");
    assert_eq!(error.to_string().split(" at line").next(), Some("kind is `Component`, expected `Project`"));
}

#[test]
fn an_unknown_word_is_told_with_the_right_ones() {
    let text = r#"{"spec": {"workflow": {"kind": "Pipeline", "name": "x"}}}"#;
    let error = serde_json::from_str::<model::WorkflowRun>(text).expect_err("no such kind");
    let told = error.to_string();
    assert!(told.starts_with("unknown WorkflowKind `Pipeline`: must be one of Workflow, ClusterWorkflow"), "{told}");
}

#[test]
fn a_pipeline_reference_is_read_from_a_bare_name() {
    let read: model::DeploymentPipelineRef = serde_json::from_str(r#""default""#).expect("reference");
    assert_eq!(
        serde_json::to_value(read).expect("json"),
        serde_json::json!({"kind": "DeploymentPipeline", "name": "default"})
    );
}
