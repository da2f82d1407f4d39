//! `openchoreo up`: everything in one process.

mod ports;

use crate::cli::UpOptions;
use crate::data_dir::DataDir;
use crate::logging;
use anyhow::Result;

/// Runs until told to stop.
pub(crate) fn main(options: UpOptions) -> Result<()> {
    logging::install(options.log_format, &options.log)?;
    let data = DataDir::open(options.data_dir.as_deref())?;
    let ports = ports::Ports::bind(&options)?;
    let _ = (data, ports);
    Ok(())
}
