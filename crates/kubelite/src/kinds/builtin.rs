//! Rows of the built-in kinds, from the generated table.

use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use super::{Column, Group, Kind, Origin, Scale, Subresource};

const TABLE: &str = include_str!("../generated/kinds.json");

#[derive(Deserialize)]
struct Table {
    groups: Vec<GroupEntry>,
    kinds: Vec<Entry>,
}

#[derive(Deserialize)]
struct GroupEntry {
    name: String,
    versions: Vec<String>,
}

#[derive(Deserialize)]
struct Entry {
    group: String,
    version: String,
    kind: String,
    plural: String,
    singular: String,
    namespaced: bool,
    verbs: Vec<String>,
    schema: String,
    #[serde(default)]
    short: Vec<String>,
    #[serde(default)]
    categories: Vec<String>,
    #[serde(default)]
    subresources: Vec<SubEntry>,
    #[serde(default)]
    columns: Vec<(String, String, String, i64)>,
}

#[derive(Deserialize)]
struct SubEntry {
    name: String,
    kind: String,
    verbs: Vec<String>,
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    version: Option<String>,
}

/// Kinds whose `metadata.generation` Kubernetes counts.
const GENERATIONS: &[&str] = &[
    "CronJob",
    "CustomResourceDefinition",
    "DaemonSet",
    "Deployment",
    "EndpointSlice",
    "Ingress",
    "IngressClass",
    "Job",
    "NetworkPolicy",
    "Pod",
    "PodDisruptionBudget",
    "PodTemplate",
    "PriorityClass",
    "ReplicaSet",
    "ReplicationController",
    "StatefulSet",
];

/// Fields by which lists can be narrowed, beyond name and namespace.
const SELECTABLE: &[(&str, &[&str])] = &[
    (
        "Pod",
        &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
    ),
    (
        "Event",
        &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
    ),
    ("Namespace", &["status.phase"]),
    ("Node", &["spec.unschedulable"]),
    ("Secret", &["type"]),
    ("ReplicaSet", &["status.replicas"]),
    ("ReplicationController", &["status.replicas"]),
    ("Job", &["status.successful"]),
    ("Service", &["spec.clusterIP", "spec.type"]),
];

/// All rows and the order of groups and versions.
pub(super) fn load() -> Result<(Vec<Group>, Vec<Kind>), String> {
    let table: Table = serde_json::from_str(TABLE).map_err(|error| format!("the generated table of kinds: {error}"))?;
    let groups = table
        .groups
        .into_iter()
        .map(|group| {
            let versions = group.versions.into_iter().map(Arc::from).collect();
            Group { name: group.name.into(), versions }
        })
        .collect();
    Ok((groups, table.kinds.into_iter().map(row).collect()))
}

fn row(entry: Entry) -> Kind {
    // Events have two faces and one store.
    let home = if entry.group == "events.k8s.io" { "" } else { &entry.group };
    let shelf = if home.is_empty() { entry.plural.clone() } else { format!("{}.{home}", entry.plural) };
    let subresources: Vec<Subresource> = entry
        .subresources
        .into_iter()
        .map(|sub| Subresource {
            name: sub.name,
            group: sub.group,
            version: sub.version,
            kind: sub.kind,
            verbs: sub.verbs,
        })
        .collect();
    let scale = subresources.iter().any(|sub| sub.name == "scale").then(|| Scale {
        spec: vec!["spec".into(), "replicas".into()],
        status: vec!["status".into(), "replicas".into()],
        selector: Some(vec!["spec".into(), "selector".into()]),
    });
    let selectable = SELECTABLE
        .iter()
        .find(|(kind, _)| *kind == entry.kind)
        .map(|(_, fields)| fields.iter().map(|&field| field.to_owned()).collect())
        .unwrap_or_default();
    Kind {
        generations: GENERATIONS.contains(&entry.kind.as_str()),
        list_kind: format!("{}List", entry.kind).into(),
        group: entry.group.into(),
        version: entry.version.into(),
        kind: entry.kind.into(),
        plural: entry.plural.into(),
        singular: entry.singular.into(),
        short: entry.short,
        categories: entry.categories,
        namespaced: entry.namespaced,
        verbs: entry.verbs,
        subresources,
        scale,
        columns: entry
            .columns
            .into_iter()
            .map(|(name, data_type, format, priority)| Column {
                name,
                data_type,
                format,
                description: String::new(),
                priority,
                json_path: None,
            })
            .collect(),
        selectable,
        shelf: shelf.into(),
        origin: Origin::Builtin,
        definition: Some(entry.schema),
        schema: OnceLock::new(),
        versions: Arc::default(),
        blank: OnceLock::new(),
        since: 0,
        deprecation: None,
    }
}
