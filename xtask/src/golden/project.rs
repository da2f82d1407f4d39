//! Project cases.

use anyhow::{Result, anyhow, ensure};
use compiler::Compiler;
use compiler::input::{Environment, ProjectInput, ProjectMetadata};
use serde_json::{Value, json};

use super::Outcome;
use super::component::{data_plane, read};
use super::origins::complete;

pub(super) fn run(compiler: &Compiler, case: &Value, origins: bool) -> Result<Outcome> {
    if case["projectTypeSpec"].is_null() {
        return Ok(Outcome::Failed { stage: "render", text: "input.ProjectTypeSpec is nil".to_owned() });
    }
    let metadata: ProjectMetadata = serde_json::from_value(case["metadata"].clone())?;
    let environment =
        Environment { gateway: read(&case["objects"]["environment"]["spec"]["gateway"])?, ..Environment::default() };
    let plane = data_plane(&case["objects"]["dataPlane"])?;
    let input = ProjectInput {
        type_name: case["objects"]["project"]["spec"]["type"]["name"].as_str().unwrap_or_default(),
        type_spec: &case["projectTypeSpec"],
        parameters: Some(&case["projectParameters"]),
        environment_configs: Some(&case["environmentConfigs"]),
        environment: &environment,
        data_plane: &plane,
        metadata: &metadata,
    };
    let rendered = match compiler.project(&input) {
        Ok(rendered) => rendered,
        Err(problems) => return Ok(Outcome::failed(&problems)),
    };
    if origins {
        let (again, told) =
            compiler.project_with_origins(&input).map_err(|problems| anyhow!("with origins: {problems}"))?;
        ensure!(again == rendered, "the manifests differ when origins are kept");
        complete(&told, rendered.manifests.iter().map(|manifest| &manifest.object))?;
    }
    let entries: Vec<Value> =
        rendered.manifests.iter().map(|manifest| json!({"id": manifest.id, "object": manifest.object})).collect();
    let mut output = json!({
        "entries": entries,
        "renderedReleaseName": model::names::project_rendered_release(&metadata.project_name, &metadata.environment_name),
    });
    if !rendered.has_namespace(&metadata.namespace) {
        let namespace = &metadata.namespace;
        output["rejected"] = json!({
            "reason": "NamespaceMissing",
            "message": format!("rendered resources must include a v1/Namespace named {namespace:?}; declare it in (Cluster)ProjectType.spec.resources with metadata.name set to ${{metadata.namespace}}"),
        });
    }
    Ok(Outcome::Done(output))
}
