//! Containers as this crate sees them: made, started, signalled, removed, and looked at.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bollard::models::{ContainerCreateBody, ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummary};
use bollard::query_parameters::{
    CreateContainerOptions, InspectContainerOptions, KillContainerOptions, ListContainersOptions,
    RemoveContainerOptions, StartContainerOptions,
};
use jiff::Timestamp;
use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Engine, INSTANCE_LABEL, is_missing};

/// How often a listing is asked for again because a container went meanwhile, and after which pause.
const VANISHING: u32 = 20;
const MOMENT: Duration = Duration::from_millis(50);

/// Where a container is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Made, not started.
    Created,
    /// Runs.
    Running,
    /// Has ended.
    Exited,
}

/// A container as the engine tells it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Observed {
    pub(crate) id: String,
    pub(crate) labels: HashMap<String, String>,
    pub(crate) phase: Phase,
    pub(crate) exit_code: i32,
    pub(crate) oom_killed: bool,
    /// The engine's words on why it did not start or run.
    pub(crate) error: String,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    /// Id of the image it was made from.
    pub(crate) image_id: String,
    /// The name of the image it was made from.
    pub(crate) image: String,
    /// Addresses on its networks.
    pub(crate) addresses: Vec<String>,
    /// The image's own stop signal.
    pub(crate) stop_signal: Option<String>,
    pub(crate) memory_limited: bool,
    /// The number of its main process while it runs, as the engine's machine counts.
    pub(crate) process: Option<i32>,
}

type EngineResult<T> = Result<T, bollard::errors::Error>;

impl Engine {
    /// Looks at one container; `None` when there is none of that id or name.
    pub(crate) async fn inspect(&self, container: &str) -> EngineResult<Option<Observed>> {
        let answer = self.docker().inspect_container(container, None::<InspectContainerOptions>).await;
        match without_unknown_states(answer) {
            Ok(found) => Ok(Some(observed(found))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => match wreck(&error) {
                Some(id) => self.clear_wreck(id).await.map(|()| None),
                None => Err(error),
            },
        }
    }

    /// The containers of this installation that carry all of `labels`, each looked at.
    pub(crate) async fn containers(&self, labels: &[(&str, &str)]) -> EngineResult<Vec<Observed>> {
        let mut wanted = vec![format!("{INSTANCE_LABEL}={}", self.instance())];
        wanted.extend(labels.iter().map(|(key, value)| format!("{key}={value}")));
        let options = ListContainersOptions {
            all: true,
            filters: Some(HashMap::from([("label".to_owned(), wanted)])),
            ..ListContainersOptions::default()
        };
        let mut found = Vec::new();
        for summary in self.list(&options).await? {
            if let Some(container) = self.inspect(&summary.id.unwrap_or_default()).await? {
                found.push(container);
            }
        }
        Ok(found)
    }

    /// Lists containers. One wreck keeps Podman from listing any, so wrecks among those asked for are removed; one that goes
    /// while it lists does so for that moment.
    async fn list(&self, options: &ListContainersOptions) -> EngineResult<Vec<ContainerSummary>> {
        let mut cleared = HashSet::new();
        let mut vanished = 0;
        loop {
            let answer = self.docker().list_containers(Some(options.clone())).await;
            match without_unknown_states(answer) {
                Ok(listed) => return Ok(listed),
                Err(error) if is_missing(&error) && vanished < VANISHING => {
                    vanished += 1;
                    tokio::time::sleep(MOMENT).await;
                }
                Err(error) => match wreck(&error).filter(|id| cleared.insert((*id).to_owned())) {
                    Some(id) => self.clear_wreck(id).await?,
                    None => return Err(error),
                },
            }
        }
    }

    async fn clear_wreck(&self, id: &str) -> EngineResult<()> {
        tracing::warn!(container = id, "the engine has lost a container's files; the container is removed");
        self.remove(id).await
    }

    /// Makes a container and returns its id. A left-over of the same name, never started, is replaced.
    pub(crate) async fn create(&self, name: &str, body: ContainerCreateBody) -> EngineResult<String> {
        let options = CreateContainerOptions { name: Some(name.to_owned()), ..CreateContainerOptions::default() };
        let first = self.docker().create_container(Some(options.clone()), body.clone()).await;
        let error = match first {
            Ok(made) => return Ok(made.id),
            Err(error) => error,
        };
        match self.inspect(name).await? {
            Some(left_over) if left_over.phase != Phase::Running => self.remove(&left_over.id).await?,
            // Podman was killed between the making of the files and the entry in its book.
            None if name_is_taken(&error) => {
                tracing::warn!(
                    container = name,
                    "the engine has files of a container that it does not know; they are removed"
                );
                self.remove(name).await?;
            }
            _ => return Err(error),
        }
        Ok(self.docker().create_container(Some(options), body).await?.id)
    }

    pub(crate) async fn start(&self, container: &str) -> EngineResult<()> {
        self.docker().start_container(container, None::<StartContainerOptions>).await
    }

    /// Sends a signal; fine when the container is gone or has ended.
    pub(crate) async fn signal(&self, container: &str, signal: &str) -> EngineResult<()> {
        let options = KillContainerOptions { signal: signal.to_owned() };
        match self.docker().kill_container(container, Some(options)).await {
            Ok(()) | Err(bollard::errors::Error::DockerResponseServerError { status_code: 404 | 409, .. }) => Ok(()),
            // Podman answers a signal to a container that has just ended with 500.
            Err(error) => match self.inspect(container).await? {
                Some(found) if found.phase == Phase::Running => Err(error),
                _ => Ok(()),
            },
        }
    }

    /// Removes a container, running or not, with its anonymous volumes; fine when it is gone.
    pub(crate) async fn remove(&self, container: &str) -> EngineResult<()> {
        let options = RemoveContainerOptions { force: true, v: true, ..RemoveContainerOptions::default() };
        match self.docker().remove_container(container, Some(options)).await {
            // 409: another removal of it is under way.
            Err(bollard::errors::Error::DockerResponseServerError { status_code: 409, .. }) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            other => other,
        }
    }
}

/// The id of a container that Podman still has in its book and no longer on its disk: it was killed while it removed or
/// made the container. Such a one can only be removed.
fn wreck(error: &bollard::errors::Error) -> Option<&str> {
    let bollard::errors::Error::DockerResponseServerError { status_code: 500, message } = error else { return None };
    let (id, rest) = message.strip_prefix("getting container from store \"")?.split_once('"')?;
    let is_id = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_id && rest.contains("container not known")).then_some(id)
}

/// Whether a container was not made because another one has its name.
fn name_is_taken(error: &bollard::errors::Error) -> bool {
    let bollard::errors::Error::DockerResponseServerError { message, .. } = error else { return false };
    message.contains("container name") && message.contains("is already in use by")
}

/// Reads an answer again without the states that the client has no name for, as Podman's "stopped" (ended, not yet cleaned
/// up); the times and the flags beside such a state say what it is.
fn without_unknown_states<T: DeserializeOwned>(answer: EngineResult<T>) -> EngineResult<T> {
    answer.or_else(|error| {
        let bollard::errors::Error::JsonDataError { contents, .. } = &error else { return Err(error) };
        let Ok(mut found) = serde_json::from_str::<Value>(contents) else { return Err(error) };
        match &mut found {
            Value::Array(listed) => listed.iter_mut().for_each(|one| forget_unknown(one, "State")),
            one => one.get_mut("State").into_iter().for_each(|state| forget_unknown(state, "Status")),
        }
        serde_json::from_value(found).map_err(|_| error)
    })
}

fn forget_unknown(holder: &mut Value, member: &str) {
    if let Value::Object(members) = holder
        && members.get(member).is_some_and(|state| ContainerStateStatusEnum::deserialize(state).is_err())
    {
        members.remove(member);
    }
}

fn observed(found: ContainerInspectResponse) -> Observed {
    let state = found.state.unwrap_or_default();
    let config = found.config.unwrap_or_default();
    let phase = match state.status {
        // Podman says of "stopping" that it does not run; it does, until an event says that it ended.
        Some(
            ContainerStateStatusEnum::RUNNING | ContainerStateStatusEnum::PAUSED | ContainerStateStatusEnum::STOPPING,
        ) => Phase::Running,
        Some(
            ContainerStateStatusEnum::EXITED | ContainerStateStatusEnum::DEAD | ContainerStateStatusEnum::REMOVING,
        ) => Phase::Exited,
        _ if state.running == Some(true) => Phase::Running,
        _ if moment(state.finished_at.as_deref()).or(moment(state.started_at.as_deref())).is_some() => Phase::Exited,
        _ => Phase::Created,
    };
    let networks = found.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let addresses = networks
        .into_values()
        .flat_map(|network| [network.ip_address, network.global_ipv6_address])
        .flatten()
        .filter(|address| !address.is_empty())
        .collect();
    Observed {
        id: found.id.unwrap_or_default(),
        labels: config.labels.unwrap_or_default(),
        phase,
        exit_code: state.exit_code.unwrap_or_default() as i32,
        oom_killed: state.oom_killed.unwrap_or_default(),
        error: state.error.unwrap_or_default(),
        created_at: found.created.and_then(|text| moment(Some(text.as_str()))),
        started_at: moment(state.started_at.as_deref()),
        finished_at: moment(state.finished_at.as_deref()),
        image_id: found.image.unwrap_or_default(),
        image: config.image.unwrap_or_default(),
        addresses,
        stop_signal: config.stop_signal.filter(|signal| !signal.is_empty()),
        memory_limited: found.host_config.and_then(|host| host.memory).is_some_and(|bytes| bytes > 0),
        process: state.pid.and_then(|number| i32::try_from(number).ok()).filter(|number| *number > 0),
    }
}

/// Engines write the year 1 for "not yet".
fn moment(text: Option<&str>) -> Option<Timestamp> {
    let found: Timestamp = text?.parse().ok()?;
    (found > Timestamp::UNIX_EPOCH).then_some(found)
}

#[cfg(test)]
mod tests {
    use bollard::errors::Error;
    use bollard::models::{ContainerInspectResponse, ContainerSummary};
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::{Phase, name_is_taken, observed, without_unknown_states, wreck};

    /// As the client reads an answer.
    fn read<T: DeserializeOwned>(answer: &Value) -> Result<T, Error> {
        serde_json::from_value(answer.clone()).map_err(|error| Error::JsonDataError {
            message: error.to_string(),
            contents: answer.to_string(),
            column: 0,
        })
    }

    #[test]
    fn a_container_that_podman_lost_the_files_of_is_known_by_its_words() {
        let id = "97fc2aaf7d33b6fdad0ff362cbdfcb50b4c21ff809474efde03727e4d49e3ce1";
        let said = |status_code, words: String| Error::DockerResponseServerError { status_code, message: words };
        let words = format!("getting container from store \"{id}\": container not known");
        assert_eq!(wreck(&said(500, words.clone())), Some(id));
        assert_eq!(wreck(&said(404, words)), None);
        assert_eq!(wreck(&said(500, "getting container from store \"../x\": container not known".into())), None);
        assert_eq!(wreck(&said(500, format!("getting container from store \"{id}\": input/output error"))), None);
    }

    #[test]
    fn a_name_that_is_taken_is_known_by_the_words_of_both_engines() {
        let said = |message: &str| Error::DockerResponseServerError { status_code: 500, message: message.into() };
        for (words, taken) in [
            (
                "container create: creating container storage: the container name \"k8s_a\" is already in use by ca93. You have to remove that container to be able to reuse that name: that name is already in use",
                true,
            ),
            ("Conflict. The container name \"/k8s_a\" is already in use by container \"ca93\".", true),
            ("failed to set up container networking: Address already in use", false),
        ] {
            assert_eq!(name_is_taken(&said(words)), taken, "{words}");
        }
    }

    #[test]
    fn the_states_of_both_engines_are_read() {
        let (never, once) = ("0001-01-01T00:00:00Z", "2026-01-01T00:00:00Z");
        let cases = [
            ("created", false, never, never, Phase::Created),
            ("configured", false, never, never, Phase::Created),
            ("initialized", false, never, never, Phase::Created),
            ("running", true, once, never, Phase::Running),
            ("paused", true, once, never, Phase::Running),
            ("stopping", false, once, never, Phase::Running),
            ("stopped", false, once, once, Phase::Exited),
            ("exited", false, once, once, Phase::Exited),
            ("dead", false, once, once, Phase::Exited),
            ("removing", false, once, never, Phase::Exited),
        ];
        for (status, running, started, finished, phase) in cases {
            let state = json!({"Status": status, "Running": running, "StartedAt": started, "FinishedAt": finished});
            let answer = read::<ContainerInspectResponse>(&json!({"Id": "a", "State": state}));
            let found = without_unknown_states(answer).unwrap_or_else(|error| panic!("{status}: {error}"));
            assert_eq!(observed(found).phase, phase, "{status}");
        }
    }

    #[test]
    fn one_container_of_an_unknown_state_hides_no_other() {
        let answer = read::<Vec<ContainerSummary>>(&json!([
            {"Id": "a", "State": "stopped"}, {"Id": "b", "State": "running"}]));
        let found = without_unknown_states(answer).expect("a list");
        assert_eq!(found.into_iter().filter_map(|one| one.id).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn an_answer_that_is_wrong_elsewhere_is_an_error() {
        let answer = read::<ContainerInspectResponse>(&json!({"Id": 7, "State": {"Status": "stopped"}}));
        assert!(matches!(without_unknown_states(answer), Err(Error::JsonDataError { .. })));
    }
}
