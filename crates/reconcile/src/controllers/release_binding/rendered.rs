//! Compiles the component for its environment.

use super::{Inputs, Links};
use crate::controllers::blocked::Blocked;
use crate::controllers::lookup;
use crate::controllers::rendering::{self, Content};
use crate::engine::World;
use compiler::input::{
    ComponentInput, ComponentMetadata, ConfigurationOverrides, Environment, TraitInstance, TraitSource, Workload,
};
use compiler::{Compiler, Manifest, Problems};
use model::{Kind, ReleaseBinding, RenderedRelease, TargetPlane, annotations, indexes, labels, names};
use serde_json::Value;
use std::collections::BTreeMap;

/// What is to be on the planes.
pub(super) struct Wanted {
    pub(super) data_plane: RenderedRelease,
    observability: usize,
}

impl Wanted {
    /// The words of the condition `ReleaseSynced`.
    pub(super) fn summary(&self) -> String {
        let reason = match self.observability {
            0 => "no observability resources to deploy".to_owned(),
            count => format!("{count} resource(s) for the observability plane, which this version does not serve"),
        };
        format!(
            "Dataplane Release {:?} is up to date (observability release skipped: {reason})",
            self.data_plane.name()
        )
    }

    /// The data plane's manifests.
    pub(super) fn manifests(&self) -> impl Iterator<Item = &Value> {
        self.data_plane.spec.resources.iter().map(|entry| &entry.object.0)
    }
}

pub(super) fn compile(
    compiler: &Compiler,
    binding: &ReleaseBinding,
    inputs: &Inputs,
    links: &Links,
    world: &World,
) -> Result<Wanted, Blocked> {
    let frozen = &inputs.release.spec;
    let placement = &inputs.placement;
    let metadata = metadata(binding, inputs);
    let profile = frozen.component_profile.as_ref();
    let instances: Vec<TraitInstance> = profile.iter().flat_map(|profile| &profile.traits).map(Into::into).collect();
    let sources: Vec<TraitSource> = frozen
        .traits
        .iter()
        .map(|one| TraitSource { kind: one.kind.as_str(), name: &one.name, spec: &one.spec })
        .collect();
    let workload = Workload::from(&frozen.workload);
    let overrides = binding.spec.workload_overrides.as_ref().map(ConfigurationOverrides::from);
    let configs =
        binding.spec.component_type_environment_configs.as_ref().map(|configs| Value::Object(configs.as_map().clone()));
    let trait_configs: BTreeMap<String, Value> = binding
        .spec
        .trait_environment_configs
        .iter()
        .map(|(name, configs)| (name.clone(), Value::Object(configs.as_map().clone())))
        .collect();
    let environment = Environment {
        gateway: placement.environment.spec.gateway.as_ref().map(Into::into),
        default_notification_channel: default_channel(binding, world)?,
    };
    let input = ComponentInput {
        type_name: &frozen.component_type.name,
        type_spec: &frozen.component_type.spec,
        parameters: profile.and_then(|profile| profile.parameters.as_ref()).map(|parameters| &parameters.0),
        traits: &instances,
        trait_specs: &sources,
        workload: &workload,
        overrides: overrides.as_ref(),
        environment_configs: configs.as_ref(),
        trait_environment_configs: Some(&trait_configs),
        environment: &environment,
        data_plane: &placement.plane.for_compiler(),
        secrets: &links.secrets,
        metadata: &metadata,
        dependencies: &links.dependencies,
        resource_dependencies: &links.resources,
    };
    let rendered = compiler.component(&input).map_err(|problems| Blocked::new("RenderingFailed", told(&problems)))?;
    let observability = rendered.observability_plane_manifests().len();
    Ok(Wanted { data_plane: release(binding, inputs, rendered.data_plane_manifests()), observability })
}

/// The compiler's words, and the place of the first problem: its object and the field in it.
fn told(problems: &Problems) -> String {
    let words = format!("Failed to render resources: {problems}");
    match problems.list().first().map(|problem| &problem.place) {
        Some(place) if !place.path.is_empty() => format!("{words} (at {} {})", place.object, place.path),
        _ => words,
    }
}

fn release(binding: &ReleaseBinding, inputs: &Inputs, manifests: Vec<Manifest>) -> RenderedRelease {
    let (component, environment) = (inputs.component.name(), inputs.placement.environment.name());
    let content = Content {
        name: names::component_rendered_release(component, environment),
        namespace: binding.namespace(),
        project: inputs.project.name(),
        component,
        resource: "",
        environment,
        plane: TargetPlane::DataPlane,
        restarted_at: binding.annotation(annotations::RESTARTED_AT),
        owner: rendering::owned_by(binding),
    };
    rendering::release(content, manifests)
}

fn metadata(binding: &ReleaseBinding, inputs: &Inputs) -> ComponentMetadata {
    let Inputs { component, project, placement, .. } = inputs;
    let environment = &placement.environment;
    let own = BTreeMap::from(
        [
            (labels::NAMESPACE, binding.namespace()),
            (labels::PROJECT, project.name()),
            (labels::PROJECT_UID, project.uid()),
            (labels::COMPONENT, component.name()),
            (labels::COMPONENT_UID, component.uid()),
            (labels::ENVIRONMENT, environment.name()),
            (labels::ENVIRONMENT_UID, environment.uid()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    ComponentMetadata {
        name: names::component_base(component.name(), environment.name()),
        namespace: names::runtime_namespace(binding.namespace(), project.name(), environment.name()),
        component_namespace: binding.namespace().into(),
        component_name: component.name().into(),
        component_uid: component.uid().into(),
        project_name: project.name().into(),
        project_uid: project.uid().into(),
        data_plane_name: placement.plane.name().into(),
        data_plane_uid: placement.plane.uid().into(),
        environment_name: environment.name().into(),
        environment_uid: environment.uid().into(),
        labels: Some(own.clone()),
        annotations: Some(BTreeMap::new()),
        pod_selectors: own,
    }
}

/// The environment's default notification channel: the first by name, so that the choice is the same each time.
fn default_channel(binding: &ReleaseBinding, world: &World) -> Result<Option<String>, Blocked> {
    let channels =
        lookup::list_spec(world, indexes::CHANNELS_BY_ENVIRONMENT, binding.namespace(), &[&binding.spec.environment])?;
    let chosen = channels.iter().find(|channel| channel.spec.is_env_default && !channel.is_being_deleted());
    Ok(chosen.map(|channel| channel.name().to_owned()))
}
