//! A manifest with notes in the margin: one line per leaf, and where it came from behind it.

use std::fmt::Write as _;

use serde_json::Value;

use super::Origins;
use crate::template::{Segment, write_path};

impl Origins {
    /// The manifest's leaves, one a line, each with its origin.
    pub fn annotated(&self, manifest: usize, object: &Value) -> String {
        let mut lines = Vec::new();
        self.collect(manifest, object, &mut Vec::new(), &mut lines);
        let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or_default().min(100);
        let mut out = String::new();
        for (line, note) in lines {
            let _ = writeln!(out, "{line:width$}  # {note}");
        }
        out
    }

    fn collect(&self, manifest: usize, value: &Value, path: &mut Vec<Segment>, lines: &mut Vec<(String, String)>) {
        match value {
            Value::Object(entries) if !entries.is_empty() => {
                for (key, value) in entries {
                    path.push(Segment::Key(key.as_str().into()));
                    self.collect(manifest, value, path, lines);
                    path.pop();
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for (at, value) in items.iter().enumerate() {
                    path.push(Segment::Index(at));
                    self.collect(manifest, value, path, lines);
                    path.pop();
                }
            }
            leaf => {
                let mut line = String::new();
                write_path(&mut line, path.iter());
                let _ = write!(line, ": {leaf}");
                let note = self.of(manifest, path).map_or_else(|| "unknown".to_owned(), |origin| Self::short(&origin));
                lines.push((line, note));
            }
        }
    }
}
