//! Clusters that come and go, and the watches on them.

use std::sync::PoisonError;
use std::time::Duration;

use super::{Connection, Link, Machine, Message, WatchState};
use crate::engine::board::Cause;
use crate::engine::cache::{PlaneSight, Sight, Store, Touches};
use crate::engine::watch::{WatchTask, follow};
use crate::engine::{Cluster, ClusterId, Gvk};

/// A first look that takes longer is reported as unavailable, until it is finished.
const FIRST_LOOK: Duration = Duration::from_secs(10);

/// The label, as a query, by which objects of a kind on a plane are ours: what we apply says who manages it, and the
/// pods that come of it say which component they are of.
pub(in crate::engine) fn ours(gvk: &Gvk) -> &'static str {
    match (&*gvk.api_version, &*gvk.kind) {
        ("v1", "Pod") => "openchoreo.dev%2Fcomponent-uid",
        _ => "openchoreo.dev%2Fmanaged-by",
    }
}

impl Machine {
    /// Starts the watch of a kind, once.
    pub(super) fn watch(&mut self, store: &mut Store, cluster: &ClusterId, gvk: &Gvk) {
        store.kind_or(cluster, gvk, Sight::Pending);
        if self.by_kind.get(cluster).is_some_and(|kinds| kinds.contains_key(gvk)) {
            return;
        }
        let Some((client, served)) = self.shared.watcher(cluster) else {
            return self.sight(store, cluster, gvk, Sight::Unavailable("no connection to it is configured".into()));
        };
        let id = self.next_watch;
        self.next_watch += 1;
        let out = self.shared.messages.clone();
        let selector = (*cluster != self.shared.control_plane).then(|| ours(gvk));
        let task =
            WatchTask { id, cluster: cluster.clone(), gvk: gvk.clone(), client, selector, served, out: out.clone() };
        let task = self.shared.runtime.spawn(follow(task)).abort_handle();
        self.shared.runtime.spawn(async move {
            tokio::time::sleep(FIRST_LOOK).await;
            // An error here means that the engine has stopped.
            let _ = out.send(Message::Overdue { watch: id }).await;
        });
        self.watches.insert(id, WatchState { cluster: cluster.clone(), gvk: gvk.clone(), task, link: Link::Silent });
        self.by_kind.entry(cluster.clone()).or_default().insert(gvk.clone(), id);
    }

    /// A cluster is ours, by this client. What was seen of it by another client stays until the new one has looked.
    pub(super) fn join(&mut self, store: &mut Store, cluster: Cluster) {
        let id = cluster.id.clone();
        self.stop_watches(&id);
        self.shared.connect(Connection::new(cluster, &self.shared.stop));
        let mut touches = Touches::new();
        store.set_plane(&id, Some(&PlaneSight::Reachable), &mut touches);
        self.wake_words(&touches, &mut || Cause::from(format!("{id} is there")));
        let mut kinds: Vec<Gvk> = store.kinds_of(&id);
        if id == self.shared.control_plane {
            kinds.extend(self.shared.controllers.iter().map(|controller| controller.gvk()));
        }
        for gvk in kinds {
            self.watch(store, &id, &gvk);
        }
    }

    /// A cluster is no longer ours: nothing of it is known any more.
    pub(super) fn leave(&mut self, store: &mut Store, cluster: &ClusterId) {
        self.stop_watches(cluster);
        self.shared.disconnect(cluster);
        let mut touches = Touches::new();
        let kinds = store.kinds_of(cluster);
        store.forget_cluster(cluster, &mut touches);
        self.wake_words(&touches, &mut || Cause::from(format!("{cluster} was removed")));
        let mut board = self.shared.board.lock().unwrap_or_else(PoisonError::into_inner);
        for gvk in kinds {
            board.progressed(cluster, &gvk, store);
        }
    }

    fn stop_watches(&mut self, cluster: &ClusterId) {
        for id in self.by_kind.remove(cluster).into_iter().flat_map(std::collections::HashMap::into_values) {
            if let Some(state) = self.watches.remove(&id) {
                state.task.abort();
            }
        }
    }
}
