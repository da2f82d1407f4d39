//! One component for one environment: the whole flow, top down.

mod base;
mod context;
mod encode;
mod finish;
mod input_check;
mod patches;
mod post_rules;
mod removes;
mod steps;
mod traits;

use crate::TargetPlane;
use crate::compiler::Compiler;
use crate::evaluate::broken_rules;
use crate::input::ComponentInput;
use crate::origins::{Origins, Overridden, Recorder, Track};
use crate::output::{Counters, Rendered};
use crate::policy::network_policy;
use crate::problem::{Place, Problems, Stage};
use crate::template::Bindings;
use crate::tree::Tree;

pub use steps::Step;
use steps::Steps;

/// A rendered resource on its way to becoming a manifest.
#[derive(Debug)]
struct Item {
    plane: TargetPlane,
    tree: Tree,
    /// How it came about, if anybody asked.
    track: Option<Track>,
}

/// Compiles a component.
pub(crate) fn compile(compiler: &Compiler, input: &ComponentInput<'_>) -> Result<Rendered, Problems> {
    run(compiler, input, &mut None, &mut Steps::default()).map(|(rendered, _)| rendered)
}

/// Compiles a component and shows what there is behind each step, as far as it gets.
pub(crate) fn compile_in_steps(
    compiler: &Compiler,
    input: &ComponentInput<'_>,
) -> (Vec<Step>, Result<Rendered, Problems>) {
    let mut steps = Steps::wanted();
    let rendered = run(compiler, input, &mut None, &mut steps).map(|(rendered, _)| rendered);
    (steps.into_vec(), rendered)
}

/// Compiles a component and tells where every field came from.
pub(crate) fn compile_with_origins(
    compiler: &Compiler,
    input: &ComponentInput<'_>,
) -> Result<(Rendered, Origins), Problems> {
    let overridden = input.overrides.map(|overrides| Overridden {
        env: overrides.env.iter().map(|variable| variable.key.clone()).collect(),
        files: overrides.files.iter().map(|file| file.key.clone()).collect(),
    });
    let mut recorder = Some(Recorder::new(overridden.unwrap_or_default()));
    let (rendered, tracks) = run(compiler, input, &mut recorder, &mut Steps::default())?;
    Ok((rendered, Recorder::into_origins(recorder, tracks, Some("network policy"))))
}

/// The variables that the type's templates read.
pub(crate) fn variables(compiler: &Compiler, input: &ComponentInput<'_>) -> Result<Bindings, Problems> {
    input_check::check(input)?;
    let program = compiler.component_type(input.type_name, input.type_spec, context::has_gateway(input))?;
    let place = Place::new(format!("ComponentType {}", input.type_name), "");
    let variables = context::Variables::bind(input, &program, false, &place)?;
    Ok(variables.component(&program.scope))
}

fn run(
    compiler: &Compiler,
    input: &ComponentInput<'_>,
    recorder: &mut Option<Recorder>,
    steps: &mut Steps,
) -> Result<(Rendered, Vec<Option<Track>>), Problems> {
    input_check::check(input)?;
    let gateway = context::has_gateway(input);
    let program = compiler.component_type(input.type_name, input.type_spec, gateway)?;
    let place = Place::new(format!("ComponentType {}", input.type_name), "");
    let Some(resources) = &program.resources else { return Err(input_check::no_resources(&place)) };

    let traits = traits::Catalog::new(compiler, input.trait_specs, gateway)?;
    let variables = context::Variables::bind(input, &program, traits.read_routes(), &place)?;
    let bindings = variables.component(&program.scope);
    steps.bound(&place.object, &program.scope, &bindings);

    let broken = broken_rules(&program.rules, &bindings, &place);
    if !broken.is_empty() {
        return Err(Problems::prefixed(Stage::Check, "component type validation failed: ".to_owned(), broken));
    }

    if let Some(recorder) = recorder {
        recorder.given(input.parameters, input.environment_configs, false);
    }
    let mut items = base::render(resources, &bindings, &place, recorder)?;
    steps.items(Stage::Evaluate, &place.object, &items);
    let base_count = items.len();
    let applied =
        traits::Applied { catalog: &traits, program: &program, input, variables: &variables, component: &bindings };
    let instances = traits::apply_all(&applied, &mut items, recorder, steps)?;

    post_rules::check(&program, &place, &bindings, &instances, &items)?;
    finish::finish(&mut items, &program.workload_type, variables.labels(), recorder)?;
    steps.items(Stage::Finish, &place.object, &items);

    let counters = Counters {
        resources: items.len(),
        base: base_count,
        traits: instances.len(),
        trait_resources: items.len() as i64 - base_count as i64,
    };
    let tracks = items.iter().map(|item| item.track).collect();
    let rendered = Rendered {
        resources: encode::encode(items)?,
        network_policy: network_policy(input.metadata, input.workload, input.data_plane),
        counters,
    };
    Ok((rendered, tracks))
}
