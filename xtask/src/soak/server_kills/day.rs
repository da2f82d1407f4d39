//! A day of changes, as a list of steps: what is written, and what is waited for before the next step.

use super::super::product::manifests::{component, project, service, worker};
use serde_json::{Value, json};

/// The project of the day; it is deleted in the evening.
const DAY: &str = "day";
/// The project that nobody touches.
const CALM: &str = "calm";

/// One write.
pub(super) enum Write {
    Apply(Value),
    /// Puts a release that was noted into an environment.
    Deploy {
        component: &'static str,
        environment: &'static str,
        note: &'static str,
        more: Value,
    },
    Delete {
        kind: &'static str,
        name: &'static str,
    },
}

/// What is waited for.
pub(super) enum Until {
    /// A condition of an object is true for its newest generation.
    True(&'static str, &'static str, &'static str),
    /// The binding is ready and its address gives this answer.
    Answers(&'static str, &'static str),
    /// The binding is ready with another release than the one that was noted.
    Moved(&'static str, &'static str),
    /// There is no such object any more.
    Gone(&'static str, &'static str),
}

pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) writes: Vec<Write>,
    pub(super) until: Vec<Until>,
    /// Bindings whose release is noted at the end, and under which word.
    pub(super) notes: &'static [(&'static str, &'static str)],
    /// Components whose containers may change; those of all others may not.
    pub(super) changes: &'static [&'static str],
}

fn apply(documents: impl IntoIterator<Item = Value>) -> Vec<Write> {
    documents.into_iter().map(Write::Apply).collect()
}

fn ready(binding: &'static str) -> Until {
    Until::True("ReleaseBinding", binding, "Ready")
}

/// What runs before the first day and is never touched.
pub(super) fn before() -> Vec<Step> {
    let mut documents = project(CALM);
    documents.push(component(CALM, "steady", "deployment/service"));
    documents.push(service(CALM, "steady", "steady", None));
    vec![Step {
        name: "what is never touched",
        writes: apply(documents),
        until: vec![Until::Answers("steady-development", "steady")],
        notes: &[],
        changes: &["steady"],
    }]
}

/// From morning to evening; at its end everything is there that is compared.
pub(super) fn changes() -> Vec<Step> {
    vec![
        Step {
            name: "a project",
            writes: apply(project(DAY)),
            until: vec![
                Until::True("ProjectReleaseBinding", "day-development", "Ready"),
                Until::True("ProjectReleaseBinding", "day-staging", "Ready"),
            ],
            notes: &[],
            changes: &[],
        },
        Step {
            name: "components",
            writes: apply([
                component(DAY, "entries", "deployment/service"),
                service(DAY, "entries", "entries 1", None),
                component(DAY, "web", "deployment/service"),
                service(DAY, "web", "web 1", Some("entries")),
                component(DAY, "work", "deployment/worker"),
                worker(DAY, "work", "work 1"),
            ]),
            until: vec![
                Until::Answers("entries-development", "entries 1"),
                Until::Answers("web-development", "web 1"),
                ready("work-development"),
            ],
            notes: &[
                ("web-development", "web 1"),
                ("entries-development", "entries 1"),
                ("work-development", "work 1"),
            ],
            changes: &["entries", "web", "work"],
        },
        Step {
            name: "a changed workload",
            writes: apply([service(DAY, "web", "web 2", Some("entries"))]),
            until: vec![Until::Answers("web-development", "web 2")],
            notes: &[("web-development", "web 2")],
            changes: &["web"],
        },
        Step {
            name: "promotion",
            writes: vec![
                Write::Deploy { component: "entries", environment: "staging", note: "entries 1", more: json!({}) },
                Write::Deploy { component: "web", environment: "staging", note: "web 1", more: json!({}) },
            ],
            until: vec![Until::Answers("entries-staging", "entries 1"), Until::Answers("web-staging", "web 1")],
            notes: &[],
            changes: &["entries", "web"],
        },
        Step {
            name: "promotion with a parameter",
            writes: vec![Write::Deploy {
                component: "web",
                environment: "staging",
                note: "web 2",
                more: json!({
                    "componentTypeEnvironmentConfigs": {"replicas": 2},
                    "workloadOverrides": {"container": {"env": [{"key": "NAME", "value": "web 2 staged"}]}},
                }),
            }],
            until: vec![Until::Answers("web-staging", "web 2 staged")],
            notes: &[],
            changes: &["web"],
        },
        Step {
            name: "a late component beside a changed one",
            writes: apply([
                component(DAY, "late", "deployment/service"),
                worker(DAY, "work", "work 2"),
                service(DAY, "late", "late 1", None),
            ]),
            until: vec![Until::Answers("late-development", "late 1"), Until::Moved("work-development", "work 1")],
            notes: &[],
            changes: &["late", "work"],
        },
        Step {
            name: "rollback",
            writes: vec![Write::Deploy { component: "web", environment: "staging", note: "web 1", more: json!({}) }],
            until: vec![Until::Answers("web-staging", "web 1")],
            notes: &[],
            changes: &["web"],
        },
        Step {
            name: "the end of a component, and another one's change",
            writes: vec![
                Write::Delete { kind: "Component", name: "late" },
                Write::Apply(service(DAY, "entries", "entries 2", None)),
            ],
            until: vec![
                Until::Gone("Component", "late"),
                Until::Gone("ReleaseBinding", "late-development"),
                Until::Answers("entries-development", "entries 2"),
            ],
            notes: &[],
            changes: &["late", "entries"],
        },
    ]
}

/// Everything of the day goes.
pub(super) fn evening() -> Vec<Step> {
    let delete = |kind, name| Write::Delete { kind, name };
    vec![
        Step {
            name: "the end of some components",
            writes: vec![delete("Component", "web"), delete("ReleaseBinding", "entries-staging")],
            until: vec![Until::Gone("Component", "web"), Until::Gone("ReleaseBinding", "entries-staging")],
            notes: &[],
            changes: &["web", "entries"],
        },
        Step {
            name: "the end of the project",
            writes: vec![delete("Project", DAY)],
            until: vec![
                Until::Gone("Project", DAY),
                Until::Gone("Component", "entries"),
                Until::Gone("Component", "work"),
                Until::Gone("ProjectReleaseBinding", "day-development"),
            ],
            notes: &[],
            changes: &["web", "entries", "work", "nightly"],
        },
    ]
}
