//! Component cases.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, bail};
use compiler::input::{
    ComponentInput, ComponentMetadata, ConfigurationOverrides, DataPlane, EndpointDependency, Environment, PlaneRef,
    ResourceDependency, SecretSource, TraitInstance, TraitSource, Workload, check_secrets, secret_keys, secret_names,
};
use compiler::{Compiler, Manifest, Rendered};
use serde_json::{Value, json};

use super::{Outcome, origins};

/// A recorded case, read: what an input borrows from.
pub(crate) struct Case<'v> {
    json: &'v Value,
    workload: Workload,
    overrides: Option<ConfigurationOverrides>,
    metadata: ComponentMetadata,
    traits: Vec<TraitInstance>,
    trait_specs: Vec<TraitSource<'v>>,
    environment: Environment,
    plane: DataPlane,
    secrets: BTreeMap<String, Vec<SecretSource>>,
    dependencies: Vec<EndpointDependency>,
    resource_dependencies: Vec<ResourceDependency>,
    trait_environment_configs: Option<BTreeMap<String, Value>>,
}

impl<'v> Case<'v> {
    /// Reads the `input` of a case.
    pub(crate) fn read(case: &'v Value) -> Result<Self> {
        let binding = &case["releaseBinding"]["spec"];
        let trait_specs = case["traits"].as_array().into_iter().flatten().map(|source| TraitSource {
            kind: source["kind"].as_str().unwrap_or_default(),
            name: source["metadata"]["name"].as_str().unwrap_or_default(),
            spec: &source["spec"],
        });
        Ok(Self {
            json: case,
            workload: serde_json::from_value(case["workload"]["spec"].clone())?,
            overrides: read(&binding["workloadOverrides"]["container"])?,
            metadata: serde_json::from_value(case["metadata"].clone())?,
            traits: read(&case["component"]["spec"]["traits"])?.unwrap_or_default(),
            trait_specs: trait_specs.collect(),
            environment: Environment {
                gateway: read(&case["environment"]["spec"]["gateway"])?,
                default_notification_channel: case["defaultNotificationChannel"].as_str().map(str::to_owned),
            },
            plane: data_plane(&case["dataPlane"])?,
            secrets: secrets(case)?,
            dependencies: read(&case["dependencyItems"])?.unwrap_or_default(),
            resource_dependencies: read(&case["resourceDependencyItems"])?.unwrap_or_default(),
            trait_environment_configs: read(&binding["traitEnvironmentConfigs"])?,
        })
    }

    /// The input that it stands for.
    pub(crate) fn input(&self) -> ComponentInput<'_> {
        ComponentInput {
            type_name: self.json["componentType"]["metadata"]["name"].as_str().unwrap_or_default(),
            type_spec: &self.json["componentType"]["spec"],
            parameters: self.json["component"]["spec"].get("parameters"),
            traits: &self.traits,
            trait_specs: &self.trait_specs,
            workload: &self.workload,
            overrides: self.overrides.as_ref(),
            environment_configs: self.json["releaseBinding"]["spec"].get("componentTypeEnvironmentConfigs"),
            trait_environment_configs: self.trait_environment_configs.as_ref(),
            environment: &self.environment,
            data_plane: &self.plane,
            secrets: &self.secrets,
            metadata: &self.metadata,
            dependencies: &self.dependencies,
            resource_dependencies: &self.resource_dependencies,
        }
    }
}

pub(super) fn run(compiler: &Compiler, case: &Value, origins: bool) -> Result<Outcome> {
    let case = Case::read(case)?;
    let keys = secret_keys(&case.workload, case.overrides.as_ref());
    if let Err(problems) = check_secrets(&keys, &case.secrets) {
        return Ok(Outcome::Failed { stage: "secret-references", text: problems.to_string() });
    }
    let input = case.input();
    Ok(match compiler.component(&input) {
        Ok(rendered) => {
            if origins {
                check_origins(compiler, &input, &rendered)?;
            }
            Outcome::Done(output(&rendered, &case.metadata, &secret_names(&keys)))
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
    let policy = std::iter::once(&rendered.network_policy);
    origins::complete(&origins, rendered.resources.iter().map(|resource| &resource.object).chain(policy))
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
