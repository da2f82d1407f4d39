//! DaemonSets: one pod on the one node, where the node fits.

mod plan;
#[cfg(test)]
mod plan_tests;
mod write;
