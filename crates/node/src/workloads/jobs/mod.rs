//! Jobs: pods until enough of them have succeeded, or too many have failed.
//!
//! A pod of a Job carries a finalizer until its end is counted: `tracking` writes its UID into the status, takes the
//! finalizer away, and counts it then. So no end is counted twice or forgotten, whenever the process dies and whoever
//! deletes the pod.

mod failure_policy;
mod indexes;
mod per_index;
mod plan;
#[cfg(test)]
mod plan_tests;
mod pods;
mod success_policy;
mod tracking;
mod write;

pub(super) use plan::is_finished;
