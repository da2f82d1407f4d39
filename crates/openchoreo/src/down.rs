//! `openchoreo down`: takes away what an `openchoreo up` left running on this computer, stopped or killed. The data folder
//! stays, so that `up` builds all of it again.

use crate::cli::DownOptions;
use crate::data_dir::{self, DataDir};
use crate::engine;
use crate::up::without_root;
use anyhow::{Context, Result, bail};
use std::process::ExitCode;

pub(crate) fn main(options: &DownOptions) -> Result<ExitCode> {
    let path = data_dir::place(options.data_dir.as_deref())?;
    if !path.exists() {
        bail!("there is no data folder {}: name the one of your `openchoreo up` with --data-dir", path.display());
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
    runtime.block_on(async {
        if without_root::is_needed() {
            // Where the networks are, and where the files of containers are this process's own.
            let engine = options.engine.as_deref();
            let inside = without_root::Server { data_dir: Some(&path), engine, removes: true };
            return inside.run(std::future::pending()).await;
        }
        let data = without_root::data_dir(Some(&path))?;
        take_away(options, &data).await?;
        Ok(ExitCode::SUCCESS)
    })
}

#[allow(clippy::print_stdout, reason = "the line is the command's output")]
async fn take_away(options: &DownOptions, data: &DataDir) -> Result<()> {
    let folder = data.folder("node")?;
    let engine = engine::find(data, options.engine.as_deref()).await?;
    let removed = node::remove_installation(&engine, &folder).await.context("not everything could be removed")?;
    println!(
        "removed {} containers, {} networks, the interface for Services and its routing rules; the data stays in {}",
        removed.containers,
        removed.networks,
        data.path().display()
    );
    Ok(())
}
