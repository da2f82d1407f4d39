//! From documents to what the compiler takes. What only a control plane knows has something in its place, and is said.

use crate::failure::Failure;
use crate::manifests::Manifest;
use compiler::Place;
use compiler::input::{
    ComponentInput, ComponentMetadata, ConfigurationOverrides, DataPlane, Environment, Gateway, SecretSource,
    TraitInstance, TraitSource, Workload, secrets,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// Where nothing in the files says which environment.
const ENVIRONMENT: &str = "development";

/// The objects of all files.
pub(super) struct Documents<'d>(&'d [Manifest]);

impl<'d> Documents<'d> {
    pub(super) fn new(manifests: &'d [Manifest]) -> Self {
        Self(manifests)
    }

    fn of_kind<'k>(&self, kind: &'k str) -> impl Iterator<Item = &'d Manifest> + use<'d, 'k> {
        self.0.iter().filter(move |manifest| manifest.noun.kind == kind)
    }

    fn find(&self, kind: &str, name: &str) -> Option<&'d Manifest> {
        self.of_kind(kind).find(|manifest| manifest.name == name)
    }

    /// The first of a kind that a condition on its spec holds for.
    fn which(&self, kind: &str, holds: impl Fn(&Value) -> bool) -> Option<&'d Manifest> {
        self.of_kind(kind).find(|manifest| manifest.object.get("spec").is_some_and(&holds))
    }

    /// File, line and column of what a place of the compiler names.
    pub(super) fn place(&self, place: &Place) -> Option<String> {
        let (kind, name) = place.object.split_once(' ')?;
        let manifest = match kind {
            // Types are named with their workload type, traits with their instance.
            "ComponentType" => {
                let (_, name) = name.split_once('/')?;
                self.find("ComponentType", name).or_else(|| self.find("ClusterComponentType", name))
            }
            kind => self.find(kind, name.split('/').next().unwrap_or(name)),
        };
        manifest.map(|manifest| manifest.at(&place.path))
    }
}

fn typed<T: DeserializeOwned>(manifest: &Manifest) -> Result<T, Failure> {
    serde_json::from_value(manifest.object.clone())
        .map_err(|error| Failure::Input(manifest.wrong("spec", format!("spec: {error}")).to_string()))
}

fn spec(manifest: &Manifest) -> Value {
    manifest.object.get("spec").cloned().unwrap_or_default()
}

/// Everything that a component is compiled from.
pub(super) struct Gathered {
    type_name: String,
    type_spec: Value,
    parameters: Option<Value>,
    traits: Vec<TraitInstance>,
    trait_specs: Vec<(String, String, Value)>,
    workload: Workload,
    overrides: Option<ConfigurationOverrides>,
    environment_configs: Option<Value>,
    trait_environment_configs: BTreeMap<String, Value>,
    environment: Environment,
    data_plane: DataPlane,
    secrets: BTreeMap<String, Vec<SecretSource>>,
    metadata: ComponentMetadata,
    assumed: Vec<String>,
}

impl Gathered {
    pub(super) fn new(
        documents: &Documents<'_>,
        component: Option<&str>,
        environment: Option<&str>,
    ) -> Result<Self, Failure> {
        let manifest = component_of(documents, component)?;
        let component: model::Component = typed(manifest)?;
        let project = &component.spec.owner.project_name;
        let wanted = &component.spec.component_type;
        let type_manifest = wanted
            .split()
            .and_then(|(_, name)| documents.find(wanted.kind.as_str(), name))
            .ok_or_else(|| absent(manifest, "spec.componentType", wanted.kind.as_str(), &wanted.name))?;
        let type_spec = spec(type_manifest);

        let first = documents.of_kind("Environment").next().map(|environment| environment.name.as_str());
        let environment_name = environment.or(first).unwrap_or(ENVIRONMENT).to_owned();
        let owned = |spec: &Value| spec.pointer("/owner/componentName").and_then(Value::as_str) == Some(&manifest.name);
        let workload = documents
            .which("Workload", owned)
            .ok_or_else(|| absent(manifest, "metadata.name", "Workload", &format!("of component {}", manifest.name)))?;
        let workload: model::Workload = typed(workload)?;
        let binding = documents.which("ReleaseBinding", |spec| {
            owned(spec) && spec.get("environment").and_then(Value::as_str) == Some(&environment_name)
        });
        let binding: Option<model::ReleaseBinding> = binding.map(typed).transpose()?;
        let binding = binding.map(|binding| binding.spec).unwrap_or_default();

        let mut assumed = vec!["UIDs are zeros: only a control plane gives them out".to_owned()];
        if workload.spec.dependencies.as_ref().is_some_and(|needs| !needs.endpoints.is_empty()) {
            assumed.push("dependencies have no addresses: only a control plane knows them".to_owned());
        }
        let (environment, data_plane) = surroundings(documents, &environment_name, &mut assumed)?;
        let references: Vec<model::SecretReference> =
            documents.of_kind("SecretReference").map(typed).collect::<Result<_, _>>()?;
        let namespace = manifest.namespace.as_deref().unwrap_or("default");
        Ok(Self {
            type_name: wanted.name.clone(),
            parameters: component.spec.parameters.as_ref().map(|parameters| parameters.0.clone()),
            traits: component.spec.traits.iter().map(instance).collect(),
            trait_specs: trait_specs(documents, &component, &type_spec),
            type_spec,
            workload: Workload::from(&workload.spec.template()),
            overrides: binding.workload_overrides.as_ref().map(ConfigurationOverrides::from),
            environment_configs: binding
                .component_type_environment_configs
                .map(|configs| Value::Object(configs.as_map().clone())),
            trait_environment_configs: binding
                .trait_environment_configs
                .iter()
                .map(|(name, configs)| (name.clone(), Value::Object(configs.as_map().clone())))
                .collect(),
            environment,
            data_plane,
            secrets: secrets(&references),
            metadata: ComponentMetadata::stand_in(namespace, project, &manifest.name, &environment_name),
            assumed,
        })
    }

    /// What stands in for what only a control plane knows.
    pub(super) fn assumed(&self) -> &[String] {
        &self.assumed
    }

    /// The specs of the traits, as the input borrows them.
    pub(super) fn traits(&self) -> Vec<TraitSource<'_>> {
        self.trait_specs.iter().map(|(kind, name, spec)| TraitSource { kind, name, spec }).collect()
    }

    pub(super) fn input<'g>(&'g self, trait_specs: &'g [TraitSource<'g>]) -> ComponentInput<'g> {
        ComponentInput {
            type_name: &self.type_name,
            type_spec: &self.type_spec,
            parameters: self.parameters.as_ref(),
            traits: &self.traits,
            trait_specs,
            workload: &self.workload,
            overrides: self.overrides.as_ref(),
            environment_configs: self.environment_configs.as_ref(),
            trait_environment_configs: Some(&self.trait_environment_configs),
            environment: &self.environment,
            data_plane: &self.data_plane,
            secrets: &self.secrets,
            metadata: &self.metadata,
            dependencies: &[],
            resource_dependencies: &[],
        }
    }
}

fn component_of<'d>(documents: &Documents<'d>, name: Option<&str>) -> Result<&'d Manifest, Failure> {
    let all: Vec<&Manifest> = documents.of_kind("Component").collect();
    let names = || all.iter().map(|component| component.name.as_str()).collect::<Vec<_>>().join(", ");
    match (name, &all[..]) {
        (_, []) => Err(Failure::NotFound("no Component is in the files".to_owned())),
        (Some(name), all) => {
            all.iter().find(|component| component.name == name).copied().ok_or_else(|| {
                Failure::NotFound(format!("no Component {name:?} is in the files; there are {}", names()))
            })
        }
        (None, [only]) => Ok(only),
        (None, _) => Err(Failure::Input(format!("several components are in the files: say one of {}", names()))),
    }
}

fn absent(manifest: &Manifest, path: &str, kind: &str, name: &str) -> Failure {
    let text = format!("{kind} {name} is in none of the files: add its file with -f");
    Failure::NotFound(manifest.wrong(path, text).to_string())
}

fn instance(used: &model::ComponentTrait) -> TraitInstance {
    TraitInstance {
        kind: used.kind.as_str().to_owned(),
        name: used.name.clone(),
        instance_name: used.instance_name.clone(),
        parameters: used.parameters.as_ref().map(|parameters| parameters.0.clone()),
    }
}

/// The traits that the type or the component names, as far as they are in the files; the compiler says which are missing.
fn trait_specs(
    documents: &Documents<'_>,
    component: &model::Component,
    type_spec: &Value,
) -> Vec<(String, String, Value)> {
    let of_type = type_spec.get("traits").and_then(Value::as_array).into_iter().flatten().map(|used| {
        let text = |field: &str| used.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        (text("kind"), text("name"))
    });
    let own = component.spec.traits.iter().map(|used| (used.kind.as_str().to_owned(), used.name.clone()));
    let mut found: Vec<(String, String, Value)> = Vec::new();
    for (kind, name) in of_type.chain(own) {
        let kind = if kind.is_empty() { "Trait".to_owned() } else { kind };
        let known = found.iter().any(|(other, same, _)| *other == kind && *same == name);
        if let (false, Some(manifest)) = (known, documents.find(&kind, &name)) {
            found.push((kind, name, spec(manifest)));
        }
    }
    found
}

/// The environment and its plane. Without a plane a gateway stands in, as most types need one.
fn surroundings(
    documents: &Documents<'_>,
    name: &str,
    assumed: &mut Vec<String>,
) -> Result<(Environment, DataPlane), Failure> {
    let environment: Option<model::Environment> = documents.find("Environment", name).map(typed).transpose()?;
    let named = environment.as_ref().and_then(|environment| environment.spec.data_plane_ref.as_ref());
    let plane = match named {
        Some(reference) => documents.find(reference.kind.as_str(), &reference.name),
        None => documents.find("DataPlane", "default").or_else(|| documents.find("ClusterDataPlane", "default")),
    };
    let mut plane = match plane {
        Some(manifest) if manifest.noun.kind == "DataPlane" => DataPlane::from(&typed::<model::DataPlane>(manifest)?),
        Some(manifest) => DataPlane::from(&typed::<model::ClusterDataPlane>(manifest)?),
        None => DataPlane::default(),
    };
    let gateway: Option<Gateway> =
        environment.and_then(|environment| environment.spec.gateway.as_ref().map(Into::into));
    if gateway.is_none() && plane.gateway.is_none() {
        plane.gateway = Some(Gateway::stand_in());
        assumed.push(
            "no data plane with a gateway is in the files: external.example.com and internal.example.com stand in"
                .to_owned(),
        );
    }
    Ok((Environment { gateway, ..Environment::default() }, plane))
}
