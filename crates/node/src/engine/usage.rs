//! What a container uses of the computer, by the engine's count.

use std::time::Duration;

use bollard::query_parameters::StatsOptions;
use futures::StreamExt as _;

use super::{Engine, is_missing};

/// The longest that the engine may take over one answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A container's use of the computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Processor time since its start, in nanoseconds.
    pub(crate) processor_time: u64,
    /// Memory in bytes, without file pages that can be dropped where the engine tells them apart.
    pub(crate) memory: u64,
}

impl Engine {
    /// Asks once; `None` when there is no such container, it does not run, or the engine has no count of it.
    pub(crate) async fn usage(&self, container: &str) -> Option<Usage> {
        let options = StatsOptions { stream: false, one_shot: true };
        let mut answers = std::pin::pin!(self.docker().stats(container, Some(options)));
        let answer = match tokio::time::timeout(PATIENCE, answers.next()).await {
            Ok(Some(Ok(answer))) => answer,
            Ok(Some(Err(error))) => {
                if !is_missing(&error) {
                    tracing::debug!(container, %error, "the engine did not tell what a container uses");
                }
                return None;
            }
            Ok(None) => return None,
            Err(_) => {
                tracing::debug!(container, "the engine did not tell in time what a container uses");
                return None;
            }
        };
        let memory = answer.memory_stats?;
        let detail = memory.stats.unwrap_or_default();
        // Version 2 of control groups, then version 1.
        let droppable = detail.get("inactive_file").or_else(|| detail.get("total_inactive_file")).copied();
        Some(Usage {
            processor_time: answer.cpu_stats?.cpu_usage?.total_usage.filter(|time| *time > 0)?,
            memory: memory.usage.filter(|bytes| *bytes > 0)?.saturating_sub(droppable.unwrap_or_default()),
        })
    }
}
