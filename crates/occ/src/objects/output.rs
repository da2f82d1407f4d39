//! Data on standard output, in the form that was asked for.

use super::table::Table;
use crate::failure::Failure;
use crate::noun::Noun;
use jiff::Timestamp;
use model::kinds::Column;
use serde_json::{Value, json};
use std::io::Write;

/// A form of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Wide,
    Name,
    Yaml,
    Json,
}

impl Format {
    /// The form by its word; the arguments were checked already.
    pub(crate) fn of(word: &str) -> Format {
        match word {
            "wide" => Format::Wide,
            "name" => Format::Name,
            "yaml" => Format::Yaml,
            "json" => Format::Json,
            _ => Format::Table,
        }
    }
}

/// Writes to standard output. That nobody reads any more ends the command quietly.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(Failure::Reported),
        Err(error) => Err(Failure::Input(format!("cannot write to standard output: {error}"))),
    }
}

/// Prints objects; `many` says whether a list was asked for.
pub(super) fn show(
    noun: &Noun,
    columns: &[Column],
    objects: Vec<Value>,
    format: Format,
    many: bool,
) -> Result<(), Failure> {
    let whole = |objects: Vec<Value>| match (many, objects.into_iter().next()) {
        (false, Some(object)) => object,
        (_, first) => first.unwrap_or_default(),
    };
    match format {
        Format::Table | Format::Wide => Table::of(columns, &objects, format == Format::Wide, Timestamp::now()).print(),
        Format::Name => {
            let names = objects.iter().filter_map(|object| object.pointer("/metadata/name")?.as_str());
            print(&names.map(|name| format!("{}/{name}\n", noun.word)).collect::<String>())
        }
        Format::Yaml | Format::Json => {
            let value = if many { json!({"items": objects}) } else { whole(objects) };
            let text = if format == Format::Yaml {
                yaml(&value)?
            } else {
                serde_json::to_string_pretty(&value)
                    .map_err(|error| Failure::Input(format!("cannot write JSON: {error}")))?
                    + "\n"
            };
            print(&text)
        }
    }
}

/// A value as YAML.
pub(crate) fn yaml(value: &Value) -> Result<String, Failure> {
    serde_saphyr::to_string(value).map_err(|error| Failure::Input(format!("cannot write YAML: {error}")))
}
