//! The range of the addresses that Services get: chosen once, since containers and Services remember it.

use crate::data_dir::DataDir;
use anyhow::{Context, Result};
use node::network::{Cidr, NetworkError, free_service_range};

const FILE: &str = "service-range";

/// The range of this data folder. The first time, one that is free on this computer.
pub(crate) async fn service_range(data: &DataDir) -> Result<Cidr> {
    let path = data.path().join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(|error| {
            anyhow::anyhow!(
                "{} does not hold a range of addresses ({error}): remove it to have one chosen",
                path.display()
            )
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // No interface is ours yet, so none is left out of what is in use.
            let range = free_service_range("").await?;
            data.write(FILE, range.to_string().as_bytes())?;
            Ok(range)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Says what to do when the range that was chosen once is used by something else now.
pub(crate) fn with_way_out(error: NetworkError, data: &DataDir) -> anyhow::Error {
    match error {
        NetworkError::RangeInUse { range, with, .. } => anyhow::anyhow!(
            "the addresses that the Services of {} have ({range}) are used by something else on this computer ({with}). If that is another `openchoreo up`, stop it with --remove-on-exit first; if it is another network, move that one",
            data.path().display()
        ),
        error => error.into(),
    }
}
