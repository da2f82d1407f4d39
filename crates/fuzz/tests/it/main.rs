//! Each target for a moment.
#![allow(missing_docs, clippy::unwrap_used)]

use fuzz::{Budget, Failure, TARGETS, run};

/// The same inputs on every run; a longer run is the same function with a budget of time.
#[test]
fn no_target_fails_on_the_corpus_nor_on_what_is_near_it() {
    for target in TARGETS {
        let report = run(target, 1, Budget::inputs(if target.name == "component" { 150 } else { 400 })).unwrap();
        println!("{}: {} inputs, the slowest took {:?}", target.name, report.inputs, report.slowest);
        let shown: Vec<String> = report
            .failures
            .iter()
            .map(|Failure { input, why }| {
                format!("{why:?}\n{}", String::from_utf8_lossy(&input[..input.len().min(4_000)]))
            })
            .collect();
        assert!(shown.is_empty(), "{}: {}", target.name, shown.join("\n\n"));
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let target = fuzz::target("patch").unwrap();
    let inputs = |seed| run(target, seed, Budget::inputs(50)).unwrap().inputs;
    assert_eq!(inputs(3), inputs(3));
}
