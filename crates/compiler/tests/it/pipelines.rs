//! Origins of projects, resources and workflow runs.

use std::collections::BTreeMap;

use compiler::Compiler;
use compiler::input::{
    DataPlane, Environment, ProjectInput, ProjectMetadata, ResourceInput, ResourceMetadata, WorkflowInput,
    WorkflowMetadata,
};
use compiler::origins::{Given, Origins, Writer};
use serde_json::{Value, json};

fn told(origins: &Origins, manifests: &[&Value]) -> String {
    for (at, object) in manifests.iter().enumerate() {
        for (path, origin) in origins.leaves(at, object) {
            assert!(origin.is_some(), "{path:?} has no origin");
        }
    }
    manifests.iter().enumerate().map(|(at, object)| origins.annotated(at, object)).collect::<Vec<_>>().join("---\n")
}

#[test]
fn every_field_of_a_project_says_where_it_came_from() {
    let spec = json!({
        "parameters": {"openAPIV3Schema": {"type": "object", "properties": {
            "team": {"type": "string", "default": "none"},
            "quotas": {"type": "array", "items": {"type": "object"}},
            "limits": {"type": "object", "additionalProperties": {"type": "string"}},
        }}},
        "environmentConfigs": {"openAPIV3Schema": {"type": "object", "properties": {"tier": {"type": "string", "default": "small"}}}},
        "resources": [
            {"id": "namespace", "template": {
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": "${metadata.namespace}", "labels": {"team": "${parameters.team}", "tier": "${environmentConfigs.tier}"}},
            }},
            {"id": "quota", "forEach": "${parameters.quotas}", "var": "quota", "template": {
                "apiVersion": "v1", "kind": "ResourceQuota",
                "metadata": {"name": "${quota.name}", "namespace": "${metadata.namespace}"},
                "spec": {"hard": "${quota.hard}"},
            }},
            {"id": "limit", "forEach": "${parameters.limits}", "var": "limit", "template": {
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "${limit.key}", "namespace": "${metadata.namespace}"},
                "data": {"value": "${limit.value}"},
            }},
        ],
    });
    let parameters = json!({
        "quotas": [{"name": "compute", "hard": {"pods": "10"}}, {"name": "storage", "hard": {"requests.storage": "1Gi"}}],
        "limits": {"cpu": "2"},
    });
    let metadata = ProjectMetadata {
        namespace: "dp-shop-dev".into(),
        project_name: "shop".into(),
        environment_name: "dev".into(),
        ..ProjectMetadata::default()
    };
    let (rendered, origins) = Compiler::new()
        .project_with_origins(&ProjectInput {
            type_name: "team",
            type_spec: &spec,
            parameters: Some(&parameters),
            environment_configs: None,
            environment: &Environment::default(),
            data_plane: &DataPlane::default(),
            metadata: &metadata,
        })
        .unwrap();
    let manifests: Vec<&Value> = rendered.manifests.iter().map(|manifest| &manifest.object).collect();
    insta::assert_snapshot!(told(&origins, &manifests));
    let storage = r#"spec.hard["requests.storage"]"#;
    insta::assert_snapshot!(origins.explain(2, manifests[2], storage).unwrap().sentence, @r#"spec.hard["requests.storage"] is "1Gi": written by ProjectType team, spec.resources[1].template.spec.hard, from ${quota.hard}; parameters.quotas[1].hard["requests.storage"] is a parameter that was given"#);
}

#[test]
fn every_field_of_a_resource_says_where_it_came_from() {
    let spec = json!({
        "parameters": {"openAPIV3Schema": {"type": "object", "properties": {"version": {"type": "string", "default": "17"}, "size": {"type": "string"}}}},
        "resources": [
            {"id": "claim", "template": {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": {"name": "${metadata.name}-data", "namespace": "${metadata.namespace}"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "${has(parameters.size) ? parameters.size : '1Gi'}"}}},
            }},
            {"id": "config", "template": {
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "${metadata.name}", "namespace": "${metadata.namespace}", "labels": "${metadata.labels}"},
                "data": "${oc_merge({'version': parameters.version, 'owner': 'nobody'}, {'owner': metadata.projectName})}",
            }},
        ],
    });
    let metadata = ResourceMetadata {
        name: "orders-dev".into(),
        namespace: "dp".into(),
        project_name: "shop".into(),
        labels: Some(BTreeMap::from([("openchoreo.dev/resource".to_owned(), "orders".to_owned())])),
        ..ResourceMetadata::default()
    };
    let input = ResourceInput {
        type_name: "postgres",
        type_spec: &spec,
        parameters: Some(&json!({"size": "5Gi"})),
        environment_configs: None,
        environment: &Environment::default(),
        data_plane: &DataPlane::default(),
        metadata: &metadata,
    };
    let compiler = Compiler::new();
    let (manifests, origins) = compiler.resource_with_origins(&input).unwrap();
    assert_eq!(compiler.resource(&input).unwrap().manifests().unwrap(), manifests);
    let manifests: Vec<&Value> = manifests.iter().map(|manifest| &manifest.object).collect();
    insta::assert_snapshot!(told(&origins, &manifests));
}

#[test]
fn every_field_of_a_workflow_run_says_where_it_came_from_and_what_became_of_it() {
    let spec = json!({
        "parameters": {"openAPIV3Schema": {"type": "object", "properties": {
            "repository": {"type": "object", "properties": {"url": {"type": "string"}, "depth": {"type": "integer", "default": 1}}},
            "stages": {"type": "array", "items": {"type": "string"}},
            "listed": {"type": "string", "default": "[1, 2]"},
        }}},
        "runTemplate": {
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": {"name": "${metadata.workflowRunName}", "namespace": "${metadata.namespace}"},
            "spec": {
                "extra": "${parameters.listed}",
                "arguments": {"parameters": [
                    {"name": "repository", "value": "${parameters.repository}"},
                    {"name": "stages", "value": "${parameters.stages}"},
                    {"name": "image", "value": {"name": "${metadata.workflowRunName}", "tag": "latest"}},
                    {"name": "depth", "value": "${parameters.repository.depth}"},
                ]},
            },
        },
        "resources": [{"id": "secret", "template": {
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "${metadata.workflowRunName}", "namespace": "elsewhere"},
            "stringData": {"store": "${workflowplane.secretStore}", "token": "${externalRefs.git.spec.token}"},
        }}],
    });
    let metadata = WorkflowMetadata {
        namespace_name: "default".into(),
        workflow_run_name: "run-1".into(),
        ..WorkflowMetadata::default()
    };
    let refs = BTreeMap::from([("git".to_owned(), json!({"spec": {"token": "t"}}))]);
    let input = WorkflowInput {
        workflow_name: "build",
        workflow_spec: &spec,
        parameters: Some(&json!({"repository": {"url": "https://example.com/x.git"}, "stages": ["test", "build"]})),
        metadata: &metadata,
        secret_store: Some("vault"),
        external_refs: Some(&refs),
    };
    let compiler = Compiler::new();
    let (run, origins) = compiler.workflow_run_with_origins(&input).unwrap();
    assert_eq!(compiler.workflow_run(&input).unwrap(), run);
    let manifests = [&run.run, &run.applied_run, &run.resources[0].object];
    insta::assert_snapshot!(told(&origins, &manifests));
    let path = compiler::origins::parse_path("metadata.namespace").unwrap();
    let namespace = origins.of(2, &path).unwrap();
    assert_eq!(namespace.writer, Writer::BuiltIn("namespace of workflow runs"));
    let path = compiler::origins::parse_path("spec.arguments.parameters[0].value").unwrap();
    let repository = origins.of(0, &path).unwrap();
    assert_eq!(repository.made, Some("one text"));
    assert_eq!(repository.reads[0].given, Given::Parameter);
}
