//! One resource for one environment: its manifests, and what its status then tells.

mod outputs;
mod ready;

use std::sync::Arc;

use crate::compiler::Compiler;
use crate::context::{self, Gateways, PlaneShape};
use crate::evaluate::{ControlError, holds};
use crate::input::{Observed, ResourceInput};
use crate::origins::{self, Origins, Recorder, Track, Writer};
use crate::output::{Manifest, ResolvedOutputs};
use crate::problem::{Code, Place, Problem, Problems, Stage};
use crate::program::{Resource, Shared, SharedTypeProgram};
use crate::project::resolve;
use crate::template::{Bindings, Faults};

/// A resource type with values bound: renders manifests, and evaluates outputs and readiness on what was observed.
///
/// Bind once with [`Compiler::resource`], then ask as often as the plane reports something new.
#[derive(Debug)]
pub struct BoundResource {
    program: Arc<SharedTypeProgram>,
    bindings: Bindings,
    place: Place,
}

/// Binds a resource's values.
pub(crate) fn bind(compiler: &Compiler, input: &ResourceInput<'_>) -> Result<BoundResource, Problems> {
    let place = Place::new(format!("ResourceType {}", input.type_name), "");
    let program = compiler.shared_type("ResourceType", input.type_name, input.type_spec, Shared::Resource)?;
    let parameters = resolve(&program.parameters, input.parameters, "parameters", &place)?;
    let configs = resolve(&program.environment_configs, input.environment_configs, "environmentConfigs", &place)?;
    let gateways = Gateways::build(input.data_plane, input.environment, PlaneShape::Shared);
    // Unlike elsewhere `gateway` is always there, if need be empty.
    let gateway = gateways.gateway.unwrap_or_else(|| cel::Value::map::<&str>([]));
    let bindings = program.scope.bind([
        ("metadata", context::resource_metadata(input.metadata)),
        ("parameters", parameters),
        ("environmentConfigs", configs),
        ("dataplane", gateways.dataplane),
        ("environment", gateways.environment),
        ("gateway", gateway),
    ]);
    Ok(BoundResource { program, bindings, place })
}

/// Binds a resource, renders its manifests and tells where every field came from.
pub(crate) fn manifests_with_origins(
    compiler: &Compiler,
    input: &ResourceInput<'_>,
) -> Result<(Vec<Manifest>, Origins), Problems> {
    let mut recorder = Some(Recorder::of_values(input.parameters, input.environment_configs));
    let (manifests, tracks) = bind(compiler, input)?.render(&mut recorder)?;
    Ok((manifests, Recorder::into_origins(recorder, tracks, None)))
}

impl BoundResource {
    /// The manifests, in the type's order, under its ids.
    pub fn manifests(&self) -> Result<Vec<Manifest>, Problems> {
        self.render(&mut None).map(|(manifests, _)| manifests)
    }

    fn render(&self, recorder: &mut Option<Recorder>) -> Result<(Vec<Manifest>, Vec<Option<Track>>), Problems> {
        let mut rendered = Vec::new();
        let mut problems = Vec::new();
        for (at, resource) in self.program.resources.iter().enumerate() {
            let place = self.place.below(&format!("spec.resources[{at}]"));
            match render(resource, &self.bindings, &place, recorder) {
                Ok(manifest) => rendered.extend(manifest),
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() {
            return Ok(rendered.into_iter().unzip());
        }
        Err(Problems::new(Stage::Evaluate, problems))
    }

    /// The outputs that can be told from what was observed, and the problems of the others.
    pub fn outputs(&self, observed: &[Observed<'_>]) -> ResolvedOutputs {
        outputs::resolve(&self.program, &self.applied(observed), &self.place)
    }

    /// Whether the manifest `id` is ready by the type's own rule; `None` where the type has none for it.
    pub fn is_ready(&self, id: &str, observed: &[Observed<'_>]) -> Option<Result<bool, Problem>> {
        ready::is_ready(&self.program, id, &self.applied(observed), &self.place)
    }

    /// The ids of the manifests that the type gives its own readiness rule for.
    pub fn with_ready_rule(&self) -> impl Iterator<Item = &str> {
        self.program.resources.iter().filter(|resource| resource.ready_when.is_some()).map(|resource| &*resource.id)
    }

    fn applied(&self, observed: &[Observed<'_>]) -> Bindings {
        let applied = cel::Value::map(observed.iter().map(|one| {
            let status = one.status.map_or_else(|| cel::Value::map::<&str>([]), crate::bind::to_cel);
            (one.id, cel::Value::map([("status", status)]))
        }));
        self.program.applied_scope.widen(&self.bindings, "applied", applied)
    }
}

fn render(
    resource: &Resource,
    bindings: &Bindings,
    place: &Place,
    recorder: &mut Option<Recorder>,
) -> Result<Option<(Manifest, Option<Track>)>, Vec<Problem>> {
    let id = resource.id.to_string();
    let included = holds(resource.include_when.as_ref(), bindings).map_err(|error| {
        let prefix = format!("evaluate includeWhen for resource {id:?}: ");
        let place = place.below("includeWhen");
        vec![match error {
            ControlError::NotBool(found) => {
                Problem::new(Code::Type, &place, format!("{prefix}includeWhen must evaluate to bool, got {found}"))
            }
            error => error.problem(&place, &prefix),
        }]
    })?;
    if !included {
        return Ok(None);
    }
    let place = place.below("template");
    let mut faults = Faults::new();
    let written = || place.clone();
    let source = Some(&resource.template);
    let (tree, track) = origins::render(source, bindings, &mut faults, recorder.as_mut(), Writer::Template, written);
    if !faults.is_empty() {
        let prefix = format!("render resource {id:?}: ");
        return Err(faults.into_vec().iter().map(|fault| Problem::fault(&place, &prefix, fault)).collect());
    }
    if tree.as_map().is_none() {
        let message = format!("render resource {id:?}: rendered template is not an object (got {})", tree.type_name());
        return Err(vec![Problem::new(Code::Type, &place, message)]);
    }
    let object = tree.to_json().map_err(|error| {
        vec![Problem::new(Code::Encoding, &place, format!("render resource {id:?}: marshal: {error}"))]
    })?;
    Ok(Some((Manifest { id, object }, track)))
}
