//! Changes of a configuration: what may be added, changed and deleted. No input or output here.

use super::file::{Config, Context, ControlPlane, Credential};
use crate::failure::Failure;

/// What `context add` and `context update` may set; what is absent stays.
#[derive(Debug, Default)]
pub(super) struct ContextChange {
    pub(super) controlplane: Option<String>,
    pub(super) credentials: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) project: Option<String>,
    pub(super) component: Option<String>,
    pub(super) resource: Option<String>,
}

fn input(text: String) -> Failure {
    Failure::Input(text)
}

impl Config {
    pub(super) fn add_context(&mut self, name: &str, change: ContextChange) -> Result<(), Failure> {
        if self.contexts.iter().any(|context| context.name == name) {
            return Err(input(format!("context {name:?} already exists")));
        }
        let mut context = Context { name: name.to_owned(), ..Context::default() };
        self.refer(&change);
        change.apply(&mut context);
        self.contexts.push(context);
        if self.current_context.is_empty() {
            name.clone_into(&mut self.current_context);
        }
        Ok(())
    }

    pub(super) fn update_context(&mut self, name: &str, change: ContextChange) -> Result<(), Failure> {
        if !self.contexts.iter().any(|context| context.name == name) {
            return Err(missing_context(name));
        }
        self.refer(&change);
        if let Some(context) = self.contexts.iter_mut().find(|context| context.name == name) {
            change.apply(context);
        }
        Ok(())
    }

    /// What a context names and is not there yet gets an empty place, to be filled by `update` and `login`.
    fn refer(&mut self, change: &ContextChange) {
        if let Some(name) = &change.controlplane
            && !self.controlplanes.iter().any(|plane| plane.name == *name)
        {
            self.controlplanes.push(ControlPlane::new(name, ""));
        }
        if let Some(name) = &change.credentials
            && !self.credentials.iter().any(|credential| credential.name == *name)
        {
            self.credentials.push(Credential { name: name.clone(), ..Credential::default() });
        }
    }

    pub(super) fn use_context(&mut self, name: &str) -> Result<(), Failure> {
        if !self.contexts.iter().any(|context| context.name == name) {
            return Err(missing_context(name));
        }
        name.clone_into(&mut self.current_context);
        Ok(())
    }

    pub(super) fn delete_context(&mut self, name: &str) -> Result<(), Failure> {
        if self.current_context == name {
            return Err(input(format!(
                "context {name:?} is the current one: choose another first with `occ config context use NAME`"
            )));
        }
        let before = self.contexts.len();
        self.contexts.retain(|context| context.name != name);
        if self.contexts.len() == before { Err(missing_context(name)) } else { Ok(()) }
    }

    pub(super) fn add_control_plane(&mut self, name: &str, url: &str) -> Result<(), Failure> {
        if self.controlplanes.iter().any(|plane| plane.name == name) {
            return Err(input(format!("control plane {name:?} already exists")));
        }
        self.controlplanes.push(ControlPlane::new(name, &address(url)?));
        Ok(())
    }

    pub(super) fn update_control_plane(&mut self, name: &str, url: &str) -> Result<(), Failure> {
        let url = address(url)?;
        let found = self.controlplanes.iter_mut().find(|plane| plane.name == name);
        found.ok_or_else(|| input(format!("control plane {name:?} not found")))?.url = url;
        Ok(())
    }

    pub(super) fn delete_control_plane(&mut self, name: &str) -> Result<(), Failure> {
        if let Some(context) = self.contexts.iter().find(|context| context.controlplane == name) {
            return Err(input(format!("control plane {name:?} is used by context {:?}", context.name)));
        }
        let before = self.controlplanes.len();
        self.controlplanes.retain(|plane| plane.name != name);
        if self.controlplanes.len() == before {
            return Err(input(format!("control plane {name:?} not found")));
        }
        Ok(())
    }

    pub(super) fn add_credentials(&mut self, name: &str) -> Result<(), Failure> {
        if self.credentials.iter().any(|credential| credential.name == name) {
            return Err(input(format!("credentials {name:?} already exist")));
        }
        self.credentials.push(Credential { name: name.to_owned(), ..Credential::default() });
        Ok(())
    }

    pub(super) fn delete_credentials(&mut self, name: &str) -> Result<(), Failure> {
        if let Some(context) = self.contexts.iter().find(|context| context.credentials == name) {
            return Err(input(format!("credentials {name:?} are used by context {:?}", context.name)));
        }
        let before = self.credentials.len();
        self.credentials.retain(|credential| credential.name != name);
        if self.credentials.len() == before {
            return Err(input(format!("credentials {name:?} not found")));
        }
        Ok(())
    }
}

fn missing_context(name: &str) -> Failure {
    input(format!("context {name:?} not found: `occ config context list` shows what there is"))
}

/// An address of a server, without a path's last slash.
fn address(url: &str) -> Result<String, Failure> {
    let parsed = reqwest::Url::parse(url).map_err(|error| input(format!("{url:?} is not a URL: {error}")))?;
    if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() {
        return Err(input(format!(
            "{url:?} is not the address of a server: expected http://HOST:PORT or https://HOST"
        )));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

impl ContextChange {
    fn apply(self, context: &mut Context) {
        let sets = [
            (&mut context.controlplane, self.controlplane),
            (&mut context.credentials, self.credentials),
            (&mut context.namespace, self.namespace),
            (&mut context.project, self.project),
            (&mut context.component, self.component),
            (&mut context.resource, self.resource),
        ];
        for (place, value) in sets {
            if let Some(value) = value {
                *place = value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn config() -> Config {
        let mut config = Config::default();
        config.add_control_plane("local", "http://127.0.0.1:1/").expect("added");
        config.add_credentials("me").expect("added");
        let change = ContextChange {
            controlplane: Some("local".into()),
            credentials: Some("me".into()),
            ..ContextChange::default()
        };
        config.add_context("dev", change).expect("added");
        config
    }

    #[test]
    fn the_first_context_is_the_current_one_and_a_url_has_no_last_slash() {
        let config = config();
        assert_eq!(
            (config.current_context.as_str(), config.controlplanes[0].url.as_str()),
            ("dev", "http://127.0.0.1:1")
        );
    }

    #[rstest]
    #[case::current(|config: &mut Config| config.delete_context("dev"), "context \"dev\" is the current one: choose another first with `occ config context use NAME`")]
    #[case::used_plane(|config: &mut Config| config.delete_control_plane("local"), "control plane \"local\" is used by context \"dev\"")]
    #[case::used_credentials(|config: &mut Config| config.delete_credentials("me"), "credentials \"me\" are used by context \"dev\"")]
    #[case::twice(|config: &mut Config| config.add_control_plane("local", "http://x"), "control plane \"local\" already exists")]
    #[case::no_url(|config: &mut Config| config.add_control_plane("other", "localhost:80"), "\"localhost:80\" is not the address of a server: expected http://HOST:PORT or https://HOST")]
    #[case::no_context(|config: &mut Config| config.use_context("ghost"), "context \"ghost\" not found: `occ config context list` shows what there is")]
    fn a_change_that_makes_no_sense_changes_nothing(
        #[case] change: fn(&mut Config) -> Result<(), Failure>,
        #[case] text: &str,
    ) {
        let (before, mut after) = (config(), config());
        assert_eq!(change(&mut after), Err(Failure::Input(text.to_owned())));
        assert_eq!(after, before);
    }
}
