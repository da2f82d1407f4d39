//! A manifest with notes in the margin: YAML in which everything that the template does not say by itself has its origin
//! behind it.

use serde_json::Value;

use super::explain::on_one_line;
use super::reads::Effort;
use super::{Origin, Origins, Writer, yaml};
use crate::template::{Segment, write_path};

/// Notes of short lines stand in one column, not further right than this.
const MARGIN: usize = 56;

/// A longer expression is cut in a note.
const EXPRESSION: usize = 72;

/// What stands above a manifest whose fields are written in one place.
const UNNOTED: &str = "what has no note stands there as it is";

impl Origins {
    /// The manifest as YAML, with a note behind each field that its template does not just state: the expression, who gave
    /// what it read, the patch or the step of the platform that wrote it.
    pub fn annotated(&self, manifest: usize, object: &Value) -> String {
        let effort = Effort::new();
        let home = self.home(manifest, &effort);
        let mut lines = yaml::Lines::default();
        let mut told = Told { origins: self, manifest, home: home.as_ref(), effort: &effort, around: Vec::new() };
        lines.write(object, &mut told);
        let header = match &home {
            Some(home) => format!("# {}, {}; {UNNOTED}\n", home.object, home.path),
            None => String::new(),
        };
        header + &lines.with_margin(MARGIN)
    }

    /// Every leaf of the manifest with its origin; `None` where it is not known. An empty list or object is a leaf.
    pub fn leaves(&self, manifest: usize, object: &Value) -> Vec<(Vec<Segment>, Option<Origin>)> {
        let effort = Effort::new();
        let mut leaves = Vec::new();
        each_leaf(object, &mut Vec::new(), &mut |path| {
            leaves.push((path.to_vec(), self.tell(manifest, path, &effort)));
        });
        leaves
    }

    /// Where most of a manifest is written: the template that says what kind it is.
    fn home(&self, manifest: usize, effort: &Effort) -> Option<Home> {
        let kind = self.tell(manifest, &[Segment::Key("kind".into())], effort)?;
        let path = kind.place.path.strip_suffix(".kind")?;
        Some(Home { object: kind.place.object, path: path.to_owned() })
    }
}

/// A template: its object and the place in it.
struct Home {
    object: String,
    path: String,
}

/// What notes are made of.
struct Told<'o> {
    origins: &'o Origins,
    manifest: usize,
    home: Option<&'o Home>,
    effort: &'o Effort,
    /// The lines whose notes stand at an object or list around the field, outermost first, with the length of its path.
    around: Vec<(usize, Origin)>,
}

impl Told<'_> {
    /// Whether the origin is the field's own line in the template that the header names.
    fn at_home(&self, origin: &Origin, path: &[Segment]) -> bool {
        let Some(home) = self.home else { return false };
        let mut own = home.path.clone();
        write_path(&mut own, path);
        matches!(origin.writer, Writer::Template | Writer::TraitCreate)
            && origin.place.object == home.object
            && origin.place.path == own
    }
}

impl yaml::Notes for Told<'_> {
    fn of_leaf(&mut self, path: &[Segment]) -> Option<String> {
        let Some(origin) = self.origins.tell(self.manifest, path, self.effort) else {
            return Some("unknown".to_owned());
        };
        self.around.retain(|(length, _)| *length < path.len());
        let mut note = String::new();
        if self.around.last().is_some_and(|(_, around)| around.place == origin.place) {
            // The line itself is told above.
        } else if self.at_home(&origin, path) {
            note.extend(origin.place.expression.as_deref().map(shown));
        } else {
            return Some(in_full(&origin));
        }
        let _ = origin.ingredients(&mut note);
        let note = note.trim_start_matches([';', ',', ' ']);
        (!note.is_empty()).then(|| note.to_owned())
    }

    fn of_branch(&mut self, path: &[Segment]) -> Option<String> {
        self.around.retain(|(length, _)| *length < path.len());
        let origin = self.origins.tell(self.manifest, path, &Effort::none())?;
        let expression = origin.place.expression.as_deref()?;
        if !self.at_home(&origin, path) {
            return None;
        }
        let note = shown(expression);
        self.around.push((path.len(), origin));
        Some(note)
    }
}

/// Where the field is written elsewhere than the rest of the manifest.
fn in_full(origin: &Origin) -> String {
    let mut short = origin.clone();
    if let Some(expression) = &mut short.place.expression {
        *expression = cut(expression);
    }
    let mut note = short.to_string();
    if let Some(before) = &origin.overwrote {
        note.push_str("; before that by ");
        note.push_str(&before.to_string());
    }
    note
}

fn shown(expression: &str) -> String {
    format!("${{{}}}", cut(expression))
}

fn cut(expression: &str) -> String {
    let line = on_one_line(expression);
    match line.char_indices().nth(EXPRESSION) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Calls `visit` with the path to each leaf, in the manifest's order.
fn each_leaf(value: &Value, path: &mut Vec<Segment>, visit: &mut dyn FnMut(&[Segment])) {
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
        _ => visit(path),
    }
}
