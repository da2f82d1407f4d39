//! One run of a workflow: the run's object and what it needs beside it.

mod parameters;

use std::sync::Arc;

use cel::Value;
use parameters::Made;

use crate::compiler::Compiler;
use crate::context;
use crate::evaluate::{ControlError, holds};
use crate::finish::{Missing, missing_field};
use crate::input::WorkflowInput;
use crate::origins::{self, Origins, Recorder, Track, Writer};
use crate::output::{Manifest, WorkflowRendered};
use crate::problem::{Code, Place, Problem, Problems, Stage};
use crate::program::{RunTemplate, WorkflowProgram};
use crate::template::{Bindings, Faults, Template};
use crate::tree::Tree;

const REQUIRED: [Missing; 4] = [Missing::ApiVersion, Missing::Kind, Missing::Metadata, Missing::Name];

/// The one kind that external references may be about.
const REFERENCED: &str = "SecretReference";

/// An external reference of a workflow, with its name evaluated for one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalReference {
    /// The id that templates know it by.
    pub id: String,
    /// The SecretReference's name; references whose name comes out empty are left out.
    pub name: String,
}

/// Compiles a run.
pub(crate) fn compile(compiler: &Compiler, input: &WorkflowInput<'_>) -> Result<WorkflowRendered, Problems> {
    render_all(compiler, input, &mut None).map(|(rendered, _)| rendered)
}

/// Compiles a run and tells where every field came from: of the run as rendered, as applied, and of the resources.
pub(crate) fn compile_with_origins(
    compiler: &Compiler,
    input: &WorkflowInput<'_>,
) -> Result<(WorkflowRendered, Origins), Problems> {
    let mut recorder = Some(Recorder::of_values(input.parameters, None));
    let (rendered, tracks) = render_all(compiler, input, &mut recorder)?;
    Ok((rendered, Recorder::into_origins(recorder, tracks, None)))
}

fn render_all(
    compiler: &Compiler,
    input: &WorkflowInput<'_>,
    recorder: &mut Option<Recorder>,
) -> Result<(WorkflowRendered, Vec<Option<Track>>), Problems> {
    check(input)?;
    let refs = input.external_refs.filter(|refs| !refs.is_empty());
    let program = compiler.workflow(input.workflow_name, input.workflow_spec, refs.is_some())?;
    let place = Place::new(format!("Workflow {}", input.workflow_name), "");
    let Some(run_template) = &program.run_template else {
        let problem =
            Problem::new(Code::Input, &place.below("spec.runTemplate"), "invalid input: workflow has no runTemplate");
        return Err(Problems::one(Stage::Input, problem));
    };
    let bindings = bind(&program, input, &place)?;
    let mut tracks = Vec::new();
    let place_of_run = place.below("spec.runTemplate");
    let (run, applied_run) = render_run(run_template, &bindings, &place_of_run, recorder, &mut tracks)?;

    let namespace = input.metadata.run_namespace();
    let mut resources = Vec::new();
    let mut problems = Vec::new();
    for (at, resource) in program.resources.iter().enumerate() {
        let place = place.below(&format!("spec.resources[{at}]"));
        match render_resource(resource, &bindings, &namespace, &place, recorder) {
            Ok(Some((manifest, track))) => {
                resources.push(manifest);
                tracks.push(track);
            }
            Ok(None) => {}
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        return Ok((WorkflowRendered { run, applied_run, resources }, tracks));
    }
    Err(Problems::prefixed(Stage::Evaluate, "failed to render resources: ".to_owned(), problems))
}

/// The external references of a run, to be resolved by the caller before it compiles the run.
pub(crate) fn external_references(
    compiler: &Compiler,
    input: &WorkflowInput<'_>,
) -> Result<Vec<ExternalReference>, Problems> {
    let program = compiler.workflow(input.workflow_name, input.workflow_spec, false)?;
    let place = Place::new(format!("Workflow {}", input.workflow_name), "");
    let bindings = bind(&program, input, &place)?;
    let mut references = Vec::new();
    let mut problems = Vec::new();
    for (at, reference) in program.external_refs.iter().enumerate() {
        let place = place.below(&format!("spec.externalRefs[{at}].name"));
        let id = &reference.id;
        let prefix = format!("failed to evaluate name for externalRef {id:?}: ");
        match reference.name.evaluate(&bindings) {
            Ok(Tree::Text(name)) if name.is_empty() => {}
            Ok(Tree::Text(_)) if reference.kind != REFERENCED => problems.push(Problem::new(
                Code::Spec,
                &place,
                format!(
                    "failed to resolve externalRef {id:?}: unsupported externalRef kind {:?}, only {REFERENCED} is supported",
                    reference.kind
                ),
            )),
            Ok(Tree::Text(name)) => {
                references.push(ExternalReference { id: id.clone(), name: name.to_string() });
            }
            Ok(other) => problems.push(Problem::new(
                Code::Type,
                &place,
                format!("{prefix}expected string, got {}", other.type_name()),
            )),
            Err(error) => problems.push(Problem::template(&place, &prefix, &error)),
        }
    }
    if problems.is_empty() { Ok(references) } else { Err(Problems::new(Stage::Bind, problems)) }
}

fn check(input: &WorkflowInput<'_>) -> Result<(), Problems> {
    let texts =
        [("namespaceName", &input.metadata.namespace_name), ("workflowRunName", &input.metadata.workflow_run_name)];
    let problems: Vec<Problem> = texts
        .into_iter()
        .filter(|(_, text)| text.is_empty())
        .map(|(field, _)| {
            Problem::new(
                Code::Input,
                &Place::new("context", field),
                format!("invalid input: context.{field} is required"),
            )
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Problems::new(Stage::Input, problems)) }
}

fn bind(program: &Arc<WorkflowProgram>, input: &WorkflowInput<'_>, place: &Place) -> Result<Bindings, Problems> {
    let prefix = "failed to build CEL context: failed to build parameters: ";
    let values = program.parameters.as_ref().map_err(|error| {
        // The contract tells any broken schema as one that could not be built.
        let error = error.to_string();
        let built = "failed to build structural schema: ";
        let message =
            if error.starts_with(built) { format!("{prefix}{error}") } else { format!("{prefix}{built}{error}") };
        Problems::one(Stage::Bind, Problem::new(Code::Schema, &place.below("spec.parameters"), message))
    })?;
    let parameters = values.for_workflow(input.parameters).map_err(|error| {
        let message = format!("{prefix}failed to unmarshal parameters: {error}");
        Problems::one(Stage::Bind, Problem::new(Code::Values, &Place::new("parameters", ""), message))
    })?;
    let store = Value::from(input.secret_store.unwrap_or_default());
    let refs = input.external_refs.filter(|refs| !refs.is_empty());
    let refs = refs.map(|refs| Value::map(refs.iter().map(|(id, value)| (id.as_str(), crate::bind::to_cel(value)))));
    Ok(program.scope.bind(
        [
            ("metadata", context::workflow_metadata(input.metadata)),
            ("parameters", parameters),
            ("workflowplane", Value::map([("secretStore", store)])),
        ]
        .into_iter()
        .chain(refs.map(|refs| ("externalRefs", refs))),
    ))
}

/// The run as rendered and as it is applied.
fn render_run(
    template: &RunTemplate,
    bindings: &Bindings,
    place: &Place,
    recorder: &mut Option<Recorder>,
    tracks: &mut Vec<Option<Track>>,
) -> Result<(serde_json::Value, serde_json::Value), Problems> {
    let prefix = "failed to render template: ".to_owned();
    let template = match template {
        RunTemplate::Object(template) => template,
        RunTemplate::Other(found) => {
            let message = format!(
                "failed to parse runTemplate: failed to unmarshal raw extension: json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
            );
            return Err(Problems::prefixed(Stage::Evaluate, prefix, vec![Problem::new(Code::Spec, place, message)]));
        }
    };
    let (mut tree, track) = render(template, bindings, place, "", recorder)
        .map_err(|problems| Problems::prefixed(Stage::Evaluate, prefix, problems))?;
    if let Some(field) = missing_field(&tree, REQUIRED) {
        let problem = Problem::new(
            Code::Manifest,
            &place.below(&field.to_string()),
            format!("validation failed: rendered resource missing {field}"),
        );
        return Err(Problems::one(Stage::Finish, problem));
    }
    let encode = |tree: &Tree| {
        tree.to_json().map_err(|error| {
            let message = format!("failed to marshal run to JSON: {error}");
            Problems::one(Stage::Encode, Problem::new(Code::Encoding, place, message))
        })
    };
    let run = encode(&tree)?;
    let mut made = Made::new(recorder.is_some());
    parameters::stringify_parameters(&mut tree, &mut made);
    let mut applied = None;
    if let (Some(recorder), Some(track)) = (recorder, track) {
        let copy = recorder.copied(track);
        made.tell(recorder, copy, &tree);
        applied = Some(copy);
    }
    tracks.extend([track, applied]);
    Ok((run, encode(&tree)?))
}

fn render(
    template: &Arc<Template>,
    bindings: &Bindings,
    place: &Place,
    prefix: &str,
    recorder: &mut Option<Recorder>,
) -> Result<(Tree, Option<Track>), Vec<Problem>> {
    let mut faults = Faults::new();
    let written = || place.clone();
    let (mut tree, track) =
        origins::render(Some(template), bindings, &mut faults, recorder.as_mut(), Writer::Template, written);
    if !faults.is_empty() {
        let prefix = format!("{prefix}failed to render workflow resource: ");
        return Err(faults.into_vec().iter().map(|fault| Problem::fault(place, &prefix, fault)).collect());
    }
    if tree.as_map().is_none() {
        let message = format!("{prefix}rendered workflow resource is not an object (got {})", tree.type_name());
        return Err(vec![Problem::new(Code::Type, place, message)]);
    }
    let mut made = Made::new(recorder.is_some());
    parameters::stringify_values(&mut tree, &mut made);
    parameters::parse_lists(&mut tree, &mut made);
    if let (Some(recorder), Some(track)) = (recorder, track) {
        made.tell(recorder, track, &tree);
    }
    Ok((tree, track))
}

fn render_resource(
    resource: &crate::program::Resource,
    bindings: &Bindings,
    namespace: &str,
    place: &Place,
    recorder: &mut Option<Recorder>,
) -> Result<Option<(Manifest, Option<Track>)>, Vec<Problem>> {
    let id = resource.id.to_string();
    let included = holds(resource.include_when.as_ref(), bindings).map_err(|error: ControlError| {
        vec![
            error
                .problem(&place.below("includeWhen"), &format!("failed to evaluate includeWhen for resource {id:?}: ")),
        ]
    })?;
    if !included {
        return Ok(None);
    }
    let place = place.below("template");
    let prefix = format!("failed to render resource {id:?}: ");
    let (mut tree, track) = render(&resource.template, bindings, &place, &prefix, recorder)?;
    if let Some(field) = missing_field(&tree, REQUIRED) {
        let message = format!("validation failed for resource {id:?}: rendered resource missing {field}");
        return Err(vec![Problem::new(Code::Manifest, &place.below(&field.to_string()), message)]);
    }
    if tree.text_at(&["metadata", "name"]).is_some_and(|name| name.starts_with('-')) {
        return Ok(None);
    }
    let field: Arc<str> = Arc::from("namespace");
    if let Some(metadata) = tree.as_map_mut().and_then(|object| object.get_mut("metadata")).and_then(Tree::as_map_mut) {
        metadata.insert(field.clone(), Tree::text(namespace));
        if let (Some(recorder), Some(track)) = (recorder, track) {
            recorder.wrote(
                std::iter::once(track),
                &["metadata"],
                std::iter::once(&field),
                "namespace of workflow runs",
            );
        }
    }
    let object = tree.to_json().map_err(|error| {
        vec![Problem::new(Code::Encoding, &place, format!("failed to marshal resource {id:?} to JSON: {error}"))]
    })?;
    Ok(Some((Manifest { id, object }, track)))
}
