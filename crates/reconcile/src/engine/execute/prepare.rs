//! From a plan to requests: what is so already is left out, what cannot be sent is a failure, the rest is put in stages.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hasher};
use std::time::Instant;

use jiff::Timestamp;
use serde_json::Value;

use super::request::{self, Request};
use super::status::{self, OwnObject};
use crate::engine::board::{Failed, Memo, Memos};
use crate::engine::cache::{Facets, KindCache, PlaneSight, Sight, Store, Thing, covers, desired_hash};
use crate::engine::run::AnyController;
use crate::engine::world::{Need, Reads};
use crate::engine::{ClusterId, Effect, Failure, FailureReason, Gvk, ObjectKey, ObjectRef, Plan, Step};

/// Runs with effects that may follow each other before the status is written all the same.
const PATIENCE: u8 = 3;

/// What a plan is prepared from.
pub(crate) struct Preparing<'p> {
    pub controller: &'p dyn AnyController,
    pub control_plane: &'p ClusterId,
    pub identity: &'p str,
    pub key: &'p ObjectKey,
    pub store: &'p Store,
    pub failed: Option<&'p Failed>,
    pub streak: u8,
    pub now: Instant,
    pub at: Timestamp,
}

/// What is to be done for a plan.
pub(crate) enum Prepared {
    /// Not everything that it is about can be seen yet.
    Incomplete,
    /// Nothing; `settled` when that is because all is so.
    Nothing { skipped: u64, settled: bool },
    /// Its effects cannot be sent.
    Blocked(Failure),
    /// Requests.
    Work { stages: Vec<Vec<Request>>, summary: String, fingerprint: u64, had_effects: bool, skipped: u64 },
}

/// Decides what of the plan is to be sent, and records what the plan is about as reads, so that drift wakes.
pub(crate) fn prepare(about: &Preparing<'_>, plan: Plan, memos: &mut Memos, reads: &mut Reads) -> Prepared {
    let own = ObjectRef { cluster: about.control_plane.clone(), gvk: about.controller.gvk(), key: about.key.clone() };
    let (Some(cache), Ok(object)) = (about.store.kind(&own.cluster, &own.gvk), OwnObject::find(about.store, &own))
    else {
        return Prepared::Incomplete;
    };
    let Some(mapping) = &cache.mapping else { return Prepared::Incomplete };
    if let Some(why) = &plan.broken {
        return Prepared::Blocked(unsound(
            "carry out the plan for",
            own,
            format!("a value of the plan cannot be written as JSON: {why}"),
        ));
    }
    let manager = about.controller.field_manager();

    let mut stages: BTreeMap<(u8, Step), Vec<Request>> = BTreeMap::new();
    let mut skipped = 0;
    let mut blocked: Option<((u8, Step), Failure)> = None;
    let mut visited = HashSet::from([Thing::status(&own.cluster, &own.gvk, &own.key)]);
    if let Some(list) = object.with_finalizers(&plan.add_finalizers) {
        let request = request::finalizers(
            "add a finalizer to",
            own.clone(),
            mapping,
            manager,
            &object.uid,
            &object.revision,
            &list,
        );
        stages.entry((0, 0)).or_default().push(request);
    }
    for effect in plan.effects {
        let stage = (if matches!(effect, Effect::Delete { .. }) { 2 } else { 1 }, effect.step());
        visited.extend(effect.target().map(|target| Thing::object(&target.cluster, &target.gvk, &target.key)));
        match needed(about, effect, memos, reads) {
            Needed::Yes(request) => stages.entry(stage).or_default().push(*request),
            Needed::No => skipped += 1,
            Needed::Never(failure) => {
                if blocked.as_ref().is_none_or(|(earlier, _)| stage < *earlier) {
                    blocked = Some((stage, failure));
                }
            }
            Needed::NotYet => {}
        }
    }
    memos.retain(|thing, _| visited.contains(thing));
    if !reads.needs().is_empty() {
        return Prepared::Incomplete;
    }
    if !is_reachable(about.store, &own.cluster, reads) {
        // Not even the status can be written; the way back wakes the key.
        return Prepared::Nothing { skipped, settled: false };
    }

    // What comes before, or beside, an effect that cannot be sent is done; what comes after it is not.
    if let Some((stage, _)) = &blocked {
        stages.retain(|other, _| other <= stage);
    }
    let effects: Vec<Vec<Request>> = stages.into_values().collect();
    let fingerprint = fingerprint(&effects);
    let held = about
        .failed
        .is_some_and(|failed| failed.effects && failed.fingerprint == fingerprint && about.now < failed.until);
    let patient = about.streak < PATIENCE;
    let is_told = |failure: &Failure| about.failed.is_some_and(|failed| failed.failure == *failure);
    match blocked {
        _ if !effects.is_empty() && !held => {
            let mut stages = effects;
            if !patient {
                let status = status::stages(about, &own, mapping, &object, (plan.status, &[]), memos);
                stages.extend(status);
            }
            let summary = summarize(&stages);
            return Prepared::Work { stages, summary, fingerprint, had_effects: true, skipped };
        }
        Some((_, failure)) if !is_told(&failure) => return Prepared::Blocked(failure),
        None if effects.is_empty() && about.failed.is_some_and(|failed| failed.effects) => {
            return Prepared::Nothing { skipped, settled: true };
        }
        _ => {}
    }
    let settled = effects.is_empty() && about.failed.is_none_or(|failed| !failed.effects);
    let list = if settled { object.without_finalizers(&plan.remove_finalizers) } else { None };
    let mut stages = Vec::new();
    let is_leaving = object.deleting && list.as_ref().is_some_and(Vec::is_empty);
    if !is_leaving {
        stages = status::stages(about, &own, mapping, &object, (plan.status, &plan.events), memos);
    }
    if let Some(list) = list {
        let request = request::finalizers(
            "remove a finalizer from",
            own.clone(),
            mapping,
            manager,
            &object.uid,
            &object.revision,
            &list,
        );
        // The status is written in the same run only when the object stays: its write makes the revision a new one.
        if stages.is_empty() {
            stages.push(vec![request]);
        }
    }
    let fingerprint = self::fingerprint(&stages);
    let held = about
        .failed
        .is_some_and(|failed| !failed.effects && failed.fingerprint == fingerprint && about.now < failed.until);
    if stages.is_empty() || held {
        return Prepared::Nothing { skipped, settled: settled && !held };
    }
    let summary = summarize(&stages);
    Prepared::Work { stages, summary, fingerprint, had_effects: false, skipped }
}

enum Needed {
    Yes(Box<Request>),
    No,
    NotYet,
    Never(Failure),
}

fn needed(about: &Preparing<'_>, effect: Effect, memos: &mut Memos, reads: &mut Reads) -> Needed {
    let Some(target) = effect.target() else {
        let own =
            ObjectRef { cluster: about.control_plane.clone(), gvk: about.controller.gvk(), key: about.key.clone() };
        return Needed::Never(unsound(
            "carry out the plan for",
            own,
            "a manifest has no apiVersion, kind or metadata.name",
        ));
    };
    let action = effect.verb();
    let fail = |reason, message: String| Needed::Never(Failure { action, object: target.clone(), reason, message });
    reads.object(&target.cluster, &target.gvk, &target.key, Facets::META | Facets::SPEC);
    reads.kind(&target.cluster, &target.gvk);
    if !is_reachable(about.store, &target.cluster, reads) {
        return fail(FailureReason::Unavailable, outage(about.store, &target.cluster));
    }
    let cache = about.store.kind(&target.cluster, &target.gvk);
    let (cache, mapping) = match cache.map(|cache| (&cache.sight, cache)) {
        Some((Sight::Clear, cache)) => match &cache.mapping {
            Some(mapping) => (cache, mapping),
            None => return not_yet(reads, &target.cluster, &target.gvk),
        },
        Some((Sight::NotServed, _)) => {
            return fail(FailureReason::NotServed, format!("{} is not served by {}", target.gvk, target.cluster));
        }
        Some((Sight::Forbidden(why), _)) => return fail(FailureReason::Forbidden, why.to_string()),
        Some((Sight::Unavailable(why), _)) => return fail(FailureReason::Unavailable, why.to_string()),
        Some((Sight::Pending, _)) | None => return not_yet(reads, &target.cluster, &target.gvk),
    };
    if mapping.namespaced != target.key.namespace.is_some() {
        let message = if mapping.namespaced {
            "metadata.namespace is missing"
        } else {
            "the kind has no namespaces; remove metadata.namespace"
        };
        return fail(FailureReason::Unsound, message.to_owned());
    }
    let live = cache.get(&target.key);
    let manager = about.controller.field_manager();
    match effect {
        Effect::Delete { uid, .. } if uid.is_empty() => {
            fail(FailureReason::Unsound, "a delete needs the UID of the object that was seen".to_owned())
        }
        Effect::Delete { uid, .. } => match live {
            Some(live) if *live.uid == *uid && !live.deleting => {
                Needed::Yes(Box::new(request::delete(target, mapping, uid)))
            }
            _ => Needed::No,
        },
        Effect::Apply { ref manifest, .. } | Effect::Create { ref manifest, .. }
            if !is_ours(&target.cluster, manifest) =>
        {
            fail(
                FailureReason::Unsound,
                format!(
                    "it does not carry the label {}, so it could not be seen on a plane",
                    model::labels::MANAGED_BY
                ),
            )
        }
        Effect::Create { manifest, .. } => match live {
            Some(_) => Needed::No,
            None => Needed::Yes(Box::new(request::create(target, mapping, manager, &manifest))),
        },
        Effect::Apply { manifest, .. } => {
            let thing = Thing::object(&target.cluster, &target.gvk, &target.key);
            let desired = desired_hash(&manifest);
            if is_so(cache, &target.key, manager, &manifest, thing, desired, memos) {
                Needed::No
            } else {
                Needed::Yes(Box::new(request::apply(target, mapping, manager, &manifest, thing, desired)))
            }
        }
    }
}

/// Whether the live object has what is desired: as remembered from the last apply, or as its managed fields show.
fn is_so(
    cache: &KindCache,
    key: &ObjectKey,
    manager: &str,
    manifest: &Value,
    thing: Thing,
    desired: u64,
    memos: &mut Memos,
) -> bool {
    let Some(live) = cache.get(key) else { return false };
    if live.deleting {
        // Nothing can be kept in an object that is going; it is applied again when it is gone.
        return true;
    }
    let Some(owned) = live.owned.iter().find(|owned| owned.manager == manager) else { return false };
    if memos.get(&thing) == Some(&Memo { desired, live: owned.hash }) {
        return true;
    }
    let is_covered = live.decode::<Value>(true).is_ok_and(|object| covers(&owned.fields, manifest, &object));
    if is_covered {
        memos.insert(thing, Memo { desired, live: owned.hash });
    }
    is_covered
}

fn is_ours(cluster: &ClusterId, manifest: &Value) -> bool {
    let label = || manifest.get("metadata")?.get("labels")?.get(model::labels::MANAGED_BY)?.as_str();
    cluster.is_control_plane() || label().is_some_and(|value| !value.is_empty())
}

fn is_reachable(store: &Store, cluster: &ClusterId, reads: &mut Reads) -> bool {
    reads.plane(cluster);
    !matches!(store.plane(cluster), None | Some(PlaneSight::Unavailable(_)))
}

fn outage(store: &Store, cluster: &ClusterId) -> String {
    match store.plane(cluster) {
        Some(PlaneSight::Unavailable(why) | PlaneSight::Forbidden(why)) => why.to_string(),
        Some(PlaneSight::Reachable) => format!("{cluster} is reachable"),
        None => format!("no connection to {cluster} is configured"),
    }
}

fn not_yet(reads: &mut Reads, cluster: &ClusterId, gvk: &Gvk) -> Needed {
    reads.need(Need::Kind { cluster: cluster.clone(), gvk: gvk.clone() });
    Needed::NotYet
}

fn unsound(action: &'static str, object: ObjectRef, message: impl Into<String>) -> Failure {
    Failure { action, object, reason: FailureReason::Unsound, message: message.into() }
}

fn fingerprint(stages: &[Vec<Request>]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for request in stages.iter().flatten() {
        hasher.write(request.call.uri.as_bytes());
        hasher.write(&request.call.body);
    }
    hasher.finish()
}

fn summarize(stages: &[Vec<Request>]) -> String {
    let all: Vec<String> =
        stages.iter().flatten().map(|request| format!("{} {}", request.action, request.target)).collect();
    all.join(", ")
}
