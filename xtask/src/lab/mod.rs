//! Real parts beside which ours are tried: kube-apiserver and kube-controller-manager with etcd, Kubernetes' own test suite.
//!
//! ```text
//! Go modules ─▶ binaries, built once (target/lab, or the folder OPENCHOREO_LAB) ─▶ processes with a temporary folder and free ports
//! ```
//!
//! What is started ends when its value is dropped, and also when the process that started it dies in any other way.

pub(crate) mod golang;
mod kubernetes;
mod process;

pub(crate) use kubernetes::{Kubernetes, Parts, TOKEN};

use anyhow::{Context, Result};
use std::path::PathBuf;

/// Where the built binaries lie.
pub(crate) fn folder() -> PathBuf {
    std::env::var_os("OPENCHOREO_LAB").map_or_else(|| crate::tidy::root().join("target/lab"), PathBuf::from)
}

/// `cargo xtask lab`: holds a real control plane until it is told to stop.
pub(crate) fn hold(parts: Parts) -> Result<()> {
    let kubernetes = Kubernetes::with(parts)?;
    println!("server     {}", kubernetes.url());
    println!("token      {TOKEN}");
    println!("kubeconfig {}", kubernetes.kubeconfig().display());
    for (name, id) in kubernetes.processes() {
        println!("process    {id} {name}");
    }
    println!("it runs until Ctrl-C or SIGTERM");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime
        .block_on(async {
            let mut end = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
            tokio::select! {
                asked = tokio::signal::ctrl_c() => asked,
                _ = end.recv() => Ok(()),
            }
        })
        .context("waiting for a signal")
}
