//! The file itself.

use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What the file holds. Members that this version does not know stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Config {
    pub(crate) current_context: String,
    pub(crate) controlplanes: Vec<ControlPlane>,
    pub(crate) credentials: Vec<Credential>,
    pub(crate) contexts: Vec<Context>,
    #[serde(flatten)]
    pub(crate) other: Map<String, Value>,
}

/// Where a control plane is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ControlPlane {
    pub(crate) name: String,
    pub(crate) url: String,
    #[serde(flatten)]
    pub(crate) other: Map<String, Value>,
}

/// How to log in.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Credential {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) client_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) client_secret: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) scope: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) token: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) refresh_token: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) auth_method: String,
    #[serde(flatten)]
    pub(crate) other: Map<String, Value>,
}

/// No member of a credential is for logs or errors.
impl std::fmt::Debug for Credential {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Credential({:?})", self.name)
    }
}

/// What commands mean when they do not say it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Context {
    pub(crate) name: String,
    pub(crate) controlplane: String,
    pub(crate) credentials: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) namespace: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) project: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) component: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) resource: String,
    #[serde(flatten)]
    pub(crate) other: Map<String, Value>,
}

impl ControlPlane {
    pub(crate) fn new(name: &str, url: &str) -> ControlPlane {
        ControlPlane { name: name.into(), url: url.into(), ..ControlPlane::default() }
    }
}

/// A configuration and where it is kept.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    pub(crate) path: PathBuf,
    pub(crate) config: Config,
}

/// The path that is meant when none is given: `~/.openchoreo/config`.
fn usual_path() -> Result<PathBuf, Failure> {
    match std::env::home_dir() {
        Some(home) if !home.as_os_str().is_empty() => Ok(home.join(".openchoreo").join("config")),
        _ => Err(Failure::Input("there is no home directory to find the configuration in: pass --config FILE".into())),
    }
}

impl ConfigFile {
    /// Reads the file; where there is none, the configuration is what the environment says of a first start.
    pub(crate) fn open(path: Option<&Path>) -> Result<ConfigFile, Failure> {
        let given = path.is_some();
        let path = path.map_or_else(usual_path, |path| Ok(path.to_owned()))?;
        let config = match std::fs::read_to_string(&path) {
            Ok(text) => read(&path, &text)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !given => first_start(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Config::default(),
            Err(error) => return Err(Failure::Input(format!("cannot read {}: {error}", path.display()))),
        };
        Ok(ConfigFile { path, config })
    }

    /// Writes the file, whole or not at all, for its owner only.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        let text = serde_saphyr::to_string(&self.config)
            .map_err(|error| Failure::Input(format!("cannot write {}: {error}", self.path.display())))?;
        write_private(&self.path, text.as_bytes())
    }
}

fn read(path: &Path, text: &str) -> Result<Config, Failure> {
    if text.trim().is_empty() {
        return Ok(Config::default());
    }
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        Failure::Input(format!("{}: not a configuration of occ: {}", path.display(), error.without_snippet()))
    })
}

/// A first context, named as v1.2 names it. `CHOREO_API_ENDPOINT`, `CHOREO_DEFAULT_ORG` (the namespace) and the other
/// variables of that family decide what is in it.
fn first_start() -> Config {
    let from = |name: &str, otherwise: &str| {
        std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| otherwise.to_owned())
    };
    let context = Context {
        name: from("CHOREO_DEFAULT_CONTEXT", "default"),
        controlplane: from("CHOREO_DEFAULT_CONTROLPLANE", "default"),
        credentials: from("CHOREO_DEFAULT_CREDENTIAL", "default"),
        namespace: from("CHOREO_DEFAULT_ORG", "default"),
        project: from("CHOREO_DEFAULT_PROJECT", ""),
        ..Context::default()
    };
    Config {
        current_context: context.name.clone(),
        controlplanes: vec![ControlPlane::new(
            &context.controlplane,
            &from("CHOREO_API_ENDPOINT", "http://localhost:8080"),
        )],
        credentials: vec![Credential { name: context.credentials.clone(), ..Credential::default() }],
        contexts: vec![context],
        other: Map::new(),
    }
}

/// Writes a file that only its owner can read. A reader sees the old or the new content, never half of it.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let attempt = || -> std::io::Result<()> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    };
    attempt().map_err(|error| {
        let _ = std::fs::remove_file(&draft);
        Failure::Input(format!("cannot write {}: {error}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_V12: &str = "\
currentContext: dev
controlplanes:
- name: local
  url: http://127.0.0.1:18081
credentials:
- name: me
  clientId: someone
  clientSecret: something
  authMethod: client_credentials
contexts:
- name: dev
  controlplane: local
  credentials: me
  namespace: occ-demo
  project: shop
  later: {kept: true}
";

    #[test]
    fn what_is_read_is_written_again_with_members_of_other_versions() {
        let read = super::read(Path::new("config"), OF_V12).expect("a configuration");
        let written = serde_saphyr::to_string(&read).expect("YAML");
        assert_eq!(super::read(Path::new("config"), &written).expect("a configuration"), read);
        assert!(written.contains("kept: true"), "{written}");
    }

    #[test]
    fn a_damaged_file_names_itself_and_no_secret() {
        let error = super::read(Path::new("config"), "credentials: s3cret").expect_err("no list");
        assert!(error.to_string().starts_with("config: not a configuration of occ: "), "{error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }

    #[test]
    fn a_credential_does_not_show_itself() {
        let credential = Credential { name: "me".into(), client_secret: "s3cret".into(), ..Credential::default() };
        assert_eq!(format!("{credential:?}"), "Credential(\"me\")");
    }
}
