//! How a case is written.
//!
//! - `objects`: kind, name and spec; namespace `infra` unless given. An object that is there is changed.
//! - `conditions`: `KIND NAMESPACE/NAME SECTION WORD…`, where the section is `-`, a listener, or a parent's sectionName, and
//!   the words are `Type=Status/Reason`, `attached=N`, `kinds=A,B`, `generation=N`, `serves=FEATURE`.
//! - `requests`: `[Nx] METHOD [PORT:]HOST/PATH name=value… -> WHO word…`; [`super::expect`] has the words. `%20` is a space.
//! - `then`: more of the same, after `delete`.
//!
//! `$http`, `$alt` and `$tls` are ports.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    #[serde(rename = "case")]
    pub(super) name: String,
    #[serde(default)]
    pub(super) objects: Vec<Object>,
    #[serde(default)]
    pub(super) conditions: Vec<String>,
    #[serde(default)]
    pub(super) requests: Vec<String>,
    #[serde(default, rename = "then")]
    pub(super) next: Vec<Step>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    #[serde(default)]
    pub(super) delete: Vec<String>,
    #[serde(default)]
    pub(super) objects: Vec<Object>,
    #[serde(default)]
    pub(super) conditions: Vec<String>,
    #[serde(default)]
    pub(super) requests: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Object {
    pub(super) kind: String,
    #[serde(default = "infra")]
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) spec: Value,
}

fn infra() -> String {
    "infra".into()
}

pub(super) fn read(text: &str) -> Vec<Case> {
    serde_saphyr::from_str(text).expect("cases in YAML")
}

impl Case {
    pub(super) fn into_steps(self) -> Vec<Step> {
        let first =
            Step { delete: Vec::new(), objects: self.objects, conditions: self.conditions, requests: self.requests };
        std::iter::once(first).chain(self.next).collect()
    }
}
