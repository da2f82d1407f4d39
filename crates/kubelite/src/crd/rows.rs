//! From a definition to rows, one for each served version.

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::kinds::{Column, Kind, Origin, Scale, Subresource, Version};

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

fn path(value: &Value) -> Option<Vec<String>> {
    value.as_str().map(|text| text.trim_start_matches('.').split('.').map(str::to_owned).collect())
}

/// The rows of a definition, in Kubernetes' order of versions; objects up to the revision `since` were written with other schemas.
pub(super) fn of(definition: &Value, terminating: bool, since: u64) -> Vec<Arc<Kind>> {
    let spec = &definition["spec"];
    let written = || spec["versions"].as_array().into_iter().flatten();
    let resource: Arc<str> = text(&definition["metadata"]["name"]).into();
    let all: Arc<[Version]> = written().map(|version| Version::of(version, &resource)).collect();
    let mut versions: Vec<&Value> = written().filter(|version| version["served"] == true).collect();
    versions.sort_by(|a, b| {
        super::version_order(a["name"].as_str().unwrap_or_default(), b["name"].as_str().unwrap_or_default())
    });
    versions.into_iter().map(|version| Arc::new(row(spec, version, all.clone(), terminating, since))).collect()
}

fn row(spec: &Value, version: &Value, versions: Arc<[Version]>, terminating: bool, since: u64) -> Kind {
    let names = &spec["names"];
    let kind = text(&names["kind"]);
    let group = text(&spec["group"]);
    let plural = text(&names["plural"]);
    let verbs = |all: &[&str]| all.iter().map(|&verb| verb.to_owned()).collect::<Vec<_>>();
    let mut subresources = Vec::new();
    if version["subresources"]["status"].is_object() {
        subresources.push(Subresource {
            name: "status".into(),
            group: None,
            version: None,
            kind: kind.clone(),
            verbs: verbs(&["get", "patch", "update"]),
        });
    }
    let scale = &version["subresources"]["scale"];
    if scale.is_object() {
        subresources.push(Subresource {
            name: "scale".into(),
            group: Some("autoscaling".into()),
            version: Some("v1".into()),
            kind: "Scale".into(),
            verbs: verbs(&["get", "patch", "update"]),
        });
    }
    let scale = path(&scale["specReplicasPath"]).zip(path(&scale["statusReplicasPath"])).map(|(spec, status)| Scale {
        spec,
        status,
        selector: path(&scale["labelSelectorPath"]),
    });
    let all: &[&str] = if terminating {
        &["delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    } else {
        &["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
    };
    let deprecation = (version["deprecated"] == true).then(|| {
        version["deprecationWarning"]
            .as_str()
            .map_or_else(|| format!("{group}/{} {kind} is deprecated", text(&version["name"])), str::to_owned)
    });
    Kind {
        shelf: format!("{plural}.{group}").into(),
        list_kind: text(&names["listKind"]).into(),
        singular: text(&names["singular"]).into(),
        short: texts(&names["shortNames"]),
        categories: texts(&names["categories"]),
        namespaced: spec["scope"] == "Namespaced",
        version: text(&version["name"]).into(),
        columns: version["additionalPrinterColumns"].as_array().into_iter().flatten().map(column).collect(),
        selectable: version["selectableFields"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|field| text(&field["jsonPath"]).trim_start_matches('.').to_owned())
            .collect(),
        kind: kind.into(),
        group: group.into(),
        plural: plural.into(),
        verbs: verbs(all),
        subresources,
        scale,
        origin: Origin::Custom,
        generations: true,
        definition: None,
        schema: OnceLock::new(),
        versions,
        blank: OnceLock::new(),
        since,
        deprecation,
    }
}

fn column(column: &Value) -> Column {
    Column {
        name: text(&column["name"]),
        data_type: text(&column["type"]),
        format: text(&column["format"]),
        description: text(&column["description"]),
        priority: column["priority"].as_i64().unwrap_or(0),
        json_path: column["jsonPath"].as_str().map(str::to_owned),
    }
}
