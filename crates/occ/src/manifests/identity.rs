//! What a document says it is.

use super::documents::split;
use super::expression::place;
use super::files::Source;
use super::located::{Located, Position};
use crate::noun::{Noun, nearest};
use serde_json::Value;
use std::fmt;

/// An object to be applied, and where it was written.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) noun: Noun,
    pub(crate) name: String,
    /// What the document says; another namespace may be meant where it says none.
    pub(crate) namespace: Option<String>,
    pub(crate) object: Value,
    source: String,
    fields: Located,
    lines_before: u64,
}

/// Something wrong in a document: `file:line:column: what`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) source: String,
    pub(crate) position: Option<Position>,
    pub(crate) text: String,
    /// Whether the document is an object of another API than ours.
    pub(crate) foreign: bool,
}

impl fmt::Display for Wrong {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(Position { line, column }) => write!(out, "{}:{line}:{column}: {}", self.source, self.text),
            None => write!(out, "{}: {}", self.source, self.text),
        }
    }
}

impl Manifest {
    /// Something wrong with a field of this object.
    pub(crate) fn wrong(&self, path: &str, text: impl Into<String>) -> Wrong {
        let Position { line, column } = self.fields.find(path);
        let position = Some(Position { line: line + self.lines_before, column });
        Wrong { source: self.source.clone(), position, text: text.into(), foreign: false }
    }

    /// The place of something inside an expression of a field, by line and column of the expression; of the field where
    /// the text does not have the expression as it is. `stream` is the text that the object was read from.
    pub(crate) fn wrong_in_expression(
        &self,
        stream: &str,
        path: &str,
        expression: &str,
        at: (usize, usize),
        text: impl Into<String>,
    ) -> Wrong {
        let mut wrong = self.wrong(path, text);
        if let Some(field) = wrong.position
            && let Some(inside) = place(stream, field, expression, at)
        {
            wrong.position = Some(inside);
        }
        wrong
    }

    /// File, line and column of a field, or of what is around it.
    pub(crate) fn at(&self, path: &str) -> String {
        let Position { line, column } = self.fields.find(path);
        format!("{}:{}:{column}", self.source, line + self.lines_before)
    }

    /// The object as messages call it: `component/cart`.
    pub(crate) fn title(&self) -> String {
        format!("{}/{}", self.noun.word, self.name)
    }
}

/// The objects of a source, and what is wrong with the documents that are none.
pub(crate) fn manifests(source: &Source) -> Vec<Result<Manifest, Wrong>> {
    split(&source.text)
        .into_iter()
        .filter_map(|document| {
            let before = document.lines_before as u64;
            let wrong = |position: Option<Position>, text: String| Wrong {
                source: source.name.clone(),
                position: position.map(|at| Position { line: at.line + before, ..at }),
                text,
                foreign: false,
            };
            let lines = before..before + document.text.lines().count() as u64;
            if let Some((at, byte)) = source.not_text.iter().find(|(at, _)| lines.contains(&(at.line - 1))) {
                let at = Position { line: at.line - before, ..*at };
                let text = format!("not UTF-8: the byte 0x{byte:02x}; save the file as UTF-8");
                return Some(Err(wrong(Some(at), text)));
            }
            let fields = match Located::read(document.text) {
                Ok(fields) if fields.is_null() => return None,
                Ok(fields) => fields,
                Err((position, text)) => return Some(Err(wrong(position, format!("not YAML: {text}")))),
            };
            Some(match identify(&fields) {
                Ok((noun, name, namespace)) => Ok(Manifest {
                    noun,
                    name,
                    namespace,
                    object: fields.to_json(),
                    source: source.name.clone(),
                    fields,
                    lines_before: before,
                }),
                Err((position, text)) => Err(Wrong { foreign: is_foreign(&fields), ..wrong(Some(position), text) }),
            })
        })
        .collect()
}

type Misfit = (Position, String);

fn identify(fields: &Located) -> Result<(Noun, String, Option<String>), Misfit> {
    let at = |path: &str, text: String| (fields.find(path), format!("{path}: {text}"));
    if fields.member("kind").is_none() && fields.member("metadata").is_none() {
        return Err((
            fields.position(),
            format!("expected an object with apiVersion, kind, metadata and spec, got {}", fields.what()),
        ));
    }
    let kind = string(fields, &["kind"])?
        .ok_or_else(|| at("kind", "is missing; expected the kind of the object, such as Component".into()))?;
    let noun = Noun::of_kind(kind).ok_or_else(|| at("kind", unknown_kind(kind)))?;
    if let Some(version) = string(fields, &["apiVersion"])? {
        let expected = if noun.kind == "Namespace" { "v1" } else { model::API_VERSION };
        if version != expected && !(noun.kind == "Namespace" && version == model::API_VERSION) {
            return Err(at("apiVersion", format!("expected {expected:?} for kind {kind}, got {version:?}")));
        }
    }
    let name = string(fields, &["metadata", "name"])?
        .ok_or_else(|| at("metadata.name", format!("is missing; expected the name of this {kind}")))?;
    let namespace = string(fields, &["metadata", "namespace"])?;
    Ok((noun, name.to_owned(), namespace.map(str::to_owned)))
}

/// Whether it is an object of somebody else's API.
fn is_foreign(fields: &Located) -> bool {
    let version = fields.member("apiVersion").and_then(Located::text).unwrap_or_default();
    !version.is_empty() && version.split('/').next() != Some(model::GROUP) && fields.member("kind").is_some()
}

/// A text at a path; absent and empty are the same.
fn string<'a>(fields: &'a Located, path: &[&str]) -> Result<Option<&'a str>, Misfit> {
    let mut here = fields;
    for name in path {
        match here.member(name) {
            Some(member) => here = member,
            None => return Ok(None),
        }
    }
    if here.is_null() {
        return Ok(None);
    }
    match here.text() {
        Some(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        None => {
            let path = path.join(".");
            Err((here.position(), format!("{path}: expected a string, got {}; put quotes around it", here.what())))
        }
    }
}

fn unknown_kind(kind: &str) -> String {
    if kind == "RenderedRelease" {
        return "RenderedRelease is written by the platform alone; apply what it is made from".to_owned();
    }
    match nearest(kind, Noun::all().map(|noun| noun.kind)) {
        Some(near) => format!("unsupported kind {kind:?}; did you mean {near:?}?"),
        None => format!("unsupported kind {kind:?}; expected one of the nouns of `occ --help`, such as Component"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn read(text: &str) -> Vec<Result<String, String>> {
        let source = Source { name: "f.yaml".into(), text: text.into(), not_text: Vec::new() };
        manifests(&source)
            .into_iter()
            .map(|one| one.map(|manifest| manifest.title()).map_err(|wrong| wrong.to_string()))
            .collect()
    }

    #[rstest]
    #[case::typo(
        "kind: Componnet\nmetadata: {name: x}\n",
        "f.yaml:1:1: kind: unsupported kind \"Componnet\"; did you mean \"Component\"?"
    )]
    #[case::no_kind(
        "metadata:\n  name: x\n",
        "f.yaml:1:1: kind: is missing; expected the kind of the object, such as Component"
    )]
    #[case::no_name(
        "kind: Project\nmetadata:\n  labels: {}\n",
        "f.yaml:2:1: metadata.name: is missing; expected the name of this Project"
    )]
    #[case::number(
        "kind: Project\nmetadata:\n  name: 17\n",
        "f.yaml:3:9: metadata.name: expected a string, got a number; put quotes around it"
    )]
    #[case::version(
        "apiVersion: openchoreo.dev/v2\nkind: Project\nmetadata: {name: x}\n",
        "f.yaml:1:1: apiVersion: expected \"openchoreo.dev/v1alpha1\" for kind Project, got \"openchoreo.dev/v2\""
    )]
    #[case::rendered(
        "kind: RenderedRelease\nmetadata: {name: x}\n",
        "f.yaml:1:1: kind: RenderedRelease is written by the platform alone; apply what it is made from"
    )]
    #[case::list("- a\n", "f.yaml:1:1: expected an object with apiVersion, kind, metadata and spec, got a list")]
    fn a_document_that_is_no_object_says_where_and_why(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(read(text), [Err(expected.to_owned())]);
    }

    #[test]
    fn a_broken_document_leaves_the_others_alone() {
        let text = "kind: Project\nmetadata: {name: a}\n---\nkind: [\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n";
        let found = read(text);
        assert_eq!((&found[0], &found[2]), (&Ok("project/a".to_owned()), &Ok("namespace/b".to_owned())));
        assert!(
            found[1].as_ref().is_err_and(|text| text.starts_with("f.yaml:5:") || text.starts_with("f.yaml:4:")),
            "{found:?}"
        );
    }
}
