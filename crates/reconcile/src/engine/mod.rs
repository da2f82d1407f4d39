//! One mechanism carries every controller: if the answer of a controller's function would change, the function runs
//! again, soon, and nothing else does. The crate's README draws the flow.

mod board;
mod cache;
mod cluster;
mod controller;
mod execute;
mod failure;
mod handle;
mod kind;
mod machine;
mod plan;
mod run;
mod server;
mod watch;
mod world;

pub use cache::Facets;
pub use cluster::{Cluster, ClusterId};
pub use controller::Controller;
pub use failure::{Failure, FailureReason};
pub use handle::{
    CacheSnapshot, Engine, EngineBuilder, EngineHandle, Explainer, KeySnapshot, Metrics, Settled, Snapshot, StartError,
    Why,
};
pub use kind::{Gvk, Kind, ObjectKey, ObjectRef, Scope};
pub use model::indexes::Index;
pub use plan::{Effect, EventNote, EventType, Plan, Step, Wait};
pub use world::{FixedWorld, List, Read, Unseen, World};
