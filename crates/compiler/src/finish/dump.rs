//! The text that the resource hash is taken over: a typed dump whose grammar is part of the contract.

use std::fmt::{self, Write as _};

use model::hash::{Fnv32a, Prepared};

use crate::tree::{Map, Tree};

/// Takes in the text piece by piece; only its hash is of interest.
#[derive(Default)]
struct Sink(Fnv32a);

impl Sink {
    fn push(&mut self, byte: u8) {
        self.0.write(&[byte]);
    }

    fn known(&mut self, text: &Prepared) {
        self.0.write_prepared(text);
    }

    fn push_str(&mut self, text: &str) {
        self.0.write(text.as_bytes());
    }

    /// A value as it is spliced into text.
    fn spliced(&mut self, value: &Tree) {
        match value {
            Tree::Text(text) => self.push_str(text),
            other => self.push_str(&other.to_spliced()),
        }
    }
}

impl fmt::Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

/// The hash of the dump of a list of objects, each without its entry `metadata`.
pub(super) fn hash(objects: &[&Tree]) -> u32 {
    let mut out = Sink::default();
    out.push_str("([]map[string]interface {})[");
    for (at, object) in objects.iter().enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        out.push_str("map[");
        let mut first = true;
        for (key, value) in object.as_map().into_iter().flat_map(Map::iter).filter(|(key, _)| &***key != "metadata") {
            if !std::mem::take(&mut first) {
                out.push(b' ');
            }
            out.push_str(key);
            out.push(b':');
            interface(&mut out, value);
        }
        out.push(b']');
    }
    out.push(b']');
    out.0.finish()
}

/// What stands before the values that most objects are made of.
static LIST: Prepared = Prepared::new("([]interface {})[");
static MAP: Prepared = Prepared::new("(map[string]interface {})map[");
static STRING_MAP: Prepared = Prepared::new("(map[string]string)map[");
static TEXT: Prepared = Prepared::new("(string)");
static DOUBLE: Prepared = Prepared::new("(float64)");

/// A value behind an interface: its type in parentheses, then itself.
fn interface(out: &mut Sink, value: &Tree) {
    match value {
        Tree::Null => out.push_str("(interface {})<nil>"),
        Tree::NullRead => out.push_str("(structpb.NullValue)0"),
        Tree::Bytes(bytes) => {
            out.push_str("([]uint8)[");
            spaced(out, bytes.iter(), |out, byte| {
                let _ = write!(out, "{byte}");
            });
            out.push(b']');
        }
        Tree::List(items) => {
            out.known(&LIST);
            spaced(out, items.iter(), interface);
            out.push(b']');
        }
        Tree::Strings(items) => {
            out.push_str("([]string)[");
            spaced(out, items.iter(), Sink::spliced);
            out.push(b']');
        }
        Tree::Map(map) => {
            out.known(&MAP);
            spaced(out, map.iter(), |out, (key, value)| {
                out.push_str(key);
                out.push(b':');
                interface(out, value);
            });
            out.push(b']');
        }
        Tree::StringMap(map) => {
            out.known(&STRING_MAP);
            spaced(out, map.iter(), |out, (key, value)| {
                out.push_str(key);
                out.push(b':');
                out.spliced(value);
            });
            out.push(b']');
        }
        Tree::Text(text) => {
            out.known(&TEXT);
            out.push_str(text);
        }
        Tree::Double(_) => {
            out.known(&DOUBLE);
            out.push_str(&value.to_shown());
        }
        Tree::Bool(_) | Tree::Int(_) | Tree::Uint(_) | Tree::Duration(_) | Tree::Time(_) | Tree::Omit => {
            out.push(b'(');
            out.push_str(value.type_name());
            out.push(b')');
            out.push_str(&value.to_shown());
        }
    }
}

fn spaced<T>(out: &mut Sink, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut Sink, T)) {
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        write(out, item);
    }
}
