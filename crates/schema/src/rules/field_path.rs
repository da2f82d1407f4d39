//! `fieldPath` of a rule: `.spec.a`, `['a.b']`, relative to the rule's place.

use std::fmt::Write as _;

use crate::node::{Additional, Arena, NodeId};

/// The path in `field.Path` form (`spec.a`, `a[key]`). The error is why it is none; nothing where there is no such field.
pub(crate) fn normalize(arena: &Arena, mut at: NodeId, path: &str) -> Result<String, Option<String>> {
    let mut out = String::new();
    let mut rest = path;
    while !rest.is_empty() {
        let name;
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            name = after[..end].to_owned();
            rest = &after[end..];
        } else if let Some(after) = rest.strip_prefix("['") {
            let (unescaped, end) = quoted(after).map_err(Some)?;
            rest = after[end..].strip_prefix(']').ok_or_else(|| Some("expected ] after the quoted name".to_owned()))?;
            name = unescaped;
        } else {
            return Err(Some(format!("expected [ or . but got: {rest}")));
        }
        let node = arena.get(at);
        if let Some(property) = node.properties.get(&name) {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(&name);
            at = *property;
        } else if let (true, Additional::Schema(entries)) = (node.properties.is_empty(), node.additional) {
            let _ = write!(out, "[{name}]");
            at = entries;
        } else {
            return Err(None);
        }
    }
    Ok(out)
}

/// The text up to the closing quote, and the index after it.
fn quoted(text: &str) -> Result<(String, usize), String> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((index, c)) = chars.next() {
        match c {
            '\'' => return Ok((out, index + 1)),
            '\\' => match chars.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, 'r')) => out.push('\r'),
                Some((_, c @ ('\'' | '\\'))) => out.push(c),
                other => return Err(format!("invalid escape char \\{}", other.map_or(' ', |(_, c)| c))),
            },
            c => out.push(c),
        }
    }
    Err("unexpected end of JSON path".to_owned())
}
