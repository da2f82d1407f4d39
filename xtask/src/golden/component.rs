//! Component cases.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, bail};
use compiler::input::{
    ComponentInput, ComponentMetadata, ConfigurationOverrides, DataPlane, EndpointDependency, Environment, PlaneRef,
    ResourceDependency, SecretSource, TraitInstance, TraitSource, Workload, check_secrets, secret_keys, secret_names,
};
use compiler::{Compiler, Manifest, Rendered};
use serde_json::{Value, json};

use super::Outcome;

pub(super) fn run(compiler: &Compiler, case: &Value) -> Result<Outcome> {
    let workload: Workload = serde_json::from_value(case["workload"]["spec"].clone())?;
    let binding = &case["releaseBinding"]["spec"];
    let overrides: Option<ConfigurationOverrides> = read(&binding["workloadOverrides"]["container"])?;
    let metadata: ComponentMetadata = serde_json::from_value(case["metadata"].clone())?;
    let traits: Vec<TraitInstance> = read(&case["component"]["spec"]["traits"])?.unwrap_or_default();
    let trait_specs: Vec<TraitSource<'_>> = case["traits"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|source| TraitSource {
            kind: source["kind"].as_str().unwrap_or_default(),
            name: source["metadata"]["name"].as_str().unwrap_or_default(),
            spec: &source["spec"],
        })
        .collect();
    let environment = Environment {
        gateway: read(&case["environment"]["spec"]["gateway"])?,
        default_notification_channel: case["defaultNotificationChannel"].as_str().map(str::to_owned),
    };
    let plane = data_plane(&case["dataPlane"])?;
    let secrets = secrets(case)?;
    let keys = secret_keys(&workload, overrides.as_ref());
    let dependencies: Vec<EndpointDependency> = read(&case["dependencyItems"])?.unwrap_or_default();
    let resource_dependencies: Vec<ResourceDependency> = read(&case["resourceDependencyItems"])?.unwrap_or_default();
    let trait_environment_configs: Option<BTreeMap<String, Value>> = read(&binding["traitEnvironmentConfigs"])?;
    if let Err(problems) = check_secrets(&keys, &secrets) {
        return Ok(Outcome::Failed { stage: "secret-references", text: problems.to_string() });
    }
    let input = ComponentInput {
        type_name: case["componentType"]["metadata"]["name"].as_str().unwrap_or_default(),
        type_spec: &case["componentType"]["spec"],
        parameters: case["component"]["spec"].get("parameters"),
        traits: &traits,
        trait_specs: &trait_specs,
        workload: &workload,
        overrides: overrides.as_ref(),
        environment_configs: binding.get("componentTypeEnvironmentConfigs"),
        trait_environment_configs: trait_environment_configs.as_ref(),
        environment: &environment,
        data_plane: &plane,
        secrets: &secrets,
        metadata: &metadata,
        dependencies: &dependencies,
        resource_dependencies: &resource_dependencies,
    };
    Ok(match compiler.component(&input) {
        Ok(rendered) => {
            check_origins(compiler, &input, &rendered)?;
            Outcome::Done(output(&rendered, &metadata, &secret_names(&keys)))
        }
        Err(problems) => Outcome::failed(&problems),
    })
}

/// With origins the manifests are the same, and every leaf has one.
fn check_origins(compiler: &Compiler, input: &ComponentInput<'_>, rendered: &Rendered) -> Result<()> {
    let (again, origins) =
        compiler.component_with_origins(input).map_err(|problems| anyhow!("with origins: {problems}"))?;
    if again != *rendered {
        bail!("the manifests differ when origins are kept");
    }
    for (at, resource) in rendered.resources.iter().enumerate() {
        let notes = origins.annotated(at, &resource.object);
        if let Some(line) = notes.lines().find(|line| line.ends_with("# unknown")) {
            bail!("no origin: {line}");
        }
    }
    Ok(())
}

pub(super) fn read<T: serde::de::DeserializeOwned>(value: &Value) -> Result<Option<T>> {
    Ok(serde_json::from_value(value.clone())?)
}

/// The plane, from the object as recorded.
pub(super) fn data_plane(object: &Value) -> Result<DataPlane> {
    Ok(DataPlane {
        secret_store: object["spec"]["secretStoreRef"]["name"].as_str().map(str::to_owned),
        gateway: read(&object["spec"]["gateway"])?,
        observability_plane: read::<PlaneRef>(&object["spec"]["observabilityPlaneRef"])?,
        annotations: read(&object["metadata"]["annotations"])?.unwrap_or_default(),
    })
}

/// The secrets that were found, and those that a failed look-up was about.
fn secrets(case: &Value) -> Result<BTreeMap<String, Vec<SecretSource>>> {
    let mut secrets = BTreeMap::new();
    let found =
        case["secretReferences"].as_object().into_iter().flatten().map(|(name, object)| (name.as_str(), object));
    let others = case["objects"]["secretReferences"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|object| (object["metadata"]["name"].as_str().unwrap_or_default(), object));
    for (name, object) in found.chain(others) {
        secrets.insert(name.to_owned(), read(&object["spec"]["data"])?.unwrap_or_default());
    }
    Ok(secrets)
}

fn output(rendered: &Rendered, metadata: &ComponentMetadata, secret_names: &[String]) -> Value {
    let resources: Vec<Value> = rendered
        .resources
        .iter()
        .map(|resource| json!({"targetPlane": resource.target_plane.as_str(), "resource": resource.object}))
        .collect();
    let counters = rendered.counters;
    let mut release = json!({"dataPlane": {
        "name": model::names::component_rendered_release(&metadata.component_name, &metadata.environment_name),
        "manifests": manifests(rendered, rendered.data_plane_manifests()),
    }});
    let observability = rendered.observability_plane_manifests();
    if !observability.is_empty() {
        release["observabilityPlane"] = json!({
            "name": model::names::component_observability_rendered_release(&metadata.component_name, &metadata.environment_name),
            "manifests": manifests(rendered, observability),
        });
    }
    if !secret_names.is_empty() {
        release["secretReferenceNames"] = json!(secret_names);
    }
    json!({
        "resources": resources,
        "counters": {
            "resourceCount": counters.resources,
            "baseResourceCount": counters.base,
            "traitCount": counters.traits,
            "traitResourceCount": counters.trait_resources,
        },
        "warnings": [],
        "release": release,
    })
}

/// As recorded: an object that is one of the resources is told by its place among them. Two resources may be equal.
fn manifests(rendered: &Rendered, manifests: Vec<Manifest>) -> Vec<Value> {
    let mut used = vec![false; rendered.resources.len()];
    manifests
        .into_iter()
        .map(|manifest| {
            let place = rendered
                .resources
                .iter()
                .zip(&used)
                .position(|(resource, used)| !used && resource.object == manifest.object);
            match place {
                Some(at) => {
                    used[at] = true;
                    json!({"id": manifest.id, "resource": at})
                }
                None => json!({"id": manifest.id, "object": manifest.object}),
            }
        })
        .collect()
}
