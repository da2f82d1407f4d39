//! The recorded commands, done by a client as kubectl does them.

use super::control_plane::{ControlPlane, list};
use super::generate_release;
use super::kinds::{self, KindName};
use super::names::Names;
use super::scenario::{Id, Step};
use super::shell::{Action, Target};
use anyhow::{Context, Result, bail};
use kube::Client;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::Status;
use serde_json::{Map, Value, json};

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What a command says.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Of a call of the REST API.
    pub(crate) status: i32,
}

impl Told {
    fn say(&mut self, line: &str) {
        self.stdout.push_str(line);
        self.stdout.push('\n');
    }

    fn refuse(&mut self, status: &Status) {
        self.stderr.push_str(&refusal(status));
        self.stderr.push('\n');
    }
}

/// Runs the commands of a step. Names of releases that it mentions are recorded ones: they are written as ours.
pub(crate) async fn run(
    control_plane: &ControlPlane,
    namespace: &str,
    step: &Step,
    names: &mut Names,
) -> Result<Vec<Told>> {
    let client = &control_plane.client;
    let mut all = Vec::new();
    for command in &step.commands {
        let line = names.in_our_words(&command.cmd);
        let mut told = Told::default();
        match Action::parse(&line)? {
            Action::Apply => {
                for object in &step.input {
                    let object = names.in_our_words_deep(object);
                    tell(&mut told, apply(client, &object).await)?;
                }
            }
            Action::Mark { place, target, key, value } => {
                let word = if place == "labels" { "labeled" } else { "annotated" };
                for (kind, id) in resolve(client, &target).await? {
                    let patch = json!({"metadata": {place: {key.clone(): value.clone()}}});
                    let (api, params) = (kind.api(client, &id.namespace), PatchParams::default());
                    let done = api.patch(&id.name, &params, &Patch::Merge(patch)).await;
                    tell(&mut told, done.map(|_| format!("{}/{} {word}", kind.told(), id.name)))?;
                }
            }
            Action::Patch { target, json_patch, patch } => {
                for (kind, id) in resolve(client, &target).await? {
                    let api = kind.api(client, &id.namespace);
                    let patch: Value = serde_json::from_str(&patch).with_context(|| line.clone())?;
                    let params = PatchParams::default();
                    let done = if json_patch {
                        let patch = serde_json::from_value(patch)?;
                        api.patch(&id.name, &params, &Patch::<Value>::Json(patch)).await
                    } else {
                        api.patch(&id.name, &params, &Patch::Merge(patch)).await
                    };
                    tell(&mut told, done.map(|_| format!("{}/{} patched", kind.told(), id.name)))?;
                }
            }
            Action::Delete { target } => {
                for (kind, id) in resolve(client, &target).await? {
                    let done = kind.api(client, &id.namespace).delete(&id.name, &DeleteParams::background()).await;
                    tell(&mut told, done.map(|_| format!("{} {:?} deleted", kind.told(), id.name)))?;
                }
            }
            Action::Rest { path } if path == "generate-release" => {
                told = generate_release::call(control_plane, namespace).await?;
            }
            Action::Rest { path } => bail!("the replay does not know the request POST {path}"),
        }
        all.push(told);
    }
    Ok(all)
}

fn tell(told: &mut Told, done: Result<String, kube::Error>) -> Result<()> {
    match done {
        Ok(line) => told.say(&line),
        Err(kube::Error::Api(status)) => told.refuse(&status),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

async fn resolve(client: &Client, target: &Target) -> Result<Vec<(KindName, Id)>> {
    let kind = kinds::of_resource(&target.resource)?;
    if let Some(name) = &target.name {
        let id = Id { kind: kind.kind.into(), namespace: target.namespace.clone(), name: name.clone() };
        return Ok(vec![(kind, id)]);
    }
    let all = list(client, &kind).await?;
    Ok(all.iter().map(Id::of).filter(|id| id.namespace == target.namespace).map(|id| (kind, id)).collect())
}

/// As `kubectl apply` does on the client's side: what it set before and does not set now goes.
async fn apply(client: &Client, object: &Value) -> Result<String, kube::Error> {
    let Ok(kind) = kinds::of_manifest(object) else {
        return Ok(format!("the replay does not know {} {}", object["apiVersion"], object["kind"]));
    };
    let mut object = object.clone();
    if kind.namespaced && object["metadata"]["namespace"].is_null() {
        object["metadata"]["namespace"] = "default".into();
    }
    let id = Id::of(&object);
    let api = kind.api(client, &id.namespace);
    let mut modified = object.clone();
    modified["metadata"]["annotations"][LAST_APPLIED] = object.to_string().into();
    let told = |word: &str| format!("{}/{} {word}", kind.told(), id.name);
    let Some(current) = api.get_opt(&id.name).await? else {
        let wanted: DynamicObject = serde_json::from_value(modified).map_err(kube::Error::SerdeError)?;
        api.create(&PostParams::default(), &wanted).await?;
        return Ok(told("created"));
    };
    let current = serde_json::to_value(current).map_err(kube::Error::SerdeError)?;
    let before = current.pointer("/metadata/annotations").and_then(|notes| notes[LAST_APPLIED].as_str());
    let before: Value = before.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null);
    let mut patch = Map::new();
    removed(&before, &modified, &mut patch);
    changed(&current, &modified, &mut patch);
    patch.retain(|key, _| key != "apiVersion" && key != "kind");
    if patch.is_empty() {
        return Ok(told("unchanged"));
    }
    let only_note = Value::Object(patch.clone()).pointer("/metadata/annotations").is_some_and(|notes| {
        patch.len() == 1
            && notes.as_object().is_some_and(|notes| notes.len() == 1 && notes.contains_key(LAST_APPLIED))
            && before == object
    });
    if only_note {
        return Ok(told("unchanged"));
    }
    api.patch(&id.name, &PatchParams::default(), &Patch::Merge(Value::Object(patch))).await?;
    Ok(told("configured"))
}

fn removed(before: &Value, now: &Value, patch: &mut Map<String, Value>) {
    for (key, old) in before.as_object().into_iter().flatten() {
        match now.get(key) {
            None if key != LAST_APPLIED => drop(patch.insert(key.clone(), Value::Null)),
            None => {}
            Some(new) => {
                let mut inner = Map::new();
                removed(old, new, &mut inner);
                if !inner.is_empty() {
                    patch.insert(key.clone(), Value::Object(inner));
                }
            }
        }
    }
}

fn changed(current: &Value, now: &Value, patch: &mut Map<String, Value>) {
    for (key, new) in now.as_object().into_iter().flatten() {
        match current.get(key) {
            Some(old) if old == new => {}
            Some(old) if old.is_object() && new.is_object() => {
                let place = patch.entry(key.clone()).or_insert_with(|| json!({}));
                if let Value::Object(inner) = place {
                    changed(old, new, inner);
                    if inner.is_empty() {
                        patch.remove(key);
                    }
                }
            }
            _ => drop(patch.insert(key.clone(), new.clone())),
        }
    }
}

/// A refusal in kubectl's words.
fn refusal(status: &Status) -> String {
    let Some(details) =
        status.details.as_ref().filter(|details| status.reason == "Invalid" && !details.name.is_empty())
    else {
        return format!("Error from server ({}): {}", status.reason, status.message);
    };
    let causes: Vec<String> =
        details
            .causes
            .iter()
            .map(|cause| {
                if cause.field.is_empty() {
                    cause.message.clone()
                } else {
                    format!("{}: {}", cause.field, cause.message)
                }
            })
            .collect();
    let what = match &causes[..] {
        [one] => one.clone(),
        many => many.iter().map(|cause| format!("\n* {cause}")).collect(),
    };
    format!("The {} {:?} is invalid: {what}", details.kind, details.name)
}
