//! The compiler alone, on one core: expressions, components cold and warm, origins, allocations, instructions.

mod allocations;
mod cases;
mod expressions;
mod instructions;
mod stopwatch;
mod subjects;

use super::BenchArgs;
use super::figure::{Budget, Figure, Report};
use anyhow::{Context, Result, bail};
use cases::Inputs;
use stopwatch::samples;
use subjects::Subject;

/// Most that origins may add to a compilation, in percent of it.
const ORIGINS_AT_MOST: f64 = 30.0;

/// Measures everything; with `--subject`, runs that one as often as told and measures nothing.
pub(super) fn run(args: &BenchArgs) -> Result<Report> {
    let inputs = Inputs::find()?;
    let cases = inputs.read()?;
    let subjects = subjects::all(&cases)?;
    if let Some(name) = &args.subject {
        let Some(subject) = subjects.iter().find(|subject| subject.name == *name) else {
            let known: Vec<&str> = subjects.iter().map(|subject| subject.name.as_str()).collect();
            bail!("no subject {name}; there are {}", known.join(", "));
        };
        (0..args.runs).for_each(|_| subject.once());
        return Ok(Report::default());
    }

    if args.allocations {
        return Ok(allocations::count(&subjects));
    }

    let mut report = Report::default();
    inputs.missing().iter().for_each(|why| report.skip(why.clone()));
    expressions::measure(args, &inputs, &mut report)?;
    for subject in &subjects {
        time(args, subject, &mut report)?;
    }
    origins(args, &subjects, &mut report)?;
    allocations::measure(&mut report)?;
    instructions::measure(&subjects, &mut report);
    Ok(report.signed())
}

fn time(args: &BenchArgs, subject: &Subject<'_>, report: &mut Report) -> Result<()> {
    let nanos = subject.nanos(args.times);
    let unit = subject.unit;
    let scaled = nanos.into_iter().map(|nanos| nanos / unit.nanos()).collect();
    let mut figure = Figure::median(&subject.name, scaled, unit.name()).context("nothing was measured")?;
    if let Some(most) = subject.target {
        figure = figure.within(Budget::AtMost(most));
    }
    report.add(figure);
    Ok(())
}

/// What origins cost: each compilation with and without them in turn, so that a busy machine slows both.
fn origins(args: &BenchArgs, subjects: &[Subject<'_>], report: &mut Report) -> Result<()> {
    for with in subjects {
        let Some(name) = with.name.strip_suffix(subjects::ORIGINS) else { continue };
        let without = subjects.iter().find(|other| other.name == name).context("the same without origins")?;
        let percents = samples(args.times, || {
            let (plain, traced) = stopwatch::pair(|| without.once(), || with.once());
            100.0 * (traced / plain - 1.0)
        });
        let figure = Figure::median(format!("{name}: origins add"), percents, "%").context("nothing was measured")?;
        report.add(figure.within(Budget::AtMost(ORIGINS_AT_MOST)));
    }
    Ok(())
}
