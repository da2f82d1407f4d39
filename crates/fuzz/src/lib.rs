#![forbid(unsafe_code)]
//! Broken input for every entry point of the languages, the compiler and the Kubernetes API server, the same on every run.
//!
//! ```
//! let target = fuzz::target("pattern").unwrap();
//! let report = fuzz::run(target, 7, fuzz::Budget::inputs(20)).unwrap();
//! assert_eq!((report.inputs, report.failures.len()), (20, 0));
//! ```

mod corpus;
mod json;
mod mutate;
mod pipelines;
mod random;
mod run;
mod server;
mod targets;

pub use run::{Budget, Failure, Report, Why, run, run_watched};

/// One entry point, or a few that belong together.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, which is that of its folder in the corpus.
    pub name: &'static str,
    /// Whether inputs are JSON, so that their trees can be changed, too.
    json: bool,
    /// Words of its language.
    words: &'static [&'static str],
    /// Runs an input; panics where a law does not hold.
    call: fn(&[u8]),
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "cel", json: false, words: targets::CEL_WORDS, call: targets::cel },
    Target { name: "pattern", json: false, words: targets::PATTERN_WORDS, call: targets::pattern },
    Target { name: "schema", json: true, words: targets::SCHEMA_WORDS, call: targets::schema },
    Target { name: "template", json: true, words: targets::TEMPLATE_WORDS, call: targets::template },
    Target { name: "patch", json: true, words: targets::PATCH_WORDS, call: targets::patch },
    Target { name: "types", json: true, words: targets::TEMPLATE_WORDS, call: targets::types },
    Target { name: "component", json: true, words: targets::TEMPLATE_WORDS, call: targets::component },
    Target { name: "pipelines", json: true, words: targets::TEMPLATE_WORDS, call: pipelines::pipelines },
    Target { name: "admission", json: true, words: targets::TEMPLATE_WORDS, call: pipelines::admission },
    Target { name: "request", json: false, words: server::REQUEST_WORDS, call: server::request },
    Target { name: "protobuf", json: false, words: server::PROTOBUF_WORDS, call: server::protobuf },
    Target { name: "selectors", json: false, words: server::SELECTOR_WORDS, call: server::selectors },
    Target { name: "change", json: true, words: server::CHANGE_WORDS, call: server::change },
    Target { name: "apply", json: true, words: server::CHANGE_WORDS, call: server::apply },
    Target { name: "definition", json: true, words: server::DEFINITION_WORDS, call: server::definition },
];

/// The target of a name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
