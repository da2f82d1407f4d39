//! The kinds table says of each kind what the types and the contract say.

use std::collections::BTreeSet;

use model::kinds::{Cell, Level, Owner, Scope};
use model::{KINDS, KindRow, kind_row, kind_row_by_noun, kind_row_by_plural, kind_row_by_segment};
use serde_json::json;

#[test]
fn every_word_of_the_command_line_names_one_kind() {
    let mut words = BTreeSet::new();
    for row in KINDS.iter().filter(|row| row.cli.is_some()) {
        let own = [row.singular, row.plural].into_iter().chain(row.cli.iter().flat_map(|cli| cli.aliases).copied());
        for word in own.collect::<BTreeSet<_>>() {
            assert!(words.insert(word), "{word} names two kinds");
            assert_eq!(kind_row_by_noun(word).map(|found| found.kind), Some(row.kind), "{word}");
        }
    }
}

#[test]
fn every_kind_is_found_by_each_of_its_names() {
    for row in KINDS {
        assert_eq!(kind_row(row.kind).map(|found| found.plural), Some(row.plural));
        assert_eq!(kind_row_by_plural(row.plural).map(|found| found.kind), Some(row.kind));
        let offered = kind_row_by_segment(row.segment()).map(|found| found.kind);
        assert_eq!(offered, row.rest.map(|_| row.kind));
        assert_eq!(row.singular, row.kind.to_lowercase());
        assert_eq!(row.rest.is_some(), row.action.is_some(), "{}", row.kind);
    }
}

#[test]
fn scope_and_levels_agree() {
    for row in KINDS {
        let Some(action) = row.action else { continue };
        assert_eq!(row.scope == Scope::Cluster, action.level == Level::Cluster, "{}", row.kind);
        assert_eq!(action.stem, row.singular);
        assert!(action.create_level <= action.level, "{}", row.kind);
        let paths = row.owner;
        match action.level {
            Level::Component => assert!(paths.project.is_some() && paths.component.is_some(), "{}", row.kind),
            Level::Resource => assert!(paths.project.is_some() && paths.resource.is_some(), "{}", row.kind),
            Level::Project => assert!(paths.project.is_some(), "{}", row.kind),
            Level::Namespace | Level::Cluster => assert_eq!(paths, model::kinds::OwnerPaths::NONE, "{}", row.kind),
        }
    }
}

fn row(kind: &str) -> &'static KindRow {
    kind_row(kind).expect(kind)
}

#[test]
fn owners_are_read_from_where_the_kind_has_them() {
    let owned = json!({"metadata": {"name": "self"}, "spec": {"owner": {"projectName": "p", "componentName": "c"}}});
    let labelled = json!({"metadata": {"labels": {"openchoreo.dev/project": "p", "openchoreo.dev/component": "c"}}});
    let of = |kind: &str, object| row(kind).owner.of(object);
    assert_eq!(of("Workload", &owned), Owner { project: "p", component: "c", resource: "" });
    assert_eq!(of("Component", &owned), Owner { project: "p", component: "self", resource: "" });
    assert_eq!(of("Project", &owned), Owner { project: "self", component: "", resource: "" });
    assert_eq!(of("WorkflowRun", &labelled), Owner { project: "p", component: "c", resource: "" });
    assert_eq!(of("WorkflowRun", &owned), Owner::default());
}

#[test]
fn columns_show_what_an_object_says() {
    let cells = |kind: &str, object: serde_json::Value| -> Vec<(&str, String)> {
        let columns = row(kind).cli.expect("offered on the command line").columns;
        let text = |cell| match cell {
            Cell::Text(text) => text,
            Cell::Since(time) => format!("since {time}"),
        };
        columns.iter().map(|column| (column.header, text(column.cell(&object)))).collect()
    };
    let metadata = json!({"name": "x", "creationTimestamp": "2026-01-02T03:04:05Z"});
    let age = ("AGE", "since 2026-01-02T03:04:05Z".to_owned());
    assert_eq!(
        cells(
            "Environment",
            json!({"metadata": metadata, "spec": {"dataPlaneRef": {"name": "eu"}, "isProduction": true}})
        ),
        [("NAME", "x".into()), ("DATA PLANE", "DataPlane/eu".into()), ("PRODUCTION", "true".into()), age.clone()]
    );
    let conditions = json!([{"type": "Ready", "status": "False", "reason": "RenderingFailed"}]);
    assert_eq!(
        cells(
            "ReleaseBinding",
            json!({
                "metadata": metadata,
                "spec": {"environment": "dev", "releaseName": "x-1"},
                "status": {"conditions": conditions},
            })
        ),
        [
            ("NAME", "x".into()),
            ("ENVIRONMENT", "dev".into()),
            ("RELEASE", "x-1".into()),
            ("STATUS", "RenderingFailed".into()),
            age.clone()
        ]
    );
    let conditions = json!([{"type": "WorkflowRunning", "status": "True"}]);
    assert_eq!(
        cells(
            "WorkflowRun",
            json!({"metadata": metadata, "spec": {"workflow": {"name": "build"}}, "status": {"conditions": conditions}})
        ),
        [("NAME", "x".into()), ("WORKFLOW", "build".into()), ("STATUS", "Running".into()), age]
    );
}
