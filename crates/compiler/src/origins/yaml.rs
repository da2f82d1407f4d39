//! JSON as YAML, line by line, with room for a note behind each line.

use std::fmt::Write as _;

use serde_json::Value;

use crate::template::Segment;

/// What stands behind the lines.
pub(super) trait Notes {
    /// The note of a leaf.
    fn of_leaf(&mut self, path: &[Segment]) -> Option<String>;
    /// The note of a line that begins an object or a list.
    fn of_branch(&mut self, path: &[Segment]) -> Option<String>;
}

/// Lines with their notes.
#[derive(Default)]
pub(super) struct Lines(Vec<(String, Option<String>)>);

/// Words that YAML readers take for something else than a text.
const RESERVED: [&str; 10] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan"];

impl Lines {
    /// Writes a whole value.
    pub(super) fn write(&mut self, value: &Value, notes: &mut dyn Notes) {
        self.node(value, &mut Vec::new(), String::new(), 0, notes);
    }

    /// The text; the notes of lines up to `margin` stand in one column.
    pub(super) fn with_margin(&self, margin: usize) -> String {
        let noted = self.0.iter().filter(|(_, note)| note.is_some());
        let width = noted.map(|(line, _)| line.chars().count()).filter(|width| *width <= margin).max();
        let width = width.unwrap_or_default();
        let mut out = String::new();
        for (line, note) in &self.0 {
            let _ = match note {
                Some(note) => writeln!(out, "{line:width$}  # {}", note.replace(['\n', '\r'], " ")),
                None => writeln!(out, "{line}"),
            };
        }
        out
    }

    /// A value behind `lead`: nothing, `key:` or `-`, with the white space before it.
    fn node(&mut self, value: &Value, path: &mut Vec<Segment>, lead: String, indent: usize, notes: &mut dyn Notes) {
        match value {
            Value::Object(entries) if !entries.is_empty() => {
                let mut lead = self.begin(lead, path, notes);
                for (key, value) in entries {
                    path.push(Segment::Key(key.as_str().into()));
                    let start = lead.take().unwrap_or_else(|| " ".repeat(indent));
                    // A list stands where its key does.
                    let below = if value.is_array() { indent } else { indent + 2 };
                    self.node(value, path, format!("{start}{}:", text(key)), below, notes);
                    path.pop();
                }
            }
            Value::Array(items) if !items.is_empty() => {
                let mut lead = self.begin(lead, path, notes);
                for (at, value) in items.iter().enumerate() {
                    path.push(Segment::Index(at));
                    let start = lead.take().unwrap_or_else(|| " ".repeat(indent));
                    self.node(value, path, format!("{start}-"), indent + 2, notes);
                    path.pop();
                }
            }
            leaf => self.leaf(leaf, path, lead, indent, notes),
        }
    }

    /// The lead of the first line of an object or list: what follows a `-` stands on its line.
    fn begin(&mut self, lead: String, path: &[Segment], notes: &mut dyn Notes) -> Option<String> {
        if lead.ends_with(':') {
            let note = notes.of_branch(path);
            self.0.push((lead, note));
            return None;
        }
        (!lead.is_empty()).then(|| lead + " ")
    }

    fn leaf(&mut self, leaf: &Value, path: &[Segment], lead: String, indent: usize, notes: &mut dyn Notes) {
        let lead = if lead.is_empty() { lead } else { lead + " " };
        let note = notes.of_leaf(path);
        let Value::String(content) = leaf else {
            self.0.push((format!("{lead}{leaf}"), note));
            return;
        };
        let Some(mark) = block(content) else {
            self.0.push((format!("{lead}{}", text(content)), note));
            return;
        };
        self.0.push((format!("{lead}{mark}"), note));
        let indent = indent.max(2);
        for line in content.lines() {
            let indent = if line.is_empty() { 0 } else { indent };
            self.0.push((format!("{:indent$}{line}", ""), None));
        }
    }
}

/// How a text of several lines begins, where it can be written line by line.
fn block(text: &str) -> Option<&'static str> {
    let plain = |c: char| c == '\n' || !(c.is_control() || is_unusual(c));
    if !text.trim_end_matches('\n').contains('\n') || text.starts_with([' ', '\n']) || !text.chars().all(plain) {
        return None;
    }
    match text.strip_suffix('\n') {
        None => Some("|-"),
        Some(rest) if !rest.ends_with('\n') => Some("|"),
        Some(_) => None,
    }
}

/// A text on one line, in quotes where YAML would read something else.
fn text(content: &str) -> String {
    let starts = content.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') || is_quantity(content);
    let ends = content.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '.'));
    let inside = content.chars().all(|c| c.is_ascii_alphanumeric() || "/_-.=@+, ()".contains(c) || c == ':');
    let reserved = RESERVED.iter().any(|word| content.eq_ignore_ascii_case(word));
    if starts && ends && inside && !reserved && !content.contains(": ") {
        return content.to_owned();
    }
    // JSON in a text reads best between single quotes.
    if content.contains(['"', '\\']) && !content.contains(|c: char| c == '\'' || c.is_control() || is_unusual(c)) {
        return format!("'{content}'");
    }
    let mut quoted = String::new();
    for c in Value::from(content).to_string().chars() {
        if is_unusual(c) {
            let _ = write!(quoted, "\\u{:04x}", u32::from(c));
        } else {
            quoted.push(c);
        }
    }
    quoted
}

/// `100m`, `1Gi`: begins with a digit and cannot be a number or a date.
fn is_quantity(content: &str) -> bool {
    content.starts_with(|c: char| c.is_ascii_digit())
        && content.chars().all(|c| c.is_ascii_alphanumeric())
        && content.chars().any(|c| c.is_ascii_alphabetic() && !"eExXoObB".contains(c))
}

/// Characters that YAML does not take as they are, or takes for the end of a line.
fn is_unusual(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    struct Nothing;

    impl Notes for Nothing {
        fn of_leaf(&mut self, _: &[Segment]) -> Option<String> {
            Some("a note: \"#".to_owned())
        }
        fn of_branch(&mut self, _: &[Segment]) -> Option<String> {
            Some("another".to_owned())
        }
    }

    struct Silent;

    impl Notes for Silent {
        fn of_leaf(&mut self, _: &[Segment]) -> Option<String> {
            None
        }
        fn of_branch(&mut self, _: &[Segment]) -> Option<String> {
            None
        }
    }

    fn written(value: &Value) -> String {
        let mut lines = Lines::default();
        lines.write(value, &mut Nothing);
        lines.with_margin(20)
    }

    #[test]
    fn lists_of_lists_and_texts_of_lines_are_written_as_people_write_them() {
        let value = json!({"a": [[1, {"b": "x: y", "c": []}], {"d": "one\ntwo\n", "e": "no"}], "f": {"g": {}}});
        let mut lines = Lines::default();
        lines.write(&value, &mut Silent);
        assert_eq!(
            lines.with_margin(20),
            "a:\n- - 1\n  - b: \"x: y\"\n    c: []\n- d: |\n    one\n    two\n  e: \"no\"\nf:\n  g: {}\n"
        );
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            Just(Value::Null),
            "\\PC{0,12}".prop_map(Value::from),
            "[a-z:# \n-]{0,12}".prop_map(Value::from),
            Just(Value::from("~")),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec(("[a-zA-Z0-9.:/# -]{1,8}", inner), 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_the_same(value in any_value()) {
            let text = written(&value);
            let read: Value = serde_saphyr::from_str(&text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
            prop_assert_eq!(read, value, "{}", text);
        }
    }
}
