//! HorizontalPodAutoscalers: the replicas of a Deployment, StatefulSet or ReplicaSet follow what its pods use.
//!
//! Flow of one look: `refuse` (what is not carried out) → `sampler` (what the pods use) → `metric` over `standing` (how
//! many replicas one metric asks for) → `plan` (the most of them, the conditions) → `behavior` (how fast) → `write`.
//! Rules and words are those of Kubernetes' controller.

mod behavior;
mod metric;
mod plan;
#[cfg(test)]
mod plan_tests;
mod refuse;
mod sampler;
mod standing;
mod write;

pub(crate) use sampler::{PodUsage, Sampler};
pub(super) use write::Held;
