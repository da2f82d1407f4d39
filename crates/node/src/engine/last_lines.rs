//! The end of a container's log.

use bollard::query_parameters::LogsOptions;
use futures::StreamExt as _;

use super::Engine;

impl Engine {
    /// The last `lines` of what a container wrote, and of these the last `bytes`.
    pub(crate) async fn last_lines(
        &self,
        container: &str,
        lines: u32,
        bytes: usize,
    ) -> Result<String, bollard::errors::Error> {
        let options = LogsOptions { stdout: true, stderr: true, tail: lines.to_string(), ..LogsOptions::default() };
        let mut log = self.docker().logs(container, Some(options));
        let mut kept: Vec<u8> = Vec::new();
        while let Some(piece) = log.next().await {
            kept.extend_from_slice(&piece?.into_bytes());
            // A line may be long: no more is held than twice what is shown.
            if kept.len() > 2 * bytes {
                kept.drain(..kept.len() - bytes);
            }
        }
        let from = kept.len().saturating_sub(bytes);
        Ok(String::from_utf8_lossy(&kept[from..]).into_owned())
    }
}
