//! A trait's patches: which resources, which operations, applied in place.

use std::sync::Arc;

use super::Item;
use super::base::describe;
use crate::evaluate::each;
use crate::origins::{self, Recorder, Track, Writer};
use crate::patch::{self, Op, Path};
use crate::problem::{Code, Place, Problem};
use crate::program::{Patch, Target};
use crate::template::{Bindings, Faults, to_cel};
use crate::tree::Tree;

/// Applies one patch to the resources it is about.
pub(super) fn apply(
    patch: &Patch,
    at: usize,
    name: &str,
    bindings: &Bindings,
    place: &Place,
    items: &mut [Item],
    recorder: &mut Option<Recorder>,
) -> Result<(), Vec<Problem>> {
    let place = place.below(&format!("spec.patches[{at}]"));
    let outer = || format!("failed to apply trait patch #{at} for trait {name}: ");
    let who = format!("trait {name} patch #{at}");
    let rounds = each(patch.for_each.as_deref(), bindings)
        .map_err(|error| vec![loop_problem(patch.for_each.as_deref(), &place, &outer(), &who, &error)])?;
    for (round, inside) in rounds.iter().enumerate() {
        if let Some(recorder) = recorder {
            recorder.turn(patch.for_each.as_ref(), bindings);
        }
        let prefix = || match patch.for_each {
            Some(_) => format!("{}forEach iteration {round} failed: ", outer()),
            None => outer(),
        };
        apply_round(patch, &who, inside, &place, items, recorder).map_err(|problems| prefixed(&prefix(), problems))?;
    }
    Ok(())
}

/// A loop's error, with the expression as written where it is the expression that failed.
pub(super) fn loop_problem(
    for_each: Option<&crate::program::Loop>,
    place: &Place,
    outer: &str,
    who: &str,
    error: &crate::evaluate::ControlError,
) -> Problem {
    let place = place.below("forEach");
    let what = match (error, for_each.map(|round| &round.items)) {
        (crate::evaluate::ControlError::Template(_), Some(crate::template::Template::Whole(expression))) => {
            format!("failed to evaluate forEach expression '${{{}}}' for {who}: ", expression.source())
        }
        (crate::evaluate::ControlError::Template(_), _) => format!("failed to evaluate forEach expression for {who}: "),
        _ => format!("invalid forEach result for {who}: "),
    };
    error.problem(&place, &format!("{outer}{what}"))
}

pub(super) fn prefixed(prefix: &str, problems: Vec<Problem>) -> Vec<Problem> {
    problems.into_iter().map(|problem| Problem { message: format!("{prefix}{}", problem.message), ..problem }).collect()
}

/// The operations of one round; rendered once, even where the condition leaves no target (contract of v1.2).
fn apply_round(
    patch: &Patch,
    who: &str,
    bindings: &Bindings,
    place: &Place,
    items: &mut [Item],
    recorder: &mut Option<Recorder>,
) -> Result<(), Vec<Problem>> {
    let Some(targets) = targets(&patch.target, who, bindings, place, items)? else { return Ok(()) };
    let operations = render_operations(patch, who, bindings, place, recorder)?;
    for target in targets {
        let item = &mut items[target];
        for (at, Rendered { op, path, value, track }) in operations.iter().enumerate() {
            let done = Op::parse(op).and_then(|op| Ok((op, Path::parse(path)?)));
            let done = done.and_then(|(op, path)| Ok((op, patch::apply(&mut item.tree, op, &path, value)?)));
            let (op, pointers) = done.map_err(|error| {
                let name = describe(&item.tree);
                let message = format!("failed to apply patches to {name} for {who}: operation #{at} failed: {error}");
                vec![Problem::new(Code::Patch, &place.below(&format!("operations[{at}]")), message)]
            })?;
            if let (Some(recorder), Some(target), Some(value)) = (recorder.as_mut(), item.track, *track) {
                recorder.patched(target, op, pointers, value);
            }
        }
    }
    Ok(())
}

/// The indexes of the resources that the target is about; `None` where not even kind and plane match any.
pub(super) fn targets(
    target: &Target,
    who: &str,
    bindings: &Bindings,
    place: &Place,
    items: &[Item],
) -> Result<Option<Vec<usize>>, Vec<Problem>> {
    let candidates: Vec<usize> = items
        .iter()
        .enumerate()
        .filter(|(_, item)| target.matches(item.plane.as_str(), &item.tree))
        .map(|(at, _)| at)
        .collect();
    if candidates.is_empty() {
        return Ok(None);
    }
    let Some(condition) = &target.condition else { return Ok(Some(candidates)) };
    let place = place.below("target.where");
    let text = &target.condition_text;
    let mut chosen = Vec::with_capacity(candidates.len());
    for at in candidates {
        let bindings = target.scope.widen(bindings, "resource", to_cel(&items[at].tree));
        match condition.evaluate(&bindings) {
            Ok(Tree::Bool(true)) => chosen.push(at),
            Ok(Tree::Bool(false)) => {}
            Ok(other) => {
                let message =
                    format!("where clause '{text}' must evaluate to boolean for {who}, got {}", other.type_name());
                return Err(vec![Problem::new(Code::Type, &place, message)]);
            }
            Err(error) => {
                let prefix = format!("failed to evaluate where clause '{text}' for {who}: ");
                return Err(vec![Problem::template(&place, &prefix, &error)]);
            }
        }
    }
    Ok(Some(chosen))
}

/// An operation with path and value rendered.
struct Rendered<'p> {
    op: &'p str,
    path: Arc<str>,
    value: Tree,
    track: Option<Track>,
}

fn render_operations<'p>(
    patch: &'p Patch,
    who: &str,
    bindings: &Bindings,
    place: &Place,
    recorder: &mut Option<Recorder>,
) -> Result<Vec<Rendered<'p>>, Vec<Problem>> {
    let mut operations = Vec::with_capacity(patch.operations.len());
    let mut problems = Vec::new();
    for (at, operation) in patch.operations.iter().enumerate() {
        let place = || place.below(&format!("operations[{at}]"));
        let what = || format!("for {who} operation #{at}");
        let path = match operation.path.evaluate(bindings) {
            Ok(Tree::Text(path)) => path,
            Ok(other) => {
                let message = format!(
                    "path '{}' must evaluate to string {}, got {}",
                    operation.path_text,
                    what(),
                    other.type_name()
                );
                problems.push(Problem::new(Code::Type, &place().below("path"), message));
                continue;
            }
            Err(error) => {
                let prefix = format!("failed to render path '{}' {}: ", operation.path_text, what());
                problems.push(Problem::template(&place().below("path"), &prefix, &error));
                continue;
            }
        };
        let mut faults = Faults::new();
        let wanted = !operation.op.eq_ignore_ascii_case(Op::Remove.name());
        let place_of_value = || place().below("value");
        let source = operation.value.as_ref().filter(|_| wanted);
        let written = || if source.is_some() { place_of_value() } else { place() };
        let (value, track) =
            origins::render(source, bindings, &mut faults, recorder.as_mut(), Writer::TraitPatch, written);
        if !faults.is_empty() {
            let (place, prefix) = (place_of_value(), format!("failed to render value {}: ", what()));
            problems.extend(faults.into_vec().iter().map(|fault| Problem::fault(&place, &prefix, fault)));
        }
        operations.push(Rendered { op: &operation.op, path, value, track });
    }
    if problems.is_empty() { Ok(operations) } else { Err(problems) }
}
