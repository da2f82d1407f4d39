//! Resource cases.

use anyhow::{Result, anyhow, ensure};
use compiler::input::{Environment, Observed, ResourceInput, ResourceMetadata};
use compiler::{Compiler, Problem, ResolvedOutput, ResolvedValue};
use serde_json::{Map, Value, json};

use super::Outcome;
use super::component::{data_plane, read};
use super::origins::complete;

pub(super) fn run(compiler: &Compiler, case: &Value, origins: bool) -> Result<Outcome> {
    if case["resource"].is_null() {
        return Ok(Outcome::Failed { stage: "render", text: "input.Resource is nil".to_owned() });
    }
    let metadata: ResourceMetadata = serde_json::from_value(case["metadata"].clone())?;
    let environment =
        Environment { gateway: read(&case["objects"]["environment"]["spec"]["gateway"])?, ..Environment::default() };
    let plane = data_plane(&case["objects"]["dataPlane"])?;
    let input = ResourceInput {
        type_name: case["resourceType"]["metadata"]["name"].as_str().unwrap_or_default(),
        type_spec: &case["resourceType"]["spec"],
        parameters: case["resource"]["spec"].get("parameters"),
        environment_configs: case["resourceReleaseBinding"]["spec"].get("resourceTypeEnvironmentConfigs"),
        environment: &environment,
        data_plane: &plane,
        metadata: &metadata,
    };
    let bound = match compiler.resource(&input) {
        Ok(bound) => bound,
        Err(problems) => return Ok(Outcome::failed(&problems)),
    };
    let manifests = match bound.manifests() {
        Ok(manifests) => manifests,
        Err(problems) => return Ok(Outcome::failed(&problems)),
    };
    if origins {
        let (again, told) =
            compiler.resource_with_origins(&input).map_err(|problems| anyhow!("with origins: {problems}"))?;
        ensure!(again == manifests, "the manifests differ when origins are kept");
        complete(&told, manifests.iter().map(|manifest| &manifest.object))?;
    }
    let observed: Vec<Observed<'_>> = case["observed"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| Observed { id: one["id"].as_str().unwrap_or_default(), status: one.get("status") })
        .collect();
    let outputs = bound.outputs(&observed);
    let ready: Map<String, Value> = bound
        .with_ready_rule()
        .filter_map(|id| {
            let verdict = match bound.is_ready(id, &observed)? {
                Ok(ready) => json!({"ready": ready}),
                Err(problem) => json!({"error": problem.to_string()}),
            };
            Some((id.to_owned(), verdict))
        })
        .collect();
    let entries: Vec<Value> =
        manifests.iter().map(|manifest| json!({"id": manifest.id, "object": manifest.object})).collect();
    let mut output = json!({
        "entries": entries,
        "outputs": outputs.outputs.iter().map(resolved).collect::<Vec<_>>(),
        "readyWhen": ready,
        "renderedReleaseName": model::names::resource_rendered_release(&metadata.resource_name, &metadata.environment_name),
    });
    if !outputs.problems.is_empty() {
        output["outputsError"] = json!(outputs.problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"));
    }
    Ok(Outcome::Done(output))
}

fn resolved(output: &ResolvedOutput) -> Value {
    match &output.value {
        ResolvedValue::Value(value) if value.is_empty() => json!({"name": output.name}),
        ResolvedValue::Value(value) => json!({"name": output.name, "value": value}),
        ResolvedValue::SecretKeyRef(key) => {
            json!({"name": output.name, "secretKeyRef": {"name": key.name, "key": key.key}})
        }
        ResolvedValue::ConfigMapKeyRef(key) => {
            json!({"name": output.name, "configMapKeyRef": {"name": key.name, "key": key.key}})
        }
    }
}
