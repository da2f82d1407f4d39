#![forbid(unsafe_code)]
//! Request scripts and mutated sample objects, played on a Kubernetes API server, compared with what a real one answered.

pub mod compare;
pub mod excuses;
pub mod mutate;
pub mod normal;
pub mod play;
pub mod record;
pub mod run;
pub mod sample;
pub mod script;
pub mod server;
pub mod verdicts;
pub mod wait;

use std::path::PathBuf;

/// Where scripts, samples and recorded answers lie.
pub fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
