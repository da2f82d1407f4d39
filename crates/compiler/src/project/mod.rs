//! One project for one environment: its namespace and what belongs into it.

use cel::Value;

use crate::bind::{Undeclared, Values, to_cel};
use crate::compiler::Compiler;
use crate::context::{self, Gateways, PlaneShape};
use crate::evaluate::{ControlError, broken_rules, each, holds};
use crate::finish::{Missing, missing_field};
use crate::input::{Gateway, ProjectInput};
use crate::origins::{self, Origins, Recorder, Track, Writer};
use crate::output::{Manifest, ProjectRendered};
use crate::problem::{Code, Place, Problem, Problems, Stage};
use crate::program::{Resource, Shared};
use crate::template::{Bindings, Faults};

const REQUIRED: [Missing; 4] = [Missing::ApiVersion, Missing::Kind, Missing::Name, Missing::Metadata];

/// Compiles a project.
pub(crate) fn compile(compiler: &Compiler, input: &ProjectInput<'_>) -> Result<ProjectRendered, Problems> {
    run(compiler, input, &mut None).map(|(rendered, _)| rendered)
}

/// Compiles a project and tells where every field came from.
pub(crate) fn compile_with_origins(
    compiler: &Compiler,
    input: &ProjectInput<'_>,
) -> Result<(ProjectRendered, Origins), Problems> {
    let mut recorder = Some(Recorder::of_values(input.parameters, input.environment_configs));
    let (rendered, tracks) = run(compiler, input, &mut recorder)?;
    Ok((rendered, Recorder::into_origins(recorder, tracks, None)))
}

fn run(
    compiler: &Compiler,
    input: &ProjectInput<'_>,
    recorder: &mut Option<Recorder>,
) -> Result<(ProjectRendered, Vec<Option<Track>>), Problems> {
    let place = Place::new(format!("ProjectType {}", input.type_name), "");
    if input.metadata.namespace.is_empty() {
        let problem =
            Problem::new(Code::Input, &Place::new("metadata", "namespace"), "input.Metadata.Namespace is empty");
        return Err(Problems::one(Stage::Input, problem));
    }
    let gateway = Gateway::merged(input.environment.gateway.as_ref(), input.data_plane.gateway.as_ref()).is_some();
    let program = compiler.shared_type("ProjectType", input.type_name, input.type_spec, Shared::Project { gateway })?;

    let parameters = resolve(&program.parameters, input.parameters, "parameters", &place)?;
    let configs = resolve(&program.environment_configs, input.environment_configs, "environmentConfigs", &place)?;
    let gateways = Gateways::build(input.data_plane, input.environment, PlaneShape::Shared);
    let bindings = program.scope.bind(
        [
            ("metadata", context::project_metadata(input.metadata)),
            ("parameters", parameters),
            ("environmentConfigs", configs),
            ("dataplane", gateways.dataplane),
            ("environment", gateways.environment),
        ]
        .into_iter()
        .chain(gateways.gateway.map(|gateway| ("gateway", gateway))),
    );

    let broken = broken_rules(&program.rules, &bindings, &place);
    if !broken.is_empty() {
        return Err(Problems::prefixed(Stage::Check, "project type validation failed: ".to_owned(), broken));
    }
    let mut rendered = Vec::new();
    let mut problems = Vec::new();
    for (at, resource) in program.resources.iter().enumerate() {
        let place = place.below(&format!("spec.resources[{at}]"));
        if let Err(found) = render(resource, &bindings, &place, &mut rendered, recorder) {
            problems.extend(found);
        }
    }
    if !problems.is_empty() {
        return Err(Problems::new(Stage::Evaluate, problems));
    }
    let (manifests, tracks) = rendered.into_iter().unzip();
    Ok((ProjectRendered { manifests }, tracks))
}

/// Values with defaults; they are not validated (contract of v1.2).
pub(crate) fn resolve(
    values: &Result<Values, crate::bind::SchemaError>,
    given: Option<&serde_json::Value>,
    name: &str,
    place: &Place,
) -> Result<Value, Problems> {
    let values = values.as_ref().map_err(|error| {
        let message = format!("resolve {name}: {error}");
        Problems::one(Stage::Bind, Problem::new(Code::Schema, &place.below(&format!("spec.{name}")), message))
    })?;
    values.defaulted(given.cloned(), Undeclared::Kept).map(|values| to_cel(&values)).map_err(|error| {
        let message = format!("resolve {name}: unmarshal: {error}");
        Problems::one(Stage::Bind, Problem::new(Code::Values, &Place::new(name, ""), message))
    })
}

fn render(
    resource: &Resource,
    bindings: &Bindings,
    place: &Place,
    rendered: &mut Vec<(Manifest, Option<Track>)>,
    recorder: &mut Option<Recorder>,
) -> Result<(), Vec<Problem>> {
    let id = &resource.id;
    let control = |field: &str, error: &ControlError| {
        vec![error.problem(&place.below(field), &format!("evaluate {field} for resource {id:?}: "))]
    };
    if !holds(resource.include_when.as_ref(), bindings).map_err(|error| control("includeWhen", &error))? {
        return Ok(());
    }
    let rounds = each(resource.for_each.as_deref(), bindings).map_err(|error| control("forEach", &error))?;
    let place = place.below("template");
    for (round, inside) in rounds.iter().enumerate() {
        if let Some(recorder) = recorder {
            recorder.turn(resource.for_each.as_ref(), bindings);
        }
        let id = if resource.for_each.is_some() { format!("{id}-{round}") } else { id.to_string() };
        let mut faults = Faults::new();
        let written = || place.clone();
        let source = Some(&resource.template);
        let (tree, track) = origins::render(source, inside, &mut faults, recorder.as_mut(), Writer::Template, written);
        if !faults.is_empty() {
            let prefix = format!("render template for resource {id:?}: ");
            return Err(faults.into_vec().iter().map(|fault| Problem::fault(&place, &prefix, fault)).collect());
        }
        if tree.as_map().is_none() {
            let message = format!("rendered template for resource {id:?} is not a map (got {})", tree.type_name());
            return Err(vec![Problem::new(Code::Type, &place, message)]);
        }
        if let Some(field) = missing_field(&tree, REQUIRED) {
            let message = format!("resource {id:?} missing {field}");
            return Err(vec![Problem::new(Code::Manifest, &place.below(&field.to_string()), message)]);
        }
        let object = tree.to_json().map_err(|error| {
            vec![Problem::new(Code::Encoding, &place, format!("failed to marshal resource {id:?} to JSON: {error}"))]
        })?;
        rendered.push((Manifest { id, object }, track));
    }
    Ok(())
}
