//! A manifest with notes in the margin: one line per leaf, and where it came from behind it.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Origin, Origins};
use crate::template::{Segment, write_path};

impl Origins {
    /// The manifest's leaves, one a line, each with its origin.
    pub fn annotated(&self, manifest: usize, object: &Value) -> String {
        let mut lines = Vec::new();
        each_leaf(object, &mut Vec::new(), &mut |path, leaf| {
            let mut line = String::new();
            write_path(&mut line, path);
            let _ = write!(line, ": {leaf}");
            let note = self.of(manifest, path).map_or_else(|| "unknown".to_owned(), |origin| Self::short(&origin));
            lines.push((line, note));
        });
        let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or_default().min(100);
        let mut out = String::new();
        for (line, note) in lines {
            let _ = writeln!(out, "{line:width$}  # {note}");
        }
        out
    }

    /// Every leaf of the manifest with its origin; `None` where it is not known. An empty list or object is a leaf.
    pub fn leaves(&self, manifest: usize, object: &Value) -> Vec<(Vec<Segment>, Option<Origin>)> {
        let mut leaves = Vec::new();
        each_leaf(object, &mut Vec::new(), &mut |path, _| leaves.push((path.to_vec(), self.of(manifest, path))));
        leaves
    }
}

/// Calls `visit` with the path to each leaf, in the manifest's order.
fn each_leaf(value: &Value, path: &mut Vec<Segment>, visit: &mut dyn FnMut(&[Segment], &Value)) {
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                path.push(Segment::Key(key.as_str().into()));
                each_leaf(value, path, visit);
                path.pop();
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, value) in items.iter().enumerate() {
                path.push(Segment::Index(at));
                each_leaf(value, path, visit);
                path.pop();
            }
        }
        leaf => visit(path, leaf),
    }
}
