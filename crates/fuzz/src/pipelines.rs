//! Projects, resources and workflow runs compiled, and objects judged as they are stored.

use std::collections::BTreeMap;

use compiler::input::{
    DataPlane, Environment, Observed, ProjectInput, ProjectMetadata, ResourceInput, ResourceMetadata, WorkflowInput,
    WorkflowMetadata,
};
use compiler::origins::{Origins, parse_path};
use compiler::{Compiler, admission};
use serde_json::Value;

/// Every word on where the fields of manifests come from.
pub(crate) fn tell<'m>(origins: &Origins, manifests: impl Iterator<Item = &'m Value>) {
    for (at, object) in manifests.enumerate() {
        let notes = origins.annotated(at, object);
        assert_eq!(origins.annotated(at, object), notes, "told twice");
        for (path, origin) in origins.leaves(at, object) {
            assert!(origin.is_some(), "no origin of {path:?}");
        }
    }
}

/// Compiles a spec as a project's, a resource's and a workflow run's, with what is observed and what is referred to.
pub(crate) fn pipelines(input: &[u8]) {
    let Ok(input) = serde_json::from_slice::<Value>(input) else { return };
    let compiler = Compiler::new();
    let (environment, data_plane) = (Environment::default(), DataPlane::stand_in());
    let (parameters, configs) = (input.get("parameters"), input.get("environmentConfigs"));

    let metadata = ProjectMetadata { namespace: "dp-shop".into(), ..ProjectMetadata::default() };
    let project = ProjectInput {
        type_name: "x",
        type_spec: &input["spec"],
        parameters,
        environment_configs: configs,
        environment: &environment,
        data_plane: &data_plane,
        metadata: &metadata,
    };
    let first = compiler.project(&project);
    assert_eq!(compiler.project(&project), first, "a project compiled twice");
    if let Ok((rendered, origins)) = compiler.project_with_origins(&project) {
        tell(&origins, rendered.manifests.iter().map(|manifest| &manifest.object));
    }

    let metadata = ResourceMetadata::stand_in("default", "shop", "db", "development");
    let resource = ResourceInput {
        type_name: "x",
        type_spec: &input["spec"],
        parameters,
        environment_configs: configs,
        environment: &environment,
        data_plane: &data_plane,
        metadata: &metadata,
    };
    if let Ok(bound) = compiler.resource(&resource) {
        let manifests = bound.manifests().unwrap_or_default();
        let status = input.get("status");
        let observed: Vec<Observed<'_>> =
            manifests.iter().map(|manifest| Observed { id: &manifest.id, status }).collect();
        let outputs = bound.outputs(&observed);
        assert_eq!(bound.outputs(&observed), outputs, "outputs told twice");
        for manifest in &manifests {
            let _ = bound.is_ready(&manifest.id, &observed);
        }
    }
    if let Ok((manifests, origins)) = compiler.resource_with_origins(&resource) {
        tell(&origins, manifests.iter().map(|manifest| &manifest.object));
    }

    let metadata = WorkflowMetadata {
        namespace_name: "default".into(),
        workflow_run_name: "run".into(),
        ..WorkflowMetadata::default()
    };
    let references: Option<BTreeMap<String, Value>> =
        input["externalRefs"].as_object().map(|refs| refs.clone().into_iter().collect());
    let run = WorkflowInput {
        workflow_name: "x",
        workflow_spec: &input["spec"],
        parameters,
        metadata: &metadata,
        secret_store: Some("store"),
        external_refs: references.as_ref(),
    };
    let _ = compiler.workflow_references(&run);
    let first = compiler.workflow_run(&run);
    assert_eq!(compiler.workflow_run(&run), first, "a run compiled twice");
    if let Ok((rendered, origins)) = compiler.workflow_run_with_origins(&run) {
        tell(&origins, std::iter::once(&rendered.run));
    }
    if let Some(path) = input["path"].as_str() {
        let _ = parse_path(path);
    }
}

const KINDS: [&str; 14] = [
    "Component",
    "ComponentRelease",
    "ResourceRelease",
    "AuthzRoleBinding",
    "ClusterAuthzRoleBinding",
    "ComponentType",
    "ClusterComponentType",
    "Trait",
    "ProjectType",
    "ResourceType",
    "Workflow",
    "ClusterWorkflow",
    "Project",
    "ReleaseBinding",
];

/// Completes and judges an object as each kind that has rules, new and changed.
pub(crate) fn admission(input: &[u8]) {
    let Ok(input) = serde_json::from_slice::<Value>(input) else { return };
    for kind in KINDS {
        for old in [None, Some(&input["old"])] {
            let mut object = input["object"].clone();
            admission::complete(kind, old, &mut object);
            let once = object.clone();
            admission::complete(kind, old, &mut object);
            assert_eq!(object, once, "{kind} completed twice");
            let verdict = admission::judge(kind, old, &object);
            assert_eq!(admission::judge(kind, old, &object), verdict, "{kind} judged twice");
        }
    }
}
