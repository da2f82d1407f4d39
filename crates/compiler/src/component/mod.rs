//! One component for one environment: the whole flow, top down.

mod base;
mod context;
mod encode;
mod finish;
mod input_check;
mod patches;
mod post_rules;
mod removes;
mod traits;

use crate::TargetPlane;
use crate::compiler::Compiler;
use crate::evaluate::broken_rules;
use crate::input::ComponentInput;
use crate::origins::{Origins, Recorder, Shadow};
use crate::output::{Counters, Rendered};
use crate::policy::network_policy;
use crate::problem::{Place, Problems, Stage};
use crate::template::Bindings;
use crate::tree::Tree;

/// A rendered resource on its way to becoming a manifest.
#[derive(Debug)]
struct Item {
    plane: TargetPlane,
    tree: Tree,
    /// Where each field came from, if anybody asked.
    shadow: Option<Shadow>,
    /// Whether the shadow tells the items of all lists apart, as patches need it.
    lists_told: bool,
}

/// Compiles a component.
pub(crate) fn compile(compiler: &Compiler, input: &ComponentInput<'_>) -> Result<Rendered, Problems> {
    run(compiler, input, &mut None).map(|(rendered, _)| rendered)
}

/// Compiles a component and tells where every field came from.
pub(crate) fn compile_with_origins(
    compiler: &Compiler,
    input: &ComponentInput<'_>,
) -> Result<(Rendered, Origins), Problems> {
    let overridden = input.overrides.is_some_and(|o| !o.env.is_empty() || !o.files.is_empty());
    let mut recorder = Some(Recorder::new(overridden));
    let (rendered, shadows) = run(compiler, input, &mut recorder)?;
    let recorder = recorder.unwrap_or_else(|| Recorder::new(overridden));
    Ok((rendered, recorder.into_origins(shadows.into_iter().flatten().collect())))
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
) -> Result<(Rendered, Vec<Option<Shadow>>), Problems> {
    input_check::check(input)?;
    let gateway = context::has_gateway(input);
    let program = compiler.component_type(input.type_name, input.type_spec, gateway)?;
    let place = Place::new(format!("ComponentType {}", input.type_name), "");
    let Some(resources) = &program.resources else { return Err(input_check::no_resources(&place)) };

    let traits = traits::Catalog::new(compiler, input.trait_specs, gateway)?;
    let variables = context::Variables::bind(input, &program, traits.read_routes(), &place)?;
    let bindings = variables.component(&program.scope);

    let broken = broken_rules(&program.rules, &bindings, &place);
    if !broken.is_empty() {
        return Err(Problems::prefixed(Stage::Check, "component type validation failed: ".to_owned(), broken));
    }

    if let Some(recorder) = recorder {
        recorder.given(input.parameters, input.environment_configs);
    }
    let mut items = base::render(resources, &bindings, &place, recorder)?;
    let base_count = items.len();
    let instances = traits::apply_all(&traits, &program, input, &variables, &bindings, &mut items, recorder)?;

    post_rules::check(&program, &place, &bindings, &instances, &items)?;
    finish::finish(&mut items, &program.workload_type, input.metadata, recorder)?;

    let counters = Counters {
        resources: items.len(),
        base: base_count,
        traits: instances.len(),
        trait_resources: items.len() as i64 - base_count as i64,
    };
    let shadows = items.iter_mut().map(|item| item.shadow.take()).collect();
    let rendered = Rendered {
        resources: encode::encode(items)?,
        network_policy: network_policy(input.metadata, input.workload, input.data_plane),
        counters,
    };
    Ok((rendered, shadows))
}
