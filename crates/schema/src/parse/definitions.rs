//! The named schemas of an OpenAPI document: each is read once, uses of it share its children.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::SchemaProblem;
use super::node::Reader;
use crate::node::{Arena, Kind, NodeData, NodeId};

/// What can be read, and what is wrong with the rest.
pub(crate) fn read(schemas: &Map<String, Value>) -> (Arena, BTreeMap<String, NodeId>, Vec<SchemaProblem>) {
    let names: BTreeMap<String, NodeId> =
        schemas.keys().enumerate().map(|(index, name)| (name.clone(), index as NodeId)).collect();
    let mut reader = Reader::new(Some(&names));
    for _ in schemas {
        reader.arena_mut().push(NodeData::new(Kind::Any));
    }
    for (name, schema) in schemas {
        reader.read_into(names[name], schema, name, 0);
    }
    let targets: BTreeMap<NodeId, NodeId> = std::mem::take(&mut reader.pending).into_iter().collect();
    for id in targets.keys() {
        match follow(&targets, *id) {
            Some(target) => {
                let arena = reader.arena_mut();
                let own = arena.get(*id).clone();
                arena.nodes[*id as usize] = overlay(arena.get(target).clone(), own);
            }
            None => reader.problem("$ref", "a schema that refers only to itself"),
        }
    }
    let (arena, found) = reader.finish();
    (arena, names, found.problems)
}

/// The end of a chain of references; `None` for a circle.
fn follow(targets: &BTreeMap<NodeId, NodeId>, start: NodeId) -> Option<NodeId> {
    let mut at = start;
    for _ in 0..=targets.len() {
        match targets.get(&at) {
            Some(next) => at = *next,
            None => return Some(at),
        }
    }
    None
}

/// What stands beside a reference is the use's own: text, default, merge behaviour.
fn overlay(mut base: NodeData, own: NodeData) -> NodeData {
    base.description = own.description.or(base.description);
    base.title = own.title.or(base.title);
    base.default = own.default.or(base.default);
    base.nullable |= own.nullable;
    base.list_type = own.list_type.or(base.list_type);
    base.map_type = own.map_type.or(base.map_type);
    if !own.map_keys.is_empty() {
        base.map_keys = own.map_keys;
    }
    if !own.patch_strategy.is_empty() {
        base.patch_strategy = own.patch_strategy;
    }
    base.patch_merge_key = own.patch_merge_key.or(base.patch_merge_key);
    base
}
