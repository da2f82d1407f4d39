//! A conversation with one control plane, as one context means it.
//!
//! ```text
//! flags, configuration ─▶ Session ─▶ token (kept, or asked for) ─▶ request ─▶ answer or failure in words
//! ```

mod answer;
mod http;
mod login;
mod token;
mod token_store;
mod warnings;

pub(crate) use answer::Problem;
pub(crate) use http::{Http, encode};
pub(crate) use login::{command_login, command_logout, login, logout};
pub(crate) use warnings::field;

use crate::config::ConfigFile;
use crate::failure::Failure;
use clap::ArgMatches;
use std::path::{Path, PathBuf};
use token::Authority;
use token_store::TokenStore;

/// Whether a token of this client is kept beside the configuration.
pub(crate) fn has_token(config: &Path, client: &str) -> bool {
    TokenStore::beside(config).has(client)
}

/// Flags that every command has.
#[derive(Debug, Default, Clone)]
pub(crate) struct Settings {
    pub(crate) config: Option<PathBuf>,
    context: Option<String>,
    namespace: Option<String>,
    project: Option<String>,
}

impl Settings {
    pub(crate) fn read(matches: &ArgMatches) -> Settings {
        let text = |id: &str| matches.get_one::<String>(id).cloned();
        Settings {
            config: matches.get_one::<PathBuf>("config").cloned(),
            context: text("context"),
            namespace: text("namespace"),
            project: text("project"),
        }
    }
}

/// One control plane and what commands mean there.
pub(crate) struct Session {
    pub(crate) http: Http,
    namespace: Option<String>,
    /// The project that is meant, and whether the context said so.
    project: Option<(String, bool)>,
    component: Option<String>,
    resource: Option<String>,
}

impl Session {
    /// Opens the session that flags and configuration mean. Nothing is sent yet.
    pub(crate) fn open(settings: &Settings) -> Result<Session, Failure> {
        let ConfigFile { path, config } = ConfigFile::open(settings.config.as_deref())?;
        let name = settings.context.as_ref().unwrap_or(&config.current_context);
        if config.contexts.is_empty() {
            return Err(Failure::Input(format!(
                "{} has no context: add one with `occ config context add NAME --controlplane NAME --credentials NAME`, \
                 or pass the --config that `openchoreo up` printed",
                path.display()
            )));
        }
        let Some(context) = config.contexts.iter().find(|context| context.name == *name) else {
            let known: Vec<&str> = config.contexts.iter().map(|context| context.name.as_str()).collect();
            return Err(Failure::Input(format!(
                "context {name:?} is not in {}: it has {}",
                path.display(),
                known.join(", ")
            )));
        };
        let plane = config.controlplanes.iter().find(|plane| plane.name == context.controlplane);
        let Some(plane) = plane.filter(|plane| !plane.url.is_empty()) else {
            return Err(Failure::Input(format!(
                "control plane {:?} of context {name:?} has no address in {}: set it with `occ config controlplane add {} --url URL`",
                context.controlplane,
                path.display(),
                context.controlplane
            )));
        };
        let credential = config.credentials.iter().find(|one| one.name == context.credentials).cloned();
        let authority = Authority::new(&path, &plane.url, credential);
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Ok(Session {
            http: Http::new(&plane.url, authority)?,
            namespace: settings.namespace.clone().or_else(|| some(&context.namespace)),
            project: match &settings.project {
                Some(project) => Some((project.clone(), false)),
                None => some(&context.project).map(|project| (project, true)),
            },
            component: some(&context.component),
            resource: some(&context.resource),
        })
    }

    /// The namespace that is meant.
    pub(crate) fn namespace(&self) -> Result<&str, Failure> {
        self.namespace.as_deref().ok_or_else(|| {
            Failure::Input(
                "no namespace: pass --namespace NAME, or set it with `occ config context update NAME --namespace NAME`"
                    .into(),
            )
        })
    }

    /// The namespace, where one is said.
    pub(crate) fn namespace_if_any(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The project that is meant, and whether it is the context that says so.
    pub(crate) fn project(&self) -> Option<(&str, bool)> {
        self.project.as_ref().map(|(project, from_context)| (project.as_str(), *from_context))
    }

    /// What the context says of an owner of this kind.
    pub(crate) fn owner_of_context(&self, owner: &str) -> Option<&str> {
        match owner {
            "component" => self.component.as_deref(),
            "resource" => self.resource.as_deref(),
            _ => None,
        }
    }
}
