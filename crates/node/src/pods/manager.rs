//! Gives each pod of the node its worker, passes on what the engine tells, and clears what belongs to no pod.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::ResourceExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::engine_health::EngineHealth;
use super::ground::Ground;
use super::labels;
use super::mailbox::Mailbox;
use super::node_conditions::NodeVoice;
use super::policy_enforcement;
use super::volumes::{References, references};
use super::worker::{End, Worker};
use crate::engine::{EngineEvent, Observed, Phase, engine_words, is_silence};
use crate::watch::{Cache, Key, Presence, Queue, lock};

/// How long a container that belongs to no pod gets to stop.
const ORPHAN_GRACE: Duration = Duration::from_secs(10);

/// How long an engine that was found may be away while the node starts, and how often it is asked.
const ENGINE_RETURNS: Duration = Duration::from_secs(60);
const ENGINE_AGAIN: Duration = Duration::from_millis(250);

pub(crate) struct Manager {
    ground: Arc<Ground>,
    namespaces: Arc<Cache<Namespace>>,
    workers: Mutex<HashMap<String, Held>>,
    /// Containers found at start, by pod UID, until their pod claims them.
    adopted: Mutex<HashMap<String, Vec<Observed>>>,
    empty_namespaces: Arc<Queue<String>>,
    unbound: Arc<Queue<Key>>,
    health: EngineHealth,
    tracker: TaskTracker,
    stop: CancellationToken,
}

struct Held {
    key: Key,
    mailbox: Arc<Mailbox>,
    references: References,
}

impl Manager {
    pub(crate) fn new(ground: Arc<Ground>, namespaces: Arc<Cache<Namespace>>, stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            ground,
            namespaces,
            workers: Mutex::default(),
            adopted: Mutex::default(),
            empty_namespaces: Queue::new(),
            unbound: Queue::new(),
            health: EngineHealth::new(),
            tracker: TaskTracker::new(),
            stop,
        })
    }

    /// Finds the containers of an earlier run again, then follows pods and engine. The caches must be synced.
    pub(crate) async fn start(self: &Arc<Self>) -> Result<(), bollard::errors::Error> {
        let found = self.containers().await?;
        *lock(&self.adopted) = by_pod(found);
        let manager = Arc::downgrade(self);
        self.ground.pods.listen(move |key, pod, presence| {
            if let Some(manager) = manager.upgrade() {
                manager.pod_changed(key, pod, presence);
            }
        });
        for pod in self.ground.pods.all() {
            self.pod_changed(&Key::of(&*pod), &pod, Presence::Here);
        }
        self.clear_orphans();
        self.listen_to_configuration();
        self.follow_engine();
        let manager = self.clone();
        self.tracker.spawn(async move { manager.remove_empty_namespaces().await });
        let manager = self.clone();
        self.tracker.spawn(async move {
            loop {
                tokio::select! {
                    () = manager.stop.cancelled() => return,
                    key = manager.unbound.next() => super::bind::bind(&manager.ground, &key).await,
                }
            }
        });
        Ok(())
    }

    /// All containers. An engine that was there a moment ago is waited for.
    async fn containers(&self) -> Result<Vec<Observed>, bollard::errors::Error> {
        let deadline = Instant::now() + ENGINE_RETURNS;
        loop {
            match self.ground.engine.containers(&[]).await {
                Err(error) if is_silence(&error) && Instant::now() < deadline && !self.stop.is_cancelled() => {
                    tracing::warn!(error = %engine_words(&error), "the node waits for the container engine");
                    tokio::time::sleep(ENGINE_AGAIN).await;
                }
                answer => return answer,
            }
        }
    }

    /// Returns when every worker has stopped; the containers run on. The stop token must be cancelled before.
    pub(crate) async fn stopped(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }

    fn pod_changed(self: &Arc<Self>, key: &Key, pod: &Arc<Pod>, presence: Presence) {
        let uid = pod.uid().unwrap_or_default();
        if presence == Presence::Gone {
            if let Some(held) = lock(&self.workers).get(&uid) {
                held.mailbox.put(|mail| mail.gone = true);
            }
            return;
        }
        match pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).filter(|name| !name.is_empty()) {
            None => return self.unbound.push(key.clone()),
            Some(name) if name != self.ground.node_name => return,
            Some(_) => {}
        }
        let mut workers = lock(&self.workers);
        // The name was given to a new pod; the old one's end was not heard of.
        for (_, held) in workers.iter().filter(|(other, held)| **other != uid && held.key == *key) {
            held.mailbox.put(|mail| mail.gone = true);
        }
        if let Some(held) = workers.get(&uid) {
            let pod = pod.clone();
            held.mailbox.put(|mail| mail.pod = Some(pod));
            return;
        }
        if self.stop.is_cancelled() {
            return;
        }
        let mailbox = Arc::new(Mailbox::default());
        workers.insert(uid.clone(), Held { key: key.clone(), mailbox: mailbox.clone(), references: references(pod) });
        drop(workers);
        let adopted = lock(&self.adopted).remove(&uid).unwrap_or_default();
        let worker = Worker::new(self.ground.clone(), mailbox, pod.clone(), adopted);
        let (manager, namespace) = (self.clone(), key.namespace.clone());
        self.tracker.spawn(async move {
            if worker.run(manager.stop.clone()).await == End::Removed {
                lock(&manager.workers).remove(&uid);
                manager.empty_namespaces.push(namespace);
            }
        });
    }

    fn listen_to_configuration(self: &Arc<Self>) {
        let manager = Arc::downgrade(self);
        self.ground.config_maps.listen(move |key, _, _| {
            if let Some(manager) = manager.upgrade() {
                manager.configuration_changed(key, |references| &references.config_maps);
            }
        });
        let manager = Arc::downgrade(self);
        self.ground.secrets.listen(move |key, _, _| {
            if let Some(manager) = manager.upgrade() {
                manager.configuration_changed(key, |references| &references.secrets);
            }
        });
        let manager = Arc::downgrade(self);
        self.ground.claims.listen(move |key, _, _| {
            if let Some(manager) = manager.upgrade() {
                manager.configuration_changed(key, |references| &references.claims);
            }
        });
        let manager = Arc::downgrade(self);
        self.namespaces.listen(move |key, _, presence| {
            if let (Some(manager), Presence::Gone) = (manager.upgrade(), presence) {
                manager.empty_namespaces.push(key.name.clone());
            }
        });
    }

    fn configuration_changed(&self, key: &Key, names: impl Fn(&References) -> &Vec<String>) {
        for held in lock(&self.workers).values() {
            if held.key.namespace == key.namespace && names(&held.references).contains(&key.name) {
                held.mailbox.put(|mail| mail.config = true);
            }
        }
    }

    fn follow_engine(self: &Arc<Self>) {
        let manager = Arc::downgrade(self);
        let first = std::sync::atomic::AtomicBool::new(true);
        let on_event = move |event| {
            let Some(manager) = manager.upgrade() else { return };
            match event {
                EngineEvent::Container { id, labels: found, action } => {
                    // Creations are our own; an exec in a container changes nothing about it.
                    if action == "create" || action.starts_with("exec") {
                        return;
                    }
                    let uid = found.get(labels::POD_UID).cloned().unwrap_or_default();
                    if let Some(held) = lock(&manager.workers).get(&uid) {
                        held.mailbox.put(|mail| {
                            // A start is our own as a rule, and was looked at then.
                            let list = if matches!(&*action, "init" | "start") {
                                &mut mail.started
                            } else {
                                &mut mail.touched
                            };
                            list.insert(id);
                        });
                    }
                }
                EngineEvent::Image => {
                    for held in lock(&manager.workers).values() {
                        held.mailbox.put(|mail| mail.images = true);
                    }
                }
                EngineEvent::Opened => {
                    manager.health.answers();
                    let first = first.swap(false, std::sync::atomic::Ordering::SeqCst);
                    let again = manager.clone();
                    manager.tracker.spawn(async move { again.relist(first).await });
                }
                EngineEvent::Broken { why } => manager.health.does_not_answer(why),
            }
        };
        self.tracker.spawn(self.health.tell(&self.ground, self.stop.clone()));
        let enforcement = self.ground.network.policy_enforcement();
        let voice = NodeVoice::of(&self.ground);
        self.tracker.spawn(voice.follow(enforcement, policy_enforcement::saying, self.stop.clone()));
        let (engine, stop) = (self.ground.engine.clone(), self.stop.clone());
        self.tracker.spawn(async move { engine.follow_events(stop, Arc::new(on_event)).await });
    }

    /// Looks at all containers again: events may have been missed. At the first opening only what changed between the
    /// listing at start and now can have been missed, and the same look finds it.
    async fn relist(&self, first: bool) {
        self.look_for_networks().await;
        match self.ground.engine.containers(&[]).await {
            Ok(found) => {
                let mut found = by_pod(found);
                for (uid, held) in lock(&self.workers).iter() {
                    let containers = found.remove(uid).unwrap_or_default();
                    held.mailbox.put(|mail| {
                        if first {
                            mail.touched.extend(containers.into_iter().map(|container| container.id));
                        } else {
                            mail.relisted = Some(containers);
                            mail.images = true;
                        }
                    });
                }
            }
            Err(error) => tracing::debug!(error = %engine_words(&error), "the containers were not listed"),
        }
    }

    /// Networks whose namespaces went while nobody could remove them are removed now.
    async fn look_for_networks(&self) {
        match self.ground.engine.network_namespaces().await {
            Ok(namespaces) => namespaces.into_iter().for_each(|namespace| self.empty_namespaces.push(namespace)),
            Err(error) => tracing::debug!(error = %engine_words(&error), "the networks were not listed"),
        }
    }

    /// Stops and removes containers whose pods are gone, and the folders of such pods.
    fn clear_orphans(self: &Arc<Self>) {
        let orphans: Vec<Observed> = lock(&self.adopted).drain().flat_map(|(_, found)| found).collect();
        let pods: BTreeSet<String> = self.ground.pods.all().iter().filter_map(|pod| pod.uid()).collect();
        let folders = [self.ground.pods_folder.clone(), self.ground.memory_folder.clone()];
        self.tracker.spawn_blocking(move || {
            let entries = folders.into_iter().flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
            for entry in entries.filter(|entry| !pods.contains(entry.file_name().to_string_lossy().as_ref())) {
                if let Err(error) = std::fs::remove_dir_all(entry.path()) {
                    tracing::warn!(folder = %entry.path().display(), %error, "the folder of a pod that is gone was not removed");
                }
            }
        });
        for orphan in orphans {
            let manager = self.clone();
            self.tracker.spawn(async move {
                tokio::select! {
                    () = manager.stop.cancelled() => {}
                    () = manager.end_orphan(&orphan) => {}
                }
            });
        }
    }

    async fn end_orphan(&self, orphan: &Observed) {
        let engine = &self.ground.engine;
        let pod = orphan.label(labels::POD_NAME);
        tracing::info!(container = %orphan.id, pod, "a container belongs to no pod; it is removed");
        let grace = orphan.label(labels::POD_GRACE).parse().map_or(ORPHAN_GRACE, Duration::from_secs).min(ORPHAN_GRACE);
        if orphan.phase == Phase::Running {
            let signal = orphan.stop_signal.as_deref().unwrap_or("SIGTERM");
            let _ = engine.signal(&orphan.id, signal).await;
            let ended = async {
                while matches!(engine.inspect(&orphan.id).await, Ok(Some(found)) if found.phase == Phase::Running) {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            };
            let _ = tokio::time::timeout(grace, ended).await;
        }
        if let Err(error) = engine.remove(&orphan.id).await {
            tracing::warn!(container = %orphan.id, error = %engine_words(&error), "a container of no pod was not removed");
        }
        self.empty_namespaces.push(orphan.label(labels::POD_NAMESPACE).to_owned());
    }

    /// Removes the network of each namespace that is gone once its last pod is.
    async fn remove_empty_namespaces(&self) {
        loop {
            let namespace = tokio::select! {
                () = self.stop.cancelled() => return,
                namespace = self.empty_namespaces.next() => namespace,
            };
            let lives = self.namespaces.get(&Key::new("", &namespace)).is_some();
            let used = lock(&self.workers).values().any(|held| held.key.namespace == namespace);
            if lives || used || namespace.is_empty() {
                continue;
            }
            if let Err(error) = self.ground.network.remove_namespace(&namespace).await {
                tracing::warn!(%namespace, %error, "the network of a namespace that is gone was not removed");
            }
        }
    }
}

fn by_pod(found: Vec<Observed>) -> HashMap<String, Vec<Observed>> {
    let mut pods: HashMap<String, Vec<Observed>> = HashMap::new();
    for container in found {
        let uid = container.label(labels::POD_UID).to_owned();
        if !uid.is_empty() {
            pods.entry(uid).or_default().push(container);
        }
    }
    pods
}
