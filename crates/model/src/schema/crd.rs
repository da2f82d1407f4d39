//! A whole CustomResourceDefinition from a kind's row and the schemas of its types.

use serde_json::{Value, json};

use crate::kinds::{KINDS, KindRow};

/// The CustomResourceDefinitions of all kinds (`apiextensions.k8s.io/v1`), made from the types, in the table's order.
pub fn crds() -> Vec<Value> {
    KINDS.iter().map(crd).collect()
}

/// The CustomResourceDefinition of one kind.
pub fn crd(row: &KindRow) -> Value {
    let schemas = (row.schemas)();
    let mut names = json!({
        "kind": row.kind,
        "listKind": row.list_kind(),
        "plural": row.plural,
        "singular": row.singular,
    });
    if !row.short_names.is_empty() {
        names["shortNames"] = json!(row.short_names);
    }
    let mut schema = json!({
        "type": "object",
        "description": format!("{}.", row.description),
        "properties": {
            "apiVersion": { "type": "string" },
            "kind": { "type": "string" },
            "metadata": { "type": "object" },
            "spec": schemas.spec,
        },
    });
    if row.spec_required {
        schema["required"] = json!(["spec"]);
    }
    let mut subresources = json!({});
    if let Some(status) = schemas.status {
        schema["properties"]["status"] = status;
        subresources = json!({ "status": {} });
    }
    let mut version = json!({
        "name": crate::VERSION,
        "served": true,
        "storage": true,
        "schema": { "openAPIV3Schema": schema },
        "subresources": subresources,
    });
    let columns: Vec<Value> = row
        .printer_columns
        .iter()
        .map(|column| json!({ "name": column.name, "type": column.type_, "jsonPath": column.json_path }))
        .collect();
    if !columns.is_empty() {
        version["additionalPrinterColumns"] = Value::Array(columns);
    }
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": row.crd_name() },
        "spec": {
            "group": crate::GROUP,
            "names": names,
            "scope": row.scope.as_str(),
            "versions": [version],
        },
    })
}
