//! The object itself: its finalizers, its status, and the events about it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::prepare::Preparing;
use super::request::{self, Request};
use crate::engine::board::{Memo, Memos};
use crate::engine::cache::{Store, Thing, desired_hash};
use crate::engine::plan::{same_ignoring_times, stamp, strip_times};
use crate::engine::server::Mapping;
use crate::engine::{EventNote, ObjectRef, Unseen};

/// What the cache shows of the object that a plan is for.
pub(super) struct OwnObject {
    pub uid: String,
    pub revision: String,
    pub deleting: bool,
    generation: i64,
    finalizers: Vec<String>,
    status: Option<Value>,
    status_hash: u64,
}

impl OwnObject {
    pub(super) fn find(store: &Store, own: &ObjectRef) -> Result<Self, Unseen> {
        #[derive(Deserialize)]
        struct View {
            metadata: Meta,
            status: Option<Value>,
        }
        #[derive(Deserialize)]
        struct Meta {
            #[serde(default)]
            finalizers: Vec<String>,
        }
        let undecodable = |message: Arc<str>| Unseen::Undecodable { object: own.clone(), message: message.to_string() };
        let entry = store.kind(&own.cluster, &own.gvk).and_then(|cache| cache.get(&own.key));
        let entry = entry.ok_or_else(|| undecodable(Arc::from("it is not there")))?;
        let view: View = entry.decode(true).map_err(undecodable)?;
        Ok(Self {
            uid: entry.uid.to_string(),
            revision: entry.resource_version.to_string(),
            deleting: entry.deleting,
            generation: entry.generation,
            finalizers: view.metadata.finalizers,
            status: view.status,
            status_hash: entry.facets[2],
        })
    }

    /// The list of finalizers with these added, if one is missing and can still be added.
    pub(super) fn with_finalizers(&self, add: &[String]) -> Option<Vec<String>> {
        let missing: Vec<&String> = add.iter().filter(|name| !self.finalizers.contains(name)).collect();
        (!missing.is_empty() && !self.deleting).then(|| self.finalizers.iter().chain(missing).cloned().collect())
    }

    /// The list of finalizers without these, if one of them is there.
    pub(super) fn without_finalizers(&self, remove: &[String]) -> Option<Vec<String>> {
        let is_there = self.finalizers.iter().any(|name| remove.contains(name));
        is_there.then(|| self.finalizers.iter().filter(|name| !remove.contains(name)).cloned().collect())
    }
}

/// The status write, if the status differs in more than times, and after it the events.
pub(super) fn stages(
    about: &Preparing<'_>,
    own: &ObjectRef,
    mapping: &Mapping,
    object: &OwnObject,
    (status, events): (Option<Value>, &[EventNote]),
    memos: &Memos,
) -> Vec<Vec<Request>> {
    let Some(mut status) = status else { return Vec::new() };
    stamp(&mut status, object.status.as_ref(), object.generation, about.at);
    if object.status.as_ref().is_some_and(|live| same_ignoring_times(&status, live)) {
        return Vec::new();
    }
    let mut timeless = status.clone();
    strip_times(&mut timeless);
    let is_empty = |value: &Value| value.as_object().is_none_or(serde_json::Map::is_empty);
    if object.status.is_none() && is_empty(&timeless) {
        return Vec::new();
    }
    let thing = Thing::status(&own.cluster, &own.gvk, &own.key);
    let desired = desired_hash(&timeless);
    if memos.get(&thing) == Some(&Memo { desired, live: object.status_hash }) {
        return Vec::new();
    }
    let manager = about.controller.field_manager();
    let write = request::replace_status(own.clone(), mapping, manager, &object.uid, &status, thing, desired);
    let mut stages = vec![vec![write]];
    if !events.is_empty() {
        let notes = events.iter().enumerate();
        let name = about.controller.name();
        stages.push(
            notes
                .map(|(number, note)| request::event(own, &object.uid, note, name, about.identity, about.at, number))
                .collect(),
        );
    }
    stages
}
