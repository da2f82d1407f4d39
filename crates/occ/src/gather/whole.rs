//! A component in one place, with everything that it is compiled from.

use super::dependencies::Dependencies;
use super::surroundings::Surroundings;
use super::{Object, Objects, Place, Told, Used};
use compiler::Compiler;
use compiler::input::{
    ComponentInput, ComponentMetadata, ConfigurationOverrides, RemoteRef, SecretSource, TraitInstance, TraitSource,
    Workload, secret_keys, secrets,
};
use model::FreeObject;
use serde_json::Value;
use std::collections::BTreeMap;

/// A component in one place, with everything that it is compiled from.
pub(crate) struct Whole<'u, 'o, 's> {
    pub(crate) used: &'u Used<'o, 's>,
    pub(crate) place: Place<'o, 's>,
    /// What is to be said of its dependencies, and what stands in for what.
    pub(crate) told: Vec<Told<'o, 's>>,
    traits: Vec<TraitInstance>,
    trait_specs: Vec<TraitSource<'o>>,
    workload: Workload,
    overrides: Option<ConfigurationOverrides>,
    environment_configs: Option<Value>,
    trait_environment_configs: BTreeMap<String, Value>,
    surroundings: Surroundings,
    secrets: BTreeMap<String, Vec<SecretSource>>,
    metadata: ComponentMetadata,
    dependencies: Dependencies<'o, 's>,
}

impl<'u, 'o, 's> Whole<'u, 'o, 's> {
    pub(crate) fn new(
        objects: &'o Objects<'s>,
        used: &'u Used<'o, 's>,
        place: Place<'o, 's>,
        compiler: &Compiler,
    ) -> Self {
        let mut whole = Self::without_dependencies(objects, used, place);
        whole.dependencies = Dependencies::resolve(objects, used, &whole.place, &whole.surroundings, compiler);
        whole.told.append(&mut whole.dependencies.told);
        whole
    }

    /// As [`Whole::new`], without what the component depends on: enough to know the addresses of its own endpoints.
    pub(super) fn without_dependencies(objects: &'o Objects<'s>, used: &'u Used<'o, 's>, place: Place<'o, 's>) -> Self {
        let namespace = used.object.namespace();
        let surroundings = Surroundings::of(objects, namespace, &place);
        let binding = place.binding.as_ref().map(|(_, binding)| &binding.spec);
        let workload = Workload::from(&used.workload.spec.template());
        let overrides =
            binding.and_then(|binding| binding.workload_overrides.as_ref()).map(ConfigurationOverrides::from);
        let mut told = Vec::new();
        if surroundings.assumed {
            told.push(Told::Note(
                "no data plane is among the files: gateways at external.stand-in.example and \
                 internal.stand-in.example and a secret store called stand-in have its place"
                    .to_owned(),
            ));
        }
        let secrets = known_secrets(objects, used, &workload, overrides.as_ref(), &mut told);
        let json = |configs: &FreeObject| Value::Object(configs.as_map().clone());
        let mut metadata =
            ComponentMetadata::stand_in(namespace, used.project(), used.object.name(), &place.environment);
        metadata.data_plane_name.clone_from(&surroundings.plane);
        Self {
            traits: used.component.spec.traits.iter().map(instance).collect(),
            trait_specs: used
                .traits
                .iter()
                .map(|found| TraitSource { kind: found.manifest.noun.kind, name: found.name(), spec: found.spec() })
                .collect(),
            environment_configs: binding
                .and_then(|binding| binding.component_type_environment_configs.as_ref())
                .map(json),
            trait_environment_configs: binding
                .into_iter()
                .flat_map(|binding| &binding.trait_environment_configs)
                .map(|(name, configs)| (name.clone(), json(configs)))
                .collect(),
            workload,
            overrides,
            surroundings,
            secrets,
            metadata,
            dependencies: Dependencies::default(),
            told,
            used,
            place,
        }
    }

    pub(crate) fn input(&self) -> ComponentInput<'_> {
        let spec = &self.used.component.spec;
        ComponentInput {
            type_name: &spec.component_type.name,
            type_spec: self.used.kind.spec(),
            parameters: spec.parameters.as_ref().map(|parameters| &parameters.0),
            traits: &self.traits,
            trait_specs: &self.trait_specs,
            workload: &self.workload,
            overrides: self.overrides.as_ref(),
            environment_configs: self.environment_configs.as_ref(),
            trait_environment_configs: Some(&self.trait_environment_configs),
            environment: &self.surroundings.environment,
            data_plane: &self.surroundings.data_plane,
            secrets: &self.secrets,
            metadata: &self.metadata,
            dependencies: &self.dependencies.endpoints,
            resource_dependencies: &self.dependencies.resources,
        }
    }

    /// The object that a place of the compiler names; `None` where it is none of the files'.
    pub(crate) fn object(&self, place: &compiler::Place) -> Option<&'o Object<'s>> {
        let (kind, rest) = place.object.split_once(' ')?;
        match kind {
            "ComponentType" => Some(self.used.kind),
            "Trait" | "ClusterTrait" => {
                // A use of a trait is named with its instance.
                let name = rest.split('/').next().unwrap_or(rest);
                let mut named = self.used.traits.iter().filter(|found| found.name() == name);
                let first = named.clone().next();
                named.find(|found| found.is(kind)).or(first).copied()
            }
            "Workload" => Some(self.used.workload_object),
            "Environment" => self.place.object,
            "ReleaseBinding" => self.place.binding.as_ref().map(|(object, _)| *object),
            "Component" => Some(self.used.object),
            _ => None,
        }
    }
}

fn instance(used: &model::ComponentTrait) -> TraitInstance {
    TraitInstance {
        kind: used.kind.as_str().to_owned(),
        name: used.name.clone(),
        instance_name: used.instance_name.clone(),
        parameters: used.parameters.as_ref().map(|parameters| parameters.0.clone()),
    }
}

/// The SecretReferences of the namespace; those that the workload names and that are not among the files have stand-ins.
fn known_secrets(
    objects: &Objects<'_>,
    used: &Used<'_, '_>,
    workload: &Workload,
    overrides: Option<&ConfigurationOverrides>,
    told: &mut Vec<Told<'_, '_>>,
) -> BTreeMap<String, Vec<SecretSource>> {
    let references: Vec<model::SecretReference> =
        objects.here("SecretReference", used.object.namespace()).filter_map(Object::read).collect();
    let mut known = secrets(&references);
    for wanted in secret_keys(workload, overrides) {
        if references.iter().any(|reference| reference.metadata.name.as_deref() == Some(&wanted.name)) {
            continue;
        }
        let sources = known.entry(wanted.name.clone()).or_default();
        if sources.is_empty() {
            told.push(Told::Note(not_there(used.object, &format!("the SecretReference {}", wanted.name))));
        }
        if !sources.iter().any(|source| source.secret_key == wanted.key) {
            let key = format!("stand-in-for-{}", wanted.name);
            let remote_ref = RemoteRef { key, property: wanted.key.clone(), ..RemoteRef::default() };
            sources.push(SecretSource { secret_key: wanted.key.clone(), remote_ref });
        }
    }
    known
}

/// What could not be looked at for the want of an object.
pub(crate) fn not_there(object: &Object<'_>, what: &str) -> String {
    format!("{} uses {what}, which is not among the files: name its file too to check them together", object.title())
}
