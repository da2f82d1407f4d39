//! Tables: columns as wide as their widest cell, three spaces apart.

use super::age::age;
use super::output::print;
use crate::failure::Failure;
use jiff::Timestamp;
use model::kinds::{Cell, Column};
use serde_json::Value;

/// Headers and rows of text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) headers: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// The columns of these objects.
    pub(super) fn of(columns: &[Column], objects: &[Value], wide: bool, now: Timestamp) -> Table {
        let mut headers: Vec<String> = columns.iter().map(|column| column.header.to_owned()).collect();
        if wide {
            headers.extend(["NAMESPACE", "READY", "MESSAGE"].map(str::to_owned));
        }
        let rows = objects.iter().map(|object| {
            let cells = columns.iter().map(|column| match column.cell(object) {
                Cell::Text(text) => one_line(&text),
                Cell::Since(since) => age(&since, now),
            });
            let mut row: Vec<String> = cells.collect();
            if wide {
                let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
                let ready = condition(object, "Ready");
                let text = |name: &str| ready.and_then(|ready| ready.get(name)?.as_str()).unwrap_or_default();
                row.extend([namespace.to_owned(), text("status").to_owned(), one_line(text("message"))]);
            }
            row
        });
        Table { rows: rows.collect(), headers }
    }

    fn text(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column)).chain(self.headers.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.headers.len()).map(width).collect();
        let mut text = String::new();
        for row in std::iter::once(&self.headers).chain(&self.rows) {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(&format!("{cell:<width$}   "));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// Prints the table.
    pub(crate) fn print(&self) -> Result<(), Failure> {
        print(&self.text())
    }
}

/// A condition of an object's status.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    conditions.iter().find(|condition| condition.get("type").and_then(Value::as_str) == Some(kind))
}

/// A cell keeps to its line, whatever an object says.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_stand_under_their_headers() {
        let object = json!({
            "metadata": {"name": "cart", "namespace": "shop", "creationTimestamp": "2026-11-21T11:59:00Z"},
            "status": {"conditions": [{"type": "Ready", "status": "False", "message": "two\nlines"}]},
        });
        let now = "2026-11-21T12:00:00Z".parse().expect("a time");
        assert_eq!(
            Table::of(Column::NAME_AGE, &[object], true, now).text(),
            "NAME   AGE   NAMESPACE   READY   MESSAGE\ncart   60s   shop        False   two lines\n"
        );
    }
}
