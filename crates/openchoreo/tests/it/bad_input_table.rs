//! The table of bad input: each entry has a test that exists.

use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    input: String,
    tests: Vec<String>,
}

#[test]
fn every_kind_of_bad_input_has_a_test() {
    let text = include_str!("../bad-input.yaml");
    let entries: Vec<Entry> = serde_saphyr::from_str(text).expect("a table");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for entry in &entries {
        assert!(!entry.tests.is_empty(), "{} has no test", entry.input);
        for test in &entry.tests {
            let (file, name) = test.split_once("::").unwrap_or_else(|| panic!("{test:?} is not file::name"));
            let source = std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let head = format!("fn {name}(");
            let before = source.split(&head).next().filter(|before| before.len() < source.len());
            let before = before.unwrap_or_else(|| panic!("{}: {file} has no test {name}", entry.input));
            let attributes: Vec<&str> = before.lines().rev().take(4).collect();
            assert!(attributes.iter().any(|line| line.contains("test")), "{name} in {file} is no test");
        }
    }
}
