//! What is timed, counted and run again under an instrument.

use super::cases::{Named, ONE, THREE, TWENTY};
use super::stopwatch;
use anyhow::{Context, Result};
use cel::{Env, Numbers, Program, Type, Value};
use compiler::Compiler;
use compiler::input::ComponentInput;

/// How a compilation with origins is called.
pub(super) const ORIGINS: &str = ", with origins";

/// In which unit a figure is told.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Nanoseconds,
    Microseconds,
}

impl Unit {
    pub(super) fn nanos(self) -> f64 {
        match self {
            Self::Nanoseconds => 1.0,
            Self::Microseconds => 1e3,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Microseconds => "µs",
        }
    }
}

enum Work<'c> {
    /// A compiler that knows the types already.
    Warm { compiler: Box<Compiler>, input: ComponentInput<'c>, origins: bool },
    /// A new compiler each time.
    Cold { input: ComponentInput<'c> },
    /// One expression.
    Evaluate { program: Program, activation: cel::Activation },
}

/// Something that can be done once.
pub(super) struct Subject<'c> {
    pub(super) name: String,
    pub(super) unit: Unit,
    pub(super) target: Option<f64>,
    work: Work<'c>,
}

impl Subject<'_> {
    pub(super) fn once(&self) {
        match &self.work {
            Work::Warm { compiler, input, origins: false } => drop(std::hint::black_box(compiler.component(input))),
            Work::Warm { compiler, input, origins: true } => {
                drop(std::hint::black_box(compiler.component_with_origins(input)));
            }
            Work::Cold { input } => drop(std::hint::black_box(Compiler::new().component(input))),
            Work::Evaluate { program, activation } => drop(std::hint::black_box(program.eval(activation))),
        }
    }

    /// Nanoseconds of doing it, sampled.
    pub(super) fn nanos(&self, times: u32) -> Vec<f64> {
        match &self.work {
            // What is compiled stays until the process ends, so forgetting it again is no part of a first compilation.
            Work::Cold { input } => stopwatch::apart(times, Compiler::new, |compiler| compiler.component(input)),
            _ => stopwatch::batched(times, || self.once()),
        }
    }
}

/// Each subject with its target. The targets are a twentieth of what v1.2 needs on one such core: 730 µs and 2.04 ms
/// warm, 6.3 ms and 11.8 ms cold.
pub(super) fn all<'c>(cases: &'c [Named<'_>]) -> Result<Vec<Subject<'c>>> {
    let mut subjects = vec![predicate()?];
    for case in cases {
        let (warm, cold) = match case.name.as_str() {
            ONE => (Some(36.5), Some(315.0)),
            THREE => (Some(102.0), Some(590.0)),
            TWENTY => (Some(200.0), None),
            _ => (None, None),
        };
        let input = || case.input();
        let checked = Compiler::new();
        checked.component(&input()).map_err(|problems| anyhow::anyhow!("{}: {problems}", case.name))?;
        let subject = |suffix: &str, target, work| Subject {
            name: format!("{}{suffix}", case.name),
            unit: Unit::Microseconds,
            target,
            work,
        };
        let known = |origins| Work::Warm { compiler: Box::new(Compiler::new()), input: input(), origins };
        subjects.push(subject(": warm", warm, known(false)));
        subjects.push(subject(&format!(": warm{ORIGINS}"), None, known(true)));
        subjects.push(subject(": cold", cold, Work::Cold { input: input() }));
    }
    Ok(subjects)
}

/// A condition as types have them, on values as kubelite has them.
fn predicate() -> Result<Subject<'static>> {
    let env = Env::builder().variable("x", Type::Dyn).build();
    let program = env.compile("x.a == 'b' && size(x.list) > 2").ok().context("the predicate compiles")?;
    let json = serde_json::json!({"a": "b", "list": [1, 2, 3], "labels": {"app": "web"}});
    let activation = env.activation().with("x", Value::from_json(&json, Numbers::AsInt));
    Ok(Subject {
        name: "a simple predicate".to_owned(),
        unit: Unit::Nanoseconds,
        target: Some(50.0),
        work: Work::Evaluate { program, activation },
    })
}
