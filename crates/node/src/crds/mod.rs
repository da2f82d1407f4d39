//! CustomResourceDefinitions of the third-party kinds that this crate serves: Gateway API v1.6 and External Secrets v1.
//!
//! The schemas are ours and cover what the node acts on. Parts that it does not act on keep their unknown fields
//! (`x-kubernetes-preserve-unknown-fields`), so that the controllers can refuse them by path instead of losing them.

mod external_secrets;
mod gateway_api;
mod gateway_routes;
mod schema;

use serde_json::{Value, json};

/// All CustomResourceDefinitions, in the order of their names.
pub fn all() -> Vec<Value> {
    let mut definitions = gateway_api::definitions();
    definitions.extend(external_secrets::definitions());
    definitions.sort_by(|one, other| one["metadata"]["name"].as_str().cmp(&other["metadata"]["name"].as_str()));
    definitions
}

/// What distinguishes one definition from another.
struct Definition {
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    short_names: &'static [&'static str],
    categories: &'static [&'static str],
    namespaced: bool,
    /// Served versions; all share one schema. The first is the one that is stored.
    versions: &'static [&'static str],
    /// Printer columns: name, type, JSON path.
    columns: &'static [(&'static str, &'static str, &'static str)],
    /// Annotations on the definition itself.
    annotations: Value,
    status: bool,
    schema: Value,
}

impl Definition {
    fn build(self) -> Value {
        let columns: Vec<Value> = self
            .columns
            .iter()
            .map(|(name, kind, path)| {
                let mut column = json!({"name": name, "type": kind, "jsonPath": path});
                // Prose is for the wide output only.
                if *name == "Description" {
                    column["priority"] = json!(1);
                }
                column
            })
            .collect();
        let versions: Vec<Value> = self
            .versions
            .iter()
            .enumerate()
            .map(|(position, name)| {
                json!({
                    "name": name,
                    "served": true,
                    "storage": position == 0,
                    "additionalPrinterColumns": columns,
                    "schema": {"openAPIV3Schema": self.schema},
                    "subresources": if self.status { json!({"status": {}}) } else { json!({}) },
                })
            })
            .collect();
        let mut names = json!({
            "kind": self.kind,
            "listKind": format!("{}List", self.kind),
            "plural": self.plural,
            "singular": self.kind.to_lowercase(),
            "categories": self.categories,
        });
        if !self.short_names.is_empty() {
            names["shortNames"] = json!(self.short_names);
        }
        json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{}.{}", self.plural, self.group), "annotations": self.annotations},
            "spec": {
                "group": self.group,
                "names": names,
                "scope": if self.namespaced { "Namespaced" } else { "Cluster" },
                "versions": versions,
            },
        })
    }
}

#[cfg(test)]
mod tests;
