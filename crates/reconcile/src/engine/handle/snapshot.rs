//! What the engine holds and does at a moment.

use std::sync::PoisonError;

use super::EngineHandle;
use crate::engine::board::Phase;
use crate::engine::cache::{PlaneSight, Sight};
use crate::engine::{ClusterId, Gvk, ObjectKey};

/// One kind on one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheSnapshot {
    /// Where.
    pub cluster: ClusterId,
    /// Which kind.
    pub gvk: Gvk,
    /// Objects held.
    pub objects: usize,
    /// Bytes of their text.
    pub bytes: usize,
    /// `synced`, or why not.
    pub state: String,
}

/// A key that is not at rest, or whose last effects did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySnapshot {
    /// The controller's name.
    pub controller: &'static str,
    /// The object.
    pub key: ObjectKey,
    /// `idle`, `queued`, `running`, `executing` or `settling`.
    pub phase: &'static str,
    /// The effect that did not work.
    pub failure: Option<String>,
    /// How often in a row it did not.
    pub attempts: u32,
}

/// The engine at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Clusters with `reachable` or why not.
    pub clusters: Vec<(ClusterId, String)>,
    /// Caches in order of cluster and kind.
    pub caches: Vec<CacheSnapshot>,
    /// Number of keys known.
    pub keys: usize,
    /// Keys that are busy or failing, in order of controller and key.
    pub unsettled: Vec<KeySnapshot>,
}

impl EngineHandle {
    /// What it holds and does now.
    pub fn snapshot(&self) -> Snapshot {
        let store = self.shared.store.read().unwrap_or_else(PoisonError::into_inner);
        let board = self.shared.board.lock().unwrap_or_else(PoisonError::into_inner);
        let mut caches: Vec<CacheSnapshot> = store
            .kinds()
            .map(|cache| CacheSnapshot {
                cluster: cache.cluster.clone(),
                gvk: cache.gvk.clone(),
                objects: cache.len(),
                bytes: cache.objects().map(|(_, entry)| entry.json().len()).sum(),
                state: match &cache.sight {
                    Sight::Clear => "synced".to_owned(),
                    Sight::Pending => "first list not finished".to_owned(),
                    Sight::NotServed => "not served".to_owned(),
                    Sight::Forbidden(why) => format!("forbidden: {why}"),
                    Sight::Unavailable(why) => format!("unavailable: {why}"),
                },
            })
            .collect();
        caches.sort_by(|a, b| (&a.cluster, &a.gvk).cmp(&(&b.cluster, &b.gvk)));
        let clusters = store.planes().map(|(id, sight)| {
            let state = match sight {
                PlaneSight::Reachable => "reachable".to_owned(),
                PlaneSight::Unavailable(why) => format!("unavailable: {why}"),
                PlaneSight::Forbidden(why) => format!("forbidden: {why}"),
            };
            (id.clone(), state)
        });
        let mut unsettled: Vec<KeySnapshot> = board
            .runs()
            .filter(|run| run.phase != Phase::Idle || run.failed.is_some())
            .map(|run| KeySnapshot {
                controller: self.shared.controllers[run.controller as usize].name(),
                key: run.key.clone(),
                phase: run.phase.name(),
                failure: run.failed.as_ref().map(|failed| failed.failure.to_string()),
                attempts: run.failed.as_ref().map_or(0, |failed| failed.attempts),
            })
            .collect();
        unsettled.sort_by(|a, b| (a.controller, &a.key).cmp(&(b.controller, &b.key)));
        Snapshot { clusters: clusters.collect(), caches, keys: board.runs().count(), unsettled }
    }
}
