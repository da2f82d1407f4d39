//! The messages that are read: a table made from the numbers that Kubernetes' published Go types give to their fields (`cargo xtask
//! kinds`).
//!
//! One message a line: its name, then fields as `NUMBER:NAME:TYPE`. A type is `string`, `bool`, `int`, `double`, `bytes`, `time`,
//! `microtime`, `quantity`, `intorstring`, `strings` (a message whose field 1 is a list of texts), `json` (one whose field 1 is JSON
//! text), or a message's name; `[]` before it: repeated, `{}`: a map from strings; the name `^`: its fields belong to the outer
//! object. A zero value is what an encoder writes for a field that was not set, and is dropped, unless `?` (the field is a pointer,
//! so zero was meant) or `!` (JSON has the field always) stands behind the type.

use std::{collections::HashMap, sync::LazyLock};

const TABLE: &str = include_str!("../generated/messages.txt");

/// How a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    One,
    /// One whose fields belong to the outer object.
    Inline,
    Many,
    Map,
}

/// A field of a message.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) of: &'static str,
    pub(super) form: Form,
    pub(super) keep_zero: bool,
}

/// Fields by number.
pub(super) type Message = HashMap<u64, Field>;

static MESSAGES: LazyLock<HashMap<&'static str, Message>> = LazyLock::new(|| TABLE.lines().filter_map(parse).collect());

fn parse(line: &'static str) -> Option<(&'static str, Message)> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let fields = words.filter_map(|word| {
        let (number, rest) = word.split_once(':')?;
        let (name, of) = rest.rsplit_once(':')?;
        let (form, of) = match (of.strip_prefix("[]"), of.strip_prefix("{}")) {
            (Some(of), _) => (Form::Many, of),
            (_, Some(of)) => (Form::Map, of),
            _ if name == "^" => (Form::Inline, of),
            _ => (Form::One, of),
        };
        let plain = of.trim_end_matches(['?', '!']);
        Some((number.parse().ok()?, Field { name, of: plain, form, keep_zero: plain != of }))
    });
    Some((name, fields.collect()))
}

/// The message of that name.
pub(super) fn message(name: &str) -> Option<&'static Message> {
    MESSAGES.get(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_a_word_or_a_message_of_the_table() {
        const WORDS: &[&str] = &[
            "string",
            "bool",
            "int",
            "double",
            "bytes",
            "time",
            "microtime",
            "quantity",
            "intorstring",
            "strings",
            "json",
        ];
        for (name, message) in MESSAGES.iter() {
            for field in message.values() {
                assert!(
                    WORDS.contains(&field.of) || MESSAGES.contains_key(field.of),
                    "{name}.{}: {}",
                    field.name,
                    field.of
                );
            }
        }
        let fields = TABLE.matches(':').count() / 2;
        assert_eq!(MESSAGES.values().map(HashMap::len).sum::<usize>(), fields);
        assert!(MESSAGES.len() > 400);
    }
}
