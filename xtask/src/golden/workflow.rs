//! Workflow cases.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, ensure};
use compiler::Compiler;
use compiler::input::{WorkflowInput, WorkflowMetadata};
use serde_json::{Value, json};

use super::Outcome;
use super::origins::complete;

pub(super) fn run(compiler: &Compiler, case: &Value, origins: bool) -> Result<Outcome> {
    let context = &case["context"];
    let metadata: WorkflowMetadata = serde_json::from_value(context.clone())?;
    let mut input = WorkflowInput {
        workflow_name: case["workflow"]["metadata"]["name"].as_str().unwrap_or_default(),
        workflow_spec: &case["workflow"]["spec"],
        parameters: case["workflowRun"]["spec"]["workflow"].get("parameters"),
        metadata: &metadata,
        secret_store: context["workflowPlane"]["secretStore"].as_str(),
        external_refs: None,
    };
    let refs = match external_refs(compiler, &input, case)? {
        Ok(refs) => refs,
        Err(text) => return Ok(Outcome::Failed { stage: "external-refs", text }),
    };
    input.external_refs = Some(&refs);
    let rendered = match compiler.workflow_run(&input) {
        Ok(rendered) => rendered,
        Err(problems) => return Ok(Outcome::failed(&problems)),
    };
    if origins {
        let (again, told) =
            compiler.workflow_run_with_origins(&input).map_err(|problems| anyhow!("with origins: {problems}"))?;
        ensure!(again == rendered, "the manifests differ when origins are kept");
        let manifests = [&rendered.run, &rendered.applied_run].into_iter();
        complete(&told, manifests.chain(rendered.resources.iter().map(|manifest| &manifest.object)))?;
    }
    let resources: Vec<Value> =
        rendered.resources.iter().map(|manifest| json!({"id": manifest.id, "resource": manifest.object})).collect();
    let mut output = json!({"resource": rendered.run, "resources": resources, "warnings": []});
    if let Some(ttl) = case["workflowRun"]["spec"].get("ttlAfterCompletion") {
        output["ttlAfterCompletion"] = ttl.clone();
    }
    for (field, error, pointer, what) in [
        (
            "runNamespace",
            "runNamespaceError",
            "/metadata/namespace",
            "namespace not found in rendered resource metadata",
        ),
        (
            "serviceAccountName",
            "serviceAccountError",
            "/spec/serviceAccountName",
            "serviceAccountName not found in rendered resource spec",
        ),
    ] {
        match rendered.run.pointer(pointer) {
            Some(value) => output[field] = value.clone(),
            None => output[error] = json!(what),
        }
    }
    if let Some(parameters) = rendered.applied_run.pointer("/spec/arguments/parameters") {
        output["appliedParameters"] = parameters.clone();
    }
    Ok(Outcome::Done(output))
}

/// Resolves external references as a controller would, from the objects at hand.
fn external_refs(
    compiler: &Compiler,
    input: &WorkflowInput<'_>,
    case: &Value,
) -> Result<Result<BTreeMap<String, Value>, String>> {
    if case["workflow"]["spec"].get("externalRefs").is_none() {
        return Ok(Ok(BTreeMap::new()));
    }
    let references = match compiler.workflow_references(input) {
        Ok(references) => references,
        Err(problems) => return Ok(Err(problems.to_string())),
    };
    let known = case["objects"]["secretReferences"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut refs = BTreeMap::new();
    for reference in references {
        let (id, name) = (&reference.id, &reference.name);
        let Some(object) = known.iter().find(|object| object["metadata"]["name"] == name.as_str()) else {
            let namespace = &input.metadata.namespace_name;
            return Ok(Err(format!(
                "failed to resolve externalRef {id:?}: failed to get SecretReference {name:?} in namespace {namespace:?}: secretreferences.openchoreo.dev {name:?} not found"
            )));
        };
        refs.insert(id.clone(), json!({"spec": object["spec"]}));
    }
    Ok(Ok(refs))
}
