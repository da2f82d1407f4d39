//! Taking in what the watches see.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use super::{Link, Machine};
use crate::engine::board::Cause;
use crate::engine::cache::{PlaneSight, Sight, Store, Touches};
use crate::engine::watch::{Sighting, WatchId};
use crate::engine::{ClusterId, Gvk, ObjectKey};

impl Machine {
    pub(super) fn saw(&mut self, store: &mut Store, watch: WatchId, sighting: Sighting) {
        // A watch that was replaced may still have something to say.
        let Some(state) = self.watches.get(&watch) else { return };
        let (cluster, gvk) = (state.cluster.clone(), state.gvk.clone());
        self.shared.metrics.sightings.add(1);
        match sighting {
            Sighting::Mapped(mapping) => store.kind_or(&cluster, &gvk, Sight::Pending).0.mapping = Some(mapping),
            Sighting::Listed { items, resource_version } => {
                let mut listed = HashSet::with_capacity(items.len());
                for item in items {
                    listed.extend(self.put(store, &cluster, &gvk, item.get().as_bytes(), false));
                }
                self.remove_others(store, &cluster, &gvk, &listed);
                self.advance(store, &cluster, &gvk, &resource_version);
                self.sight(store, &cluster, &gvk, Sight::Clear);
                self.link(store, watch, Link::Up);
            }
            Sighting::Put(object) => drop(self.put(store, &cluster, &gvk, &object, true)),
            Sighting::Gone(object) => self.gone(store, &cluster, &gvk, &object),
            Sighting::Bookmark(revision) => self.advance(store, &cluster, &gvk, &revision),
            Sighting::Connected => self.link(store, watch, Link::Up),
            Sighting::NotServed => {
                self.remove_others(store, &cluster, &gvk, &HashSet::new());
                self.sight(store, &cluster, &gvk, Sight::NotServed);
                // The cluster has answered.
                self.link(store, watch, Link::Up);
            }
            Sighting::Forbidden(refusal) => {
                let why: Arc<str> = refusal.message.into();
                self.sight(store, &cluster, &gvk, Sight::Forbidden(Arc::clone(&why)));
                self.link(store, watch, Link::Denied(why));
            }
            Sighting::Lost(refusal) => self.link(store, watch, Link::Down(refusal.message.into())),
        }
    }

    fn put(
        &mut self,
        store: &mut Store,
        cluster: &ClusterId,
        gvk: &Gvk,
        text: &[u8],
        advance: bool,
    ) -> Option<ObjectKey> {
        let (cache, decoded) = store.kind_or(cluster, gvk, Sight::Pending);
        let taken = self.intake.take(gvk, text, |key| cache.get(key).cloned());
        let (key, entry) = match taken {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(%cluster, %gvk, %error, "an object cannot be taken in");
                return None;
            }
        };
        let mut touches = Touches::new();
        let is_new = cache.get(&key).is_none();
        let revision = entry.resource_version.clone();
        cache.put(&key, entry, decoded, &mut touches);
        self.wake(&touches, gvk, Some(&key), if is_new { "appeared" } else { "changed" });
        if is_new && *cluster == self.shared.control_plane {
            self.ensure(gvk, &key);
        }
        if advance {
            self.advance(store, cluster, gvk, &revision);
        }
        Some(key)
    }

    fn gone(&mut self, store: &mut Store, cluster: &ClusterId, gvk: &Gvk, text: &[u8]) {
        let Ok((key, entry)) = self.intake.take(gvk, text, |_| None) else { return };
        self.remove(store, cluster, gvk, &key);
        self.advance(store, cluster, gvk, &entry.resource_version);
    }

    fn remove(&mut self, store: &mut Store, cluster: &ClusterId, gvk: &Gvk, key: &ObjectKey) {
        let (cache, decoded) = store.kind_or(cluster, gvk, Sight::Pending);
        let mut touches = Touches::new();
        cache.remove(key, decoded, &mut touches);
        self.wake(&touches, gvk, Some(key), "went away");
    }

    pub(super) fn remove_others(
        &mut self,
        store: &mut Store,
        cluster: &ClusterId,
        gvk: &Gvk,
        listed: &HashSet<ObjectKey>,
    ) {
        let Some(cache) = store.kind(cluster, gvk) else { return };
        let gone: Vec<ObjectKey> =
            cache.objects().map(|(key, _)| key).filter(|key| !listed.contains(*key)).cloned().collect();
        for key in gone {
            self.remove(store, cluster, gvk, &key);
        }
    }

    fn advance(&self, store: &mut Store, cluster: &ClusterId, gvk: &Gvk, revision: &str) {
        let (cache, _) = store.kind_or(cluster, gvk, Sight::Pending);
        // A revision that is no number is never waited for.
        cache.revision = revision.parse().unwrap_or(cache.revision);
        self.shared.board.lock().unwrap_or_else(PoisonError::into_inner).progressed(cluster, gvk, store);
    }

    pub(super) fn sight(&self, store: &mut Store, cluster: &ClusterId, gvk: &Gvk, sight: Sight) {
        let words = match &sight {
            Sight::Clear => "can be seen",
            Sight::NotServed => "is not served",
            Sight::Forbidden(_) => "is forbidden",
            Sight::Unavailable(_) | Sight::Pending => "is unavailable",
        };
        let mut touches = Touches::new();
        store.set_sight(cluster, gvk, sight, &mut touches);
        self.wake(&touches, gvk, None, words);
        self.shared.board.lock().unwrap_or_else(PoisonError::into_inner).progressed(cluster, gvk, store);
    }

    /// A cluster is reachable while any of its watches works, or none has tried.
    pub(super) fn link(&mut self, store: &mut Store, watch: WatchId, link: Link) {
        let Some(state) = self.watches.get_mut(&watch) else { return };
        if state.link == link {
            return;
        }
        state.link = link;
        let cluster = state.cluster.clone();
        let links: Vec<&Link> =
            self.watches.values().filter(|state| state.cluster == cluster).map(|state| &state.link).collect();
        let first = |pick: fn(&Link) -> Option<&Arc<str>>| links.iter().find_map(|link| pick(link)).cloned();
        let down = first(|link| if let Link::Down(why) = link { Some(why) } else { None });
        let denied = first(|link| if let Link::Denied(why) = link { Some(why) } else { None });
        let sight = match (links.contains(&&Link::Up), down, denied) {
            (true, _, _) | (false, None, None) => PlaneSight::Reachable,
            (false, Some(why), _) => PlaneSight::Unavailable(why),
            (false, None, Some(why)) => PlaneSight::Forbidden(why),
        };
        let words = if sight == PlaneSight::Reachable { "can be reached" } else { "cannot be reached" };
        let mut touches = Touches::new();
        store.set_plane(&cluster, Some(&sight), &mut touches);
        if !touches.is_empty() {
            tracing::info!(%cluster, "{words}");
        }
        self.wake_words(&touches, &mut || Cause::from(format!("{cluster} {words}")));
    }

    pub(super) fn wake(&self, touches: &Touches, gvk: &Gvk, key: Option<&ObjectKey>, words: &str) {
        self.wake_words(touches, &mut || match key {
            Some(key) => Cause::from(format!("{} {key} {words}", gvk.kind)),
            None => Cause::from(format!("{gvk} {words}")),
        });
    }

    pub(super) fn wake_words(&self, touches: &Touches, words: &mut dyn FnMut() -> Cause) {
        if touches.is_empty() {
            return;
        }
        let mut cause = None;
        let mut board = self.shared.board.lock().unwrap_or_else(PoisonError::into_inner);
        for touch in touches {
            let woken = board.touch(*touch, &mut || Cause::clone(cause.get_or_insert_with(&mut *words)));
            self.shared.metrics.wakes.add(woken as u64);
        }
    }

    fn ensure(&self, gvk: &Gvk, key: &ObjectKey) {
        for (number, controller) in self.shared.controllers.iter().enumerate() {
            if controller.gvk() == *gvk {
                let mut board = self.shared.board.lock().unwrap_or_else(PoisonError::into_inner);
                board.ensure(number as u16, key, &Cause::from(format!("{} {key} appeared", gvk.kind)));
            }
        }
    }
}
