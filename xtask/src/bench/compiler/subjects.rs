//! What is timed, counted and run again under an instrument.

use super::cases::{Named, ONE, THREE, TWENTY};
use super::stopwatch;
use anyhow::{Context, Result, ensure};
use cel::{Env, Numbers, Program, Type, Value};
use compiler::Compiler;
use compiler::input::ComponentInput;
use compiler::template::Segment;

/// How a compilation with origins is called.
pub(super) const ORIGINS: &str = ", with origins";

/// How one is called behind which a field's origin is asked for: the first such question does the compilation again.
const QUESTION: &str = ", with origins, first question";

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

/// What is wanted of a compilation.
enum Wanted {
    Manifests,
    /// Also where everything came from, without asking.
    Origins,
    /// And where one field came from.
    OriginOf(Vec<Segment>),
}

enum Work<'c> {
    /// A compiler that knows the types already.
    Warm { compiler: Box<Compiler>, input: ComponentInput<'c>, wanted: Wanted },
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
            Work::Warm { compiler, input, wanted: Wanted::Manifests } => {
                drop(std::hint::black_box(compiler.component(input)));
            }
            Work::Warm { compiler, input, wanted: Wanted::Origins } => {
                drop(std::hint::black_box(compiler.component_with_origins(input)));
            }
            Work::Warm { compiler, input, wanted: Wanted::OriginOf(field) } => {
                let compiled = compiler.component_with_origins(input);
                let origin = compiled.as_ref().ok().and_then(|(_, origins)| origins.of(0, field));
                drop(std::hint::black_box((compiled, origin)));
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
        let compiled = checked.component_with_origins(&input());
        let (_, origins) = compiled.map_err(|problems| anyhow::anyhow!("{}: {problems}", case.name))?;
        let name = ["metadata", "name"].map(|key| Segment::Key(key.into())).to_vec();
        ensure!(origins.of(0, &name).is_some(), "{}: its first manifest's name has no origin", case.name);
        let subject = |suffix: &str, target, work| Subject {
            name: format!("{}{suffix}", case.name),
            unit: Unit::Microseconds,
            target,
            work,
        };
        let known = |wanted| Work::Warm { compiler: Box::new(Compiler::new()), input: input(), wanted };
        subjects.push(subject(": warm", warm, known(Wanted::Manifests)));
        subjects.push(subject(&format!(": warm{ORIGINS}"), None, known(Wanted::Origins)));
        subjects.push(subject(&format!(": warm{QUESTION}"), None, known(Wanted::OriginOf(name))));
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
