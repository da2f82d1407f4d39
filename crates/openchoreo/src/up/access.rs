//! How the owner gets in: an `occ` configuration and a kubeconfig in the data folder.

use crate::data_dir::{DataDir, write_private};
use anyhow::{Context, Result};
use api::identity::Issuer;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The name of context, control plane and credentials in `occ` configurations.
pub(crate) const CONTEXT: &str = "local";

/// The client id of the command line.
const CLIENT: &str = "openchoreo-cli";

/// An `occ` configuration in the format of v1.2. Members that are not known here are kept.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    current_context: String,
    controlplanes: Vec<Value>,
    credentials: Vec<Value>,
    contexts: Vec<Value>,
    #[serde(flatten)]
    more: serde_json::Map<String, Value>,
}

fn named<'l>(list: &'l [Value], name: &str) -> Option<&'l Value> {
    list.iter().find(|entry| entry["name"] == name)
}

fn set(list: &mut Vec<Value>, entry: Value) {
    match list.iter_mut().find(|known| known["name"] == entry["name"]) {
        Some(known) => *known = entry,
        None => list.push(entry),
    }
}

impl Config {
    fn read(path: &Path) -> Result<Option<Config>> {
        match std::fs::read_to_string(path) {
            Ok(text) => serde_saphyr::from_str(&text)
                .map(Some)
                .with_context(|| format!("{} is not an occ configuration", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    fn secret(&self) -> Option<&str> {
        named(&self.credentials, CONTEXT)?["clientSecret"].as_str()
    }

    fn point_at(&mut self, url: &str, secret: &str) {
        set(&mut self.controlplanes, serde_json::json!({"name": CONTEXT, "url": url}));
        let credentials = serde_json::json!({
            "name": CONTEXT, "clientId": CLIENT, "clientSecret": secret, "authMethod": "client_credentials",
        });
        set(&mut self.credentials, credentials);
        if named(&self.contexts, CONTEXT).is_none() {
            self.contexts.push(serde_json::json!({
                "name": CONTEXT, "controlplane": CONTEXT, "credentials": CONTEXT, "namespace": "default",
            }));
        }
        if self.current_context.is_empty() {
            self.current_context = CONTEXT.into();
        }
    }

    fn write(&self, path: &Path) -> Result<()> {
        let text = serde_saphyr::to_string(self).context("the occ configuration cannot be written as YAML")?;
        write_private(path, text.as_bytes())
    }
}

/// Writes the configuration into the data folder, with a secret that the issuer knows. The user's own configuration gets
/// the context only where it has none of that name.
pub(crate) fn occ(data: &DataDir, issuer: &Issuer, url: &str) -> Result<PathBuf> {
    let path = data.path().join("occ.yaml");
    // A configuration that cannot be read is ours to write anew.
    let mut config = Config::read(&path).unwrap_or_default().unwrap_or_default();
    let secret = match config.secret().filter(|secret| issuer.knows(CLIENT, secret)) {
        Some(secret) => secret.to_owned(),
        None => issuer.renew_client(CLIENT)?.reveal().to_owned(),
    };
    config.point_at(url, &secret);
    config.write(&path)?;
    if let Err(error) = offer(url, &secret) {
        tracing::warn!("your own occ configuration was left as it is: {error:#}");
    }
    Ok(path)
}

/// Adds the context to the user's own configuration where there is none of that name.
fn offer(url: &str, secret: &str) -> Result<()> {
    let Some(home) = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute()) else {
        return Ok(());
    };
    let path = home.join(".openchoreo/config");
    let mut config = Config::read(&path)?.unwrap_or_default();
    if named(&config.contexts, CONTEXT).is_some() {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    config.point_at(url, secret);
    config.write(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_still_good_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::open(Some(folder.path())).expect("opens");
        let issuer = Issuer::open(&data.folder("identity").expect("a folder"), "http://here".into()).expect("opens");
        let read = || std::fs::read_to_string(folder.path().join("occ.yaml")).expect("reads");
        let mut config = Config::default();
        let secret = issuer.renew_client(CLIENT).expect("a secret").reveal().to_owned();
        config.point_at("http://old", &secret);
        config.write(&folder.path().join("occ.yaml")).expect("writes");
        let mut next = Config::read(&folder.path().join("occ.yaml")).expect("reads").expect("is there");
        assert_eq!(next.secret(), Some(secret.as_str()));
        next.point_at("http://new", &secret);
        next.write(&folder.path().join("occ.yaml")).expect("writes");
        assert!(read().contains("http://new") && !read().contains("http://old"), "{}", read());
    }
}
