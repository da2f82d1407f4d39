//! Paths into a value, kept as a chain on the stack and written out only for a message.

use std::fmt;

/// One step from the root. Writing prints `spec.containers[0].name`.
#[derive(Clone, Copy)]
pub(crate) enum Path<'a> {
    Root,
    /// A declared property.
    Field(&'a Path<'a>, &'a str),
    /// A key of a map (`additionalProperties`), written as the schema validator writes it: `.key`, also at the root.
    Entry(&'a Path<'a>, &'a str),
    /// A key of a map, written as `[key]`.
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Field(Path::Root, name) => f.write_str(name),
            Path::Field(parent, name) | Path::Entry(parent, name) => write!(f, "{parent}.{name}"),
            Path::Key(parent, name) => write!(f, "{parent}[{name}]"),
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// How `field.Path` prints: a path of no elements is `<nil>`.
pub(crate) fn field_text(path: &str) -> String {
    let path = path.strip_prefix('.').unwrap_or(path);
    if path.is_empty() { "<nil>".to_owned() } else { path.to_owned() }
}
