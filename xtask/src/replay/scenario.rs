//! A recorded scenario: its steps, what was there after each, and how it moved.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What an object is found by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Id {
    /// Of an object.
    pub(crate) fn of(object: &Value) -> Id {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Id { kind: text("/kind"), namespace: text("/metadata/namespace"), name: text("/metadata/name") }
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.namespace.as_str() {
            "" => write!(f, "{} {}", self.kind, self.name),
            namespace => write!(f, "{} {namespace}/{}", self.kind, self.name),
        }
    }
}

/// All objects by what they are found by.
pub(crate) type State = BTreeMap<Id, Value>;

/// One scenario.
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) namespaces: Vec<String>,
    pub(crate) steps: Vec<Step>,
    pub(crate) timeline: Vec<Line>,
    /// `Kind/name` to the uid that it had.
    pub(crate) uids: Uids,
    /// Namespaces of which some uids were not recorded: those of objects that another namespace has under the same name.
    pub(crate) without_uids: Vec<String>,
}

/// `Kind/name` to the uid that was recorded, and the namespace that it belongs to where several have such an object.
pub(crate) type Uids = BTreeMap<String, (String, Option<String>)>;

/// One step: commands, then rest.
pub(crate) struct Step {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) commands: Vec<Command>,
    /// The manifests of `input.yaml`.
    pub(crate) input: Vec<Value>,
    /// All objects at rest.
    pub(crate) state: State,
}

/// A command and its recorded outcome.
#[derive(Debug, Deserialize)]
pub(crate) struct Command {
    pub(crate) cmd: String,
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Command {
    /// Whether it was a call of the REST API; `exit` is its status then.
    pub(crate) fn is_rest(&self) -> bool {
        self.cmd.starts_with("POST ")
    }
}

/// A change that a watch showed.
#[derive(Debug, Deserialize)]
pub(crate) struct Line {
    pub(crate) step: u32,
    #[serde(default)]
    pub(crate) namespace: String,
    pub(crate) event: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) conditions: Vec<Value>,
}

#[derive(Deserialize)]
struct Recorded {
    scenario: String,
    namespaces: Vec<String>,
    steps: Vec<RecordedStep>,
}

#[derive(Deserialize)]
struct RecordedStep {
    n: u32,
    name: String,
    commands: Vec<Command>,
    removed: Vec<String>,
}

/// The folders of all scenarios, by name.
pub(crate) fn folders(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(dir).with_context(|| dir.display().to_string())?;
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.join("scenario.json").is_file() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// Where the contract data has its scenarios.
pub(crate) fn recorded() -> PathBuf {
    let fixtures = std::env::var_os("OPENCHOREO_FIXTURES")
        .map_or_else(|| crate::tidy::root().join("../shared/fixtures"), PathBuf::from);
    fixtures.join("golden/runtime")
}

/// The cluster-scoped types that every scenario but the first finds installed.
pub(crate) fn platform(dir: &Path) -> Result<Vec<Value>> {
    let candidates = [dir.to_path_buf(), recorded()];
    let path = candidates
        .iter()
        .map(|folder| folder.join("getting-started/input.yaml"))
        .find(|path| path.is_file())
        .context("no getting-started/input.yaml beside the scenarios: the types that they use are in it")?;
    Ok(documents(&path)?
        .into_iter()
        .filter(|object| object["kind"].as_str().is_some_and(|kind| kind.starts_with("Cluster")))
        .collect())
}

/// The YAML documents of a file; none when it is absent.
fn documents(path: &Path) -> Result<Vec<Value>> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let options = serde_saphyr::options! { strict_booleans: true };
    let all: Vec<Value> =
        serde_saphyr::from_multiple_with_options(&text, options).with_context(|| path.display().to_string())?;
    Ok(all.into_iter().filter(|object| !object.is_null()).collect())
}

impl Scenario {
    /// Reads a scenario's folder.
    pub(crate) fn read(folder: &Path) -> Result<Scenario> {
        let text = |name: &str| {
            std::fs::read_to_string(folder.join(name)).with_context(|| folder.join(name).display().to_string())
        };
        let recorded: Recorded = serde_json::from_str(&text("scenario.json")?).context("scenario.json")?;
        let timeline = text("timeline.jsonl")?
            .lines()
            .map(|line| serde_json::from_str(line).context("timeline.jsonl"))
            .collect::<Result<Vec<Line>>>()?;
        let uids: BTreeMap<String, String> = serde_json::from_str(&text("uids.json")?).context("uids.json")?;
        let count = recorded.steps.len();
        let mut steps = Vec::new();
        let mut state = State::new();
        for (position, step) in recorded.steps.into_iter().enumerate() {
            let own = folder.join("steps").join(format!("{:02}-{}", step.n, step.name));
            for removed in &step.removed {
                state.remove(&parse_id(removed));
            }
            let last = position + 1 == count;
            if last {
                state.clear();
            }
            let place = if last { folder } else { own.as_path() };
            for file in ["control-plane.yaml", "data-plane.yaml"] {
                state.extend(documents(&place.join(file))?.into_iter().map(|object| (Id::of(&object), object)));
            }
            let input = if position == 0 { folder.join("input.yaml") } else { own.join("input.yaml") };
            let mut input = documents(&input)?;
            input.iter_mut().for_each(|object| as_recorded(object, &state));
            let state = state.clone();
            steps.push(Step { number: step.n, name: step.name, commands: step.commands, input, state });
        }
        let (uids, without_uids) = assign(uids, &recorded.namespaces, &steps);
        let (name, namespaces) = (recorded.scenario, recorded.namespaces);
        Ok(Scenario { name, namespaces, steps, timeline, uids, without_uids })
    }
}

/// Whose the recorded uids are: the recording went through the namespaces in order and kept the last uid of a name.
fn assign(uids: BTreeMap<String, String>, namespaces: &[String], steps: &[Step]) -> (Uids, Vec<String>) {
    let has = |namespace: &String, key: &str| {
        steps.iter().flat_map(|step| &step.input).map(Id::of).any(|id| {
            id.namespace == *namespace
                && key.split_once('/').is_some_and(|(kind, name)| kind == id.kind && name == id.name)
        })
    };
    let mut without = Vec::new();
    let mut assigned = Uids::new();
    for (key, uid) in uids {
        let having: Vec<&String> = namespaces.iter().filter(|namespace| has(namespace, &key)).collect();
        let owner = having.split_last().filter(|(_, others)| !others.is_empty()).map(|(last, others)| {
            without.extend(
                others.iter().filter(|one| !without.contains(**one)).map(|one| (**one).clone()).collect::<Vec<_>>(),
            );
            (*last).clone()
        });
        assigned.insert(key, (uid, owner));
    }
    (assigned, without)
}

/// One recording kept the edited trait as the input of its first step. Nobody but the user writes a trait, so what was
/// there after the step is what was applied.
fn as_recorded(object: &mut Value, state: &State) {
    if object["kind"] == "Trait"
        && let Some(recorded) = state.get(&Id::of(object))
    {
        object["spec"] = recorded["spec"].clone();
    }
}

/// `Kind namespace/name`.
fn parse_id(text: &str) -> Id {
    let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (namespace, name) = rest.split_once('/').unwrap_or(("", rest));
    Id { kind: kind.into(), namespace: namespace.into(), name: name.into() }
}
