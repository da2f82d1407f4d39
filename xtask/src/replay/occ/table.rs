//! Tables: rows of cells with two spaces or more between them.

use super::super::rest::{Difference, Words};

/// A table taken apart. How wide columns are is nobody's contract.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// The table that a text is, if it is one: its first line is in capitals.
    pub(super) fn read(text: &str) -> Option<Table> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty()).map(cells);
        let headers = lines.next()?;
        let capitals = |cell: &String| cell.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b' ');
        (headers.iter().any(|cell| cell == "NAME") && headers.iter().all(capitals))
            .then(|| Table { headers, rows: lines.collect() })
    }
}

fn cells(line: &str) -> Vec<String> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
}

/// What a row is about: its first cell, behind the mark of a current one.
fn name(row: &[String]) -> &str {
    row.iter().find(|cell| *cell != "*").map_or("", String::as_str)
}

/// Headers, rows by their names, and their order.
pub(super) fn compare(recorded: &Table, ours: &Table, words: &mut Words) -> Vec<Difference> {
    let told = |cells: &[String]| cells.join(" | ");
    let difference = |field: &str, recorded: String, ours: String| Difference { field: field.into(), recorded, ours };
    let mut found = Vec::new();
    if recorded.headers != ours.headers {
        found.push(difference("headers", told(&recorded.headers), told(&ours.headers)));
    }
    let mut left: Vec<&Vec<String>> = ours.rows.iter().collect();
    let mut order = Vec::new();
    for row in &recorded.rows {
        let field = format!("row {}", name(row));
        let Some(place) = left.iter().position(|own| words.same(name(row), name(own))) else {
            found.push(difference(&field, told(row), "absent".into()));
            continue;
        };
        let own = left.remove(place);
        order.extend(ours.rows.iter().position(|one| std::ptr::eq(one, own)));
        let same = |cell: &String, own: &String, words: &mut Words| match cell.as_str() {
            "<age>" => is_age(own),
            _ => words.same(cell, own),
        };
        if row.len() != own.len() || !row.iter().zip(own).all(|(cell, own)| same(cell, own, words)) {
            found.push(difference(&field, told(row), told(own)));
        }
    }
    found.extend(left.into_iter().map(|row| difference(&format!("row {}", name(row)), "absent".into(), told(row))));
    if !order.is_sorted() {
        let names = |table: &Table| table.rows.iter().map(|row| name(row)).collect::<Vec<_>>().join(", ");
        found.push(difference("order", names(recorded), names(ours)));
    }
    found
}

/// Numbers, each with its unit.
fn is_age(text: &str) -> bool {
    let mut digits = false;
    for letter in text.chars() {
        match (letter, digits) {
            ('0'..='9', _) => digits = true,
            ('s' | 'm' | 'h' | 'd' | 'y', true) => digits = false,
            _ => return false,
        }
    }
    !text.is_empty() && !digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(recorded: &str, ours: &str) -> Vec<String> {
        let read = |text| Table::read(text).expect("a table");
        let found = compare(&read(recorded), &read(ours), &mut Words::default());
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn widths_ages_and_hashes_may_differ_and_nothing_else() {
        let recorded = "NAME   TYPE   AGE\na-6d675ddbf6   x y   <age>\nb   <age>\n";
        assert!(
            differences(recorded, "NAME            TYPE    AGE\na-1a2b3c4d5e    x y     5m10s\nb   3d\n").is_empty()
        );
        assert_eq!(
            differences(recorded, "NAME   KIND   AGE\nb   old\nc   3d\n"),
            [
                "headers: recorded NAME | TYPE | AGE, ours NAME | KIND | AGE",
                "row a-6d675ddbf6: recorded a-6d675ddbf6 | x y | <age>, ours absent",
                "row b: recorded b | <age>, ours b | old",
                "row c: recorded absent, ours c | 3d",
            ]
        );
        assert_eq!(differences("NAME\na\nb\n", "NAME\nb\na\n"), ["order: recorded a, b, ours b, a"]);
    }

    #[test]
    fn prose_is_no_table() {
        assert_eq!(Table::read("No projects found\n"), None);
    }
}
