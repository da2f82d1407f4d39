//! The recorded cases, where they are at hand.

use std::path::PathBuf;

use cel::cases::{Counts, replay};

fn recorded(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("OPENCHOREO_FIXTURES")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures"), PathBuf::from);
    let file = folder.join("cel").join(name);
    if file.exists() {
        return Some(file);
    }
    eprintln!("skipped: {} is not there (set OPENCHOREO_FIXTURES)", file.display());
    None
}

fn counts(name: &str) -> Option<Counts> {
    let counts = replay(&recorded(name)?).unwrap();
    eprintln!("{name}: {} passed, {} failed, {} skipped", counts.passed, counts.failures.len(), counts.skipped);
    Some(counts)
}

#[test]
fn the_specification_s_cases_pass() {
    if let Some(counts) = counts("conformance.jsonl") {
        assert_eq!(counts.failures, Vec::<String>::new());
        assert_eq!((counts.passed, counts.skipped), (820, 0));
    }
}

#[test]
fn recorded_answers_of_whole_expressions_are_the_same() {
    if let Some(counts) = counts("template-oracle.jsonl") {
        assert_eq!(counts.failures, Vec::<String>::new());
        assert!(counts.passed > 150);
    }
}
