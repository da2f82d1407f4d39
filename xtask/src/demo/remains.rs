//! What a server leaves on the machine when it ends: nothing.

use super::engine::Engine;
use anyhow::{Context, Result, ensure};
use node::engine::INSTANCE_LABEL;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The machine's network interfaces before the server starts.
#[derive(Debug)]
pub(crate) struct Before(BTreeSet<String>);

/// The mark of one server on what it makes, read while its data folder is there.
#[derive(Debug)]
pub(crate) struct Mark(String);

impl Mark {
    /// The mark of the server that works in that folder.
    pub(crate) fn of(data_dir: &Path) -> Result<Self> {
        let file = data_dir.join("node/instance");
        let id = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Self(id.trim().to_owned()))
    }
}

impl Before {
    pub(crate) fn see() -> Self {
        Self(interfaces())
    }

    /// What is left of the server with that mark: containers and networks that carry it, and interfaces that are new and
    /// that no network of anybody else uses.
    pub(crate) fn left(&self, engine: &Engine, mark: &Mark) -> Result<Vec<String>> {
        let label = format!("label={INSTANCE_LABEL}={}", mark.0);
        let mut left = Vec::new();
        for (what, words) in [
            ("container", ["ps", "-a", "--filter", &label, "--format", "{{.Names}}"].as_slice()),
            ("network", &["network", "ls", "--filter", &label, "--format", "{{.Name}}"]),
        ] {
            left.extend(ask(engine, words)?.lines().map(|name| format!("{what} {name}")));
        }
        let others = bridges_in_use(engine)?;
        let ours = |name: &&String| {
            let bridge = std::fs::read_link(format!("/sys/class/net/{name}/master"));
            let bridge = bridge.ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
            !others.contains(*name) && !bridge.is_some_and(|bridge| others.contains(&bridge))
        };
        let now = interfaces();
        left.extend(now.difference(&self.0).filter(ours).map(|name| format!("interface {name}")));
        Ok(left)
    }
}

/// The interfaces of the networks that the engine has.
fn bridges_in_use(engine: &Engine) -> Result<BTreeSet<String>> {
    let names = ask(engine, &["network", "ls", "--format", "{{.Name}}"])?;
    let mut words = vec!["network", "inspect"];
    words.extend(names.lines());
    let Ok(networks) = ask(engine, &words) else { return Ok(BTreeSet::new()) };
    let networks: Vec<Value> = serde_json::from_str(&networks).context("the engine's networks")?;
    Ok(networks.iter().filter_map(bridge).collect())
}

/// The name that Podman tells, and the one that Docker makes from the network's id.
fn bridge(network: &Value) -> Option<String> {
    let told = network["network_interface"].as_str().map(str::to_owned);
    told.or_else(|| Some(format!("br-{}", network["Id"].as_str()?.get(..12)?)))
}

fn ask(engine: &Engine, words: &[&str]) -> Result<String> {
    let output = Command::new(&engine.program).args(words).output().context("cannot start the container engine")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn interfaces() -> BTreeSet<String> {
    let folder = std::fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
    folder.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
