//! kubelite in this process, on a TLS port of its own.

use super::Subject;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How far back watches and pages reach: short, so that specs which wait for the end of it do not wait for minutes.
const HISTORY: Duration = Duration::from_mins(1);

pub(super) struct Embedded {
    server: kubelite::Server,
    kubeconfig: PathBuf,
    // Dropped in this order: the runtime ends before its folder goes.
    runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

impl Embedded {
    pub(super) fn start() -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting a runtime")?;
        let kubeconfig = folder.path().join("kubeconfig");
        let server = runtime.block_on(async {
            let mut options = kubelite::Options::folder(folder.path().join("data"));
            options.history.age = HISTORY;
            let server = kubelite::Server::open(options).await?;
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
            let serving = server.serve(listener)?;
            server.authority().write_kubeconfig(&kubeconfig, &format!("https://{}", serving.address()))?;
            anyhow::Ok(server)
        })?;
        Ok(Self { server, kubeconfig, runtime, _folder: folder })
    }
}

impl Subject for Embedded {
    fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.runtime.block_on(self.server.shutdown());
    }
}
