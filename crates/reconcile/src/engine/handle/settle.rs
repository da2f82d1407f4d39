//! Waiting until there is nothing left to do: for tests, replays and measurements.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Deserialize;

use super::EngineHandle;
use crate::engine::cache::{KindCache, PlaneSight, Sight};
use crate::engine::machine::ours;
use crate::engine::server::{collection, list_page};
use crate::engine::{ClusterId, Gvk, ObjectKey};

/// Effects that did not work this often in a row count as at rest.
const HOPELESS: u32 = 3;
/// Events that are on their way arrive within this time, or the caches are compared again.
const PATIENCE: Duration = Duration::from_millis(200);

/// The state of rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Keys whose effects do not work, with the last failure.
    pub failing: Vec<(&'static str, ObjectKey, String)>,
}

impl EngineHandle {
    /// Resolves when no key is queued or running, every cache shows what its server has now, and nothing happened in
    /// between. Keys that wait for a time do not count, nor do those whose effects failed three times in a row. It asks
    /// the servers, so it is not for production.
    pub async fn settled(&self) -> Settled {
        let mut changes = self.shared.changes.subscribe();
        loop {
            let before = *changes.borrow_and_update();
            // Quiet before and after: what a cache took in meanwhile has queued its keys before it could be compared.
            if self.is_quiet() && self.caches_are_current().await && self.is_quiet() && *changes.borrow() == before {
                return Settled { failing: self.failing() };
            }
            if *changes.borrow() == before {
                // Either something happens, or a comparison was made too early.
                let _ = tokio::time::timeout(PATIENCE, changes.changed()).await;
            }
        }
    }

    /// Resolves when the engine looks like this.
    pub async fn until(&self, mut looks: impl FnMut(&super::Snapshot) -> bool) {
        let mut changes = self.shared.changes.subscribe();
        loop {
            changes.borrow_and_update();
            if looks(&self.snapshot()) || changes.changed().await.is_err() {
                return;
            }
        }
    }

    fn is_quiet(&self) -> bool {
        let store = self.shared.store.read().unwrap_or_else(PoisonError::into_inner);
        let board = self.shared.board.lock().unwrap_or_else(PoisonError::into_inner);
        let hoping = |failed: &crate::engine::board::Failed| !failed.retried && failed.attempts < HOPELESS;
        self.shared.unprovided.load(Ordering::Acquire) == 0
            && board.busy() == 0
            && store.kinds().all(|cache| cache.sight != Sight::Pending)
            && board.runs().all(|run| run.held_until.is_none() && !run.failed.as_ref().is_some_and(hoping))
    }

    fn failing(&self) -> Vec<(&'static str, ObjectKey, String)> {
        let board = self.shared.board.lock().unwrap_or_else(PoisonError::into_inner);
        let failing = board.runs().filter_map(|run| {
            let failed = run.failed.as_ref()?;
            Some((self.shared.controllers[run.controller as usize].name(), run.key.clone(), failed.failure.to_string()))
        });
        let mut failing: Vec<_> = failing.collect();
        failing.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        failing
    }

    async fn caches_are_current(&self) -> bool {
        for (cluster, gvk) in self.watched() {
            if self.on_server(&cluster, &gvk).await.is_some_and(|there| there != self.in_cache(&cluster, &gvk)) {
                return false;
            }
        }
        true
    }

    fn watched(&self) -> Vec<(ClusterId, Gvk)> {
        let store = self.shared.store.read().unwrap_or_else(PoisonError::into_inner);
        let clear = store
            .kinds()
            .filter(|cache| cache.sight == Sight::Clear && store.plane(&cache.cluster) == Some(&PlaneSight::Reachable));
        clear.map(|cache| (cache.cluster.clone(), cache.gvk.clone())).collect()
    }

    fn in_cache(&self, cluster: &ClusterId, gvk: &Gvk) -> BTreeMap<ObjectKey, String> {
        let store = self.shared.store.read().unwrap_or_else(PoisonError::into_inner);
        let objects = store.kind(cluster, gvk).into_iter().flat_map(KindCache::objects);
        objects.map(|(key, entry)| (key.clone(), entry.resource_version.to_string())).collect()
    }

    /// Keys and revisions as the server has them; `None` when it does not say.
    async fn on_server(&self, cluster: &ClusterId, gvk: &Gvk) -> Option<BTreeMap<ObjectKey, String>> {
        #[derive(Deserialize)]
        struct Object {
            metadata: Meta,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Meta {
            name: String,
            namespace: Option<String>,
            resource_version: String,
        }
        let (client, _) = self.shared.client(cluster)?;
        let mapping = {
            let store = self.shared.store.read().unwrap_or_else(PoisonError::into_inner);
            store.kind(cluster, gvk)?.mapping.clone()?
        };
        let mut uri = collection(gvk, &mapping, None);
        if *cluster != self.shared.control_plane {
            uri.push_str("?labelSelector=");
            uri.push_str(ours(gvk));
        }
        let page = list_page(&client, uri, "application/json").await.ok()?;
        let objects = page.items.iter().filter_map(|item| serde_json::from_str::<Object>(item.get()).ok());
        Some(
            objects
                .map(|object| {
                    (
                        ObjectKey::new(object.metadata.namespace.as_deref(), &object.metadata.name),
                        object.metadata.resource_version,
                    )
                })
                .collect(),
        )
    }
}
