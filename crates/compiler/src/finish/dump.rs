//! The text that the resource hash is taken over: a typed dump whose grammar is part of the contract.

use std::fmt::Write as _;

use crate::tree::{Map, Tree};

/// Most objects need no more.
const ROOM: usize = 1024;

/// The dump of a list of objects, each without its entry `metadata`.
pub(super) fn objects(objects: &[&Tree]) -> String {
    let mut out = String::with_capacity(objects.len() * ROOM);
    out.push_str("([]map[string]interface {})[");
    for (at, object) in objects.iter().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        out.push_str("map[");
        let mut first = true;
        for (key, value) in object.as_map().into_iter().flat_map(Map::iter).filter(|(key, _)| &***key != "metadata") {
            if !std::mem::take(&mut first) {
                out.push(' ');
            }
            out.push_str(key);
            out.push(':');
            interface(&mut out, value);
        }
        out.push(']');
    }
    out.push(']');
    out
}

/// A value behind an interface: its type in parentheses, then itself.
fn interface(out: &mut String, value: &Tree) {
    match value {
        Tree::Null => out.push_str("(interface {})<nil>"),
        Tree::NullRead => out.push_str("(structpb.NullValue)0"),
        Tree::Bytes(bytes) => {
            out.push_str("([]uint8)[");
            spaced(out, bytes.iter(), |out, byte| {
                let _ = write!(out, "{byte}");
            });
            out.push(']');
        }
        Tree::List(items) => {
            out.push_str("([]interface {})[");
            spaced(out, items.iter(), interface);
            out.push(']');
        }
        Tree::Strings(items) => {
            out.push_str("([]string)[");
            spaced(out, items.iter(), |out, item| item.splice_into(out));
            out.push(']');
        }
        Tree::Map(map) => {
            out.push_str("(map[string]interface {})map[");
            spaced(out, map.iter(), |out, (key, value)| {
                out.push_str(key);
                out.push(':');
                interface(out, value);
            });
            out.push(']');
        }
        Tree::StringMap(map) => {
            out.push_str("(map[string]string)map[");
            spaced(out, map.iter(), |out, (key, value)| {
                out.push_str(key);
                out.push(':');
                value.splice_into(out);
            });
            out.push(']');
        }
        Tree::Bool(_)
        | Tree::Int(_)
        | Tree::Uint(_)
        | Tree::Double(_)
        | Tree::Text(_)
        | Tree::Duration(_)
        | Tree::Time(_)
        | Tree::Omit => {
            out.push('(');
            out.push_str(value.type_name());
            out.push(')');
            value.show_into(out);
        }
    }
}

fn spaced<T>(out: &mut String, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut String, T)) {
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(' ');
        }
        write(out, item);
    }
}
