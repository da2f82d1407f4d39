//! Log lines on standard error, readable or JSON.

use crate::cli::LogFormat;
use anyhow::{Context, Result};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Installs the process's log output.
pub(crate) fn install(format: LogFormat, filter: &str) -> Result<()> {
    let filter = EnvFilter::try_new(filter)
        .with_context(|| format!("--log {filter:?} is not a filter such as info or reconcile=debug"))?;
    // Newer kernels tell more of an interface than the library knows; that is no news for anybody.
    let filter = ["netlink_packet_route=error", "netlink_packet_core=error"]
        .into_iter()
        .try_fold(filter, |filter, quiet| quiet.parse().map(|directive| filter.add_directive(directive)))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => builder.with_target(false).compact().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    }
    .map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))
}
