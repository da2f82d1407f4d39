//! Keeps each ExternalSecret's Secret equal to the store, and its status equal to the truth.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ObjectReference, Secret};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::generated;
use super::kind::{API_VERSION, ExternalSecret};
use super::password::Password;
use super::plan::{Contents, Problem, contents};
use super::store::SecretStore;
use crate::digest::short;
use crate::pods::time;
use crate::recorder::{Recorder, Tone, reference};
use crate::watch::{Cache, Key, Presence, Queue};

const MANAGED_LABEL: &str = "reconcile.external-secrets.io/managed";
const HASH_ANNOTATION: &str = "reconcile.external-secrets.io/data-hash";
/// The pause before a write that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

struct Controller {
    client: Client,
    store: SecretStore,
    /// What generators made.
    kept: SecretStore,
    passwords: Arc<Cache<Password>>,
    externals: Arc<Cache<ExternalSecret>>,
    secrets: Arc<Cache<Secret>>,
    recorder: Recorder,
    queue: Arc<Queue<Key>>,
}

/// Starts filling Secrets from `store`; what is generated is kept in the other one.
pub(crate) fn start(
    client: &Client,
    (store, kept): (SecretStore, SecretStore),
    secrets: Arc<Cache<Secret>>,
    recorder: Recorder,
    tracker: &TaskTracker,
    stop: &CancellationToken,
) {
    let externals = Cache::<ExternalSecret>::new();
    let queue: Arc<Queue<Key>> = Queue::new();
    let to = queue.clone();
    externals.listen(move |key, _, _| to.push(key.clone()));
    let passwords = Cache::<Password>::new();
    let (to, held) = (queue.clone(), externals.clone());
    passwords.listen(move |key, _, presence| {
        if presence == Presence::Here {
            for external in held.in_namespace(&key.namespace).iter().filter(|held| generated::uses(held, &key.name)) {
                to.push(Key::of(&**external));
            }
        }
    });
    let (to, held) = (queue.clone(), externals.clone());
    secrets.listen(move |key, _, _| {
        // The target is named by the ExternalSecret, or has its name.
        for external in held.in_namespace(&key.namespace) {
            if target_name(&external) == key.name {
                to.push(Key::of(&*external));
            }
        }
    });
    tracker.spawn(externals.clone().follow(Api::all(client.clone()), stop.clone()));
    tracker.spawn(passwords.clone().follow(Api::all(client.clone()), stop.clone()));
    let controller = Controller { client: client.clone(), store, kept, passwords, externals, secrets, recorder, queue };
    tracker.spawn(controller.run(stop.clone()));
}

impl Controller {
    async fn run(self, stop: CancellationToken) {
        let mut changes = self.store.changes();
        tokio::select! {
            () = stop.cancelled() => return,
            () = self.externals.synced() => {}
        }
        generated::forget_all_but(&self.externals.all(), &self.kept).await;
        loop {
            let key = tokio::select! {
                () = stop.cancelled() => return,
                changed = changes.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    for external in self.externals.all() {
                        self.queue.push(Key::of(&*external));
                    }
                    continue;
                }
                key = self.queue.next() => key,
            };
            let Some(external) = self.externals.get(&key) else {
                generated::forget_all_but(&self.externals.all(), &self.kept).await;
                continue;
            };
            if external.metadata.deletion_timestamp.is_some() {
                continue;
            }
            if let Err(error) = self.reconcile(&external).await {
                tracing::warn!(%key, %error, "an ExternalSecret was not written; trying again");
                let queue = self.queue.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(RETRY).await;
                    queue.push(key);
                });
            }
        }
    }

    async fn reconcile(&self, external: &ExternalSecret) -> Result<(), kube::Error> {
        let made = generated::of(external, &self.passwords, &self.kept).await;
        let wanted = made.and_then(|made| contents(external, &self.store.values(), &made));
        let filled = match wanted {
            Ok(contents) => self.fill(external, &contents).await?,
            Err(problem)
                if problem.is_missing() && external.spec.target.deletion_policy.as_deref() == Some("Delete") =>
            {
                self.remove(external).await?;
                Err(problem)
            }
            Err(problem) => Err(problem),
        };
        self.tell(external, filled).await
    }

    async fn fill(&self, external: &ExternalSecret, contents: &Contents) -> Result<Result<(), Problem>, kube::Error> {
        let namespace = external.namespace().unwrap_or_default();
        let name = target_name(external);
        let policy = external.spec.target.creation_policy.as_deref().unwrap_or("Owner");
        let held = self.secrets.get(&Key::new(&namespace, &name));
        match (policy, &held) {
            ("None", _) => return Ok(Ok(())),
            ("Merge", None) => return Ok(Err(Problem::NoTarget { name })),
            ("Owner", Some(held)) => {
                let owners = held.metadata.owner_references.iter().flatten();
                let mut foreign = owners.filter(|owner| {
                    owner.controller == Some(true) && Some(&owner.uid) != external.metadata.uid.as_ref()
                });
                if let Some(owner) = foreign.next() {
                    return Ok(Err(Problem::Foreign { name, owner: format!("{} {:?}", owner.kind, owner.name) }));
                }
            }
            _ => {}
        }
        if held.as_deref().is_some_and(|held| holds(held, external, contents, policy)) {
            return Ok(Ok(()));
        }
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &namespace);
        let mut secret = manifest(external, contents, policy);
        let written = match &held {
            None => secrets.create(&PostParams::default(), &from_manifest(secret)?).await?,
            Some(held) => {
                if policy == "Owner" {
                    for stale in
                        held.data.iter().flatten().map(|(key, _)| key).filter(|key| !contents.contains_key(*key))
                    {
                        secret["data"][stale] = Value::Null;
                    }
                }
                secret["metadata"]["uid"] = json!(held.uid());
                secrets.patch(&name, &PatchParams::default(), &Patch::Merge(&secret)).await?
            }
        };
        self.secrets.apply(Arc::new(written));
        Ok(Ok(()))
    }

    async fn remove(&self, external: &ExternalSecret) -> Result<(), kube::Error> {
        let namespace = external.namespace().unwrap_or_default();
        let name = target_name(external);
        let Some(held) = self.secrets.get(&Key::new(&namespace, &name)) else { return Ok(()) };
        if !held.labels().contains_key(MANAGED_LABEL) {
            return Ok(());
        }
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &namespace);
        match secrets.delete(&name, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            other => other.map(|_| ()),
        }
    }

    async fn tell(&self, external: &ExternalSecret, filled: Result<(), Problem>) -> Result<(), kube::Error> {
        let (status, reason, message) = match &filled {
            Ok(()) => ("True", "SecretSynced", "secret synced".to_owned()),
            Err(problem) => ("False", "SecretSyncedError", problem.to_string()),
        };
        let held = external.status.clone().unwrap_or_default();
        let old = held["conditions"]
            .as_array()
            .and_then(|conditions| conditions.iter().find(|c| c["type"] == "Ready"))
            .cloned()
            .unwrap_or_default();
        let version = synced_version(external);
        let same = old["status"] == status && old["reason"] == reason && old["message"] == message.as_str();
        if same && (filled.is_err() || held["syncedResourceVersion"] == version.as_str()) {
            return Ok(());
        }
        let now = json!(time(Timestamp::now()));
        let since = if old["status"] == status { old["lastTransitionTime"].clone() } else { now.clone() };
        let condition = json!({"type": "Ready", "status": status, "reason": reason, "message": message, "lastTransitionTime": since});
        let mut patch = json!({"conditions": [condition]});
        if filled.is_ok() {
            patch["refreshTime"] = now;
            patch["syncedResourceVersion"] = json!(version);
            patch["binding"] = json!({"name": target_name(external)});
        }
        let externals: Api<ExternalSecret> =
            Api::namespaced(self.client.clone(), &external.namespace().unwrap_or_default());
        let written = externals
            .patch_status(&external.name_any(), &PatchParams::default(), &Patch::Merge(json!({"status": patch})))
            .await;
        match written {
            Ok(written) => self.externals.apply(Arc::new(written)),
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
            Err(error) => return Err(error),
        }
        let about = about(external);
        match filled {
            Ok(()) => self.recorder.tell(&about, Tone::Normal, "Updated", "secret synced"),
            Err(problem) => self.recorder.tell(&about, Tone::Warning, "UpdateFailed", problem.to_string()),
        }
        Ok(())
    }
}

fn about(external: &ExternalSecret) -> ObjectReference {
    reference(external)
}

fn target_name(external: &ExternalSecret) -> String {
    let named = external.spec.target.name.clone().filter(|name| !name.is_empty());
    named.unwrap_or_else(|| external.name_any())
}

/// Generation and a digest of the metadata that is copied: changes when the ExternalSecret asks for something else.
fn synced_version(external: &ExternalSecret) -> String {
    let copied = json!([external.metadata.labels, external.metadata.annotations]).to_string();
    format!("{}-{}", external.metadata.generation.unwrap_or_default(), short(copied.as_bytes(), 16))
}

/// A digest that tells changes, not contents: it is salted by the object's UID.
fn data_hash(external: &ExternalSecret, contents: &Contents) -> String {
    let mut bytes = external.uid().unwrap_or_default().into_bytes();
    for (key, value) in contents {
        bytes.extend_from_slice(&(key.len() as u64).to_le_bytes());
        bytes.extend_from_slice(key.as_bytes());
        bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
        bytes.extend_from_slice(value);
    }
    short(&bytes, 16)
}

fn holds(held: &Secret, external: &ExternalSecret, contents: &Contents, policy: &str) -> bool {
    let data = held.data.iter().flatten();
    let exact = policy == "Owner";
    let same = contents
        .iter()
        .all(|(key, value)| held.data.as_ref().and_then(|data| data.get(key)).is_some_and(|held| held.0 == *value));
    let owner =
        held.metadata.owner_references.iter().flatten().any(|owner| Some(&owner.uid) == external.metadata.uid.as_ref());
    same && (!exact || (data.count() == contents.len() && owner))
        && held.annotations().get(HASH_ANNOTATION) == Some(&data_hash(external, contents))
}

fn from_manifest(manifest: Value) -> Result<Secret, kube::Error> {
    serde_json::from_value(manifest).map_err(kube::Error::SerdeError)
}

fn manifest(external: &ExternalSecret, contents: &Contents, policy: &str) -> Value {
    let target = &external.spec.target;
    let template = target.template.clone().unwrap_or_default();
    // Without a template the ExternalSecret's own labels and annotations are copied.
    let (mut labels, mut annotations) = if target.template.is_some() {
        (template.metadata.labels, template.metadata.annotations)
    } else {
        (external.labels().clone(), external.annotations().clone())
    };
    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    labels.insert(MANAGED_LABEL.to_owned(), "true".to_owned());
    annotations.insert(HASH_ANNOTATION.to_owned(), data_hash(external, contents));
    let data: serde_json::Map<String, Value> =
        contents.iter().map(|(key, value)| (key.clone(), json!(k8s_openapi::ByteString(value.clone())))).collect();
    let mut secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": target_name(external), "namespace": external.namespace(),
            "labels": labels, "annotations": annotations,
        },
        "data": data,
    });
    if matches!(policy, "Owner" | "Orphan") {
        secret["type"] = json!(template.type_.unwrap_or_else(|| "Opaque".to_owned()));
    }
    if target.immutable == Some(true) {
        secret["immutable"] = json!(true);
    }
    if policy == "Owner" {
        secret["metadata"]["ownerReferences"] = json!([{
            "apiVersion": API_VERSION, "kind": ExternalSecret::kind(&()), "name": external.name_any(),
            "uid": external.uid(), "controller": true, "blockOwnerDeletion": true,
        }]);
    }
    secret
}
