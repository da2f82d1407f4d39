//! External Secrets (`external-secrets.io`): the kinds that the embedded secret store serves.

use super::schema::{
    DNS_NAME, boolean, default, list, map, matching, object, one_of, opaque, open, root, string, time,
};
use super::{Definition, Value, json};

const GROUP: &str = "external-secrets.io";
const CATEGORIES: &[&str] = &["external-secrets"];

pub(super) fn definitions() -> Vec<Value> {
    vec![
        external_secret(),
        store("ClusterSecretStore", "clustersecretstores", &["css"], false),
        store("SecretStore", "secretstores", &["ss"], true),
        password(),
    ]
}

/// A generator of passwords.
fn password() -> Value {
    let count = || json!({"type": "integer", "minimum": 0});
    Definition {
        group: "generators.external-secrets.io",
        kind: "Password",
        plural: "passwords",
        short_names: &[],
        categories: &["external-secrets", "external-secrets-generators"],
        namespaced: true,
        versions: &["v1alpha1"],
        columns: &[],
        annotations: json!({}),
        status: true,
        schema: root(
            &[],
            open(object(
                &["allowRepeat", "length", "noUpper"],
                [
                    ("allowRepeat", default(boolean(), json!(false))),
                    ("digits", count()),
                    ("length", default(count(), json!(24))),
                    ("noUpper", default(boolean(), json!(false))),
                    ("symbolCharacters", string()),
                    ("symbols", count()),
                ],
            )),
            None,
        ),
    }
    .build()
}

fn name() -> Value {
    matching(1, 253, DNS_NAME)
}

fn store_ref() -> Value {
    object(&[], [("kind", one_of(&["SecretStore", "ClusterSecretStore"])), ("name", name())])
}

fn external_secret() -> Value {
    let remote_ref = open(object(
        &["key"],
        [
            ("conversionStrategy", one_of(&["Default", "Unicode"])),
            ("decodingStrategy", one_of(&["Auto", "Base64", "Base64URL", "None"])),
            ("key", string()),
            ("metadataPolicy", one_of(&["None", "Fetch"])),
            ("property", string()),
            ("version", string()),
        ],
    ));
    let data = object(
        &["remoteRef", "secretKey"],
        [("remoteRef", remote_ref), ("secretKey", matching(1, 253, "^[-._a-zA-Z0-9]+$")), ("sourceRef", opaque())],
    );
    let template = open(object(
        &[],
        [
            ("metadata", open(object(&[], [("annotations", map(string())), ("labels", map(string()))]))),
            ("type", string()),
        ],
    ));
    let target = object(
        &[],
        [
            ("creationPolicy", default(one_of(&["Owner", "Orphan", "Merge", "None", "CreateOrMerge"]), json!("Owner"))),
            ("deletionPolicy", default(one_of(&["Delete", "Merge", "Retain"]), json!("Retain"))),
            ("immutable", boolean()),
            ("manifest", opaque()),
            ("name", name()),
            ("template", template),
        ],
    );
    let condition = object(
        &["status", "type"],
        [
            ("lastTransitionTime", time()),
            ("message", string()),
            ("reason", string()),
            ("status", string()),
            ("type", one_of(&["Ready", "Deleted"])),
        ],
    );
    let mut binding = object(&[], [("name", default(string(), json!("")))]);
    binding["x-kubernetes-map-type"] = json!("atomic");
    let mut refresh_time = time();
    refresh_time["nullable"] = json!(true);
    Definition {
        group: GROUP,
        kind: "ExternalSecret",
        plural: "externalsecrets",
        short_names: &["es"],
        categories: CATEGORIES,
        namespaced: true,
        versions: &["v1"],
        columns: &[
            ("StoreType", "string", ".spec.secretStoreRef.kind"),
            ("Store", "string", ".spec.secretStoreRef.name"),
            ("Refresh Interval", "string", ".spec.refreshInterval"),
            ("Status", "string", ".status.conditions[?(@.type==\"Ready\")].reason"),
            ("Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status"),
            ("Last Sync", "date", ".status.refreshTime"),
        ],
        annotations: json!({}),
        status: true,
        schema: root(
            &[],
            object(
                &[],
                [
                    ("data", list(data)),
                    ("dataFrom", opaque()),
                    ("refreshInterval", default(string(), json!("1h0m0s"))),
                    ("refreshPolicy", one_of(&["CreatedOnce", "Periodic", "OnChange"])),
                    ("secretStoreRef", store_ref()),
                    ("syncWindows", opaque()),
                    ("target", default(target, json!({"creationPolicy": "Owner", "deletionPolicy": "Retain"}))),
                ],
            ),
            Some(object(
                &[],
                [
                    ("binding", binding),
                    ("conditions", list(condition)),
                    ("refreshTime", refresh_time),
                    ("syncedResourceVersion", string()),
                ],
            )),
        ),
    }
    .build()
}

fn store(kind: &'static str, plural: &'static str, short_names: &'static [&'static str], namespaced: bool) -> Value {
    let condition = object(
        &["status", "type"],
        [
            ("lastTransitionTime", time()),
            ("message", string()),
            ("reason", string()),
            ("status", string()),
            ("type", string()),
        ],
    );
    let mut provider = open(json!({"type": "object"}));
    provider["minProperties"] = json!(1);
    provider["maxProperties"] = json!(1);
    Definition {
        group: GROUP,
        kind,
        plural,
        short_names,
        categories: CATEGORIES,
        namespaced,
        versions: &["v1"],
        columns: &[
            ("AGE", "date", ".metadata.creationTimestamp"),
            ("Status", "string", ".status.conditions[?(@.type==\"Ready\")].reason"),
            ("Capabilities", "string", ".status.capabilities"),
            ("Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status"),
        ],
        annotations: json!({}),
        status: true,
        schema: root(
            &[],
            object(
                &["provider"],
                [
                    ("conditions", opaque()),
                    ("controller", string()),
                    ("provider", provider),
                    ("refreshInterval", opaque()),
                    ("retrySettings", opaque()),
                ],
            ),
            Some(object(&[], [("capabilities", string()), ("conditions", list(condition))])),
        ),
    }
    .build()
}
