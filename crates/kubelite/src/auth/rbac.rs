//! Roles and bindings as rules: read when one of them changed, asked for every request of somebody who is not a master.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{admission::User, core::Core, store::Shelf};

const GROUP: &str = "rbac.authorization.k8s.io";

/// What somebody wants to do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attributes<'a> {
    pub(crate) verb: &'a str,
    pub(crate) group: &'a str,
    /// Resource without its subresource; empty when a path is meant.
    pub(crate) resource: &'a str,
    pub(crate) subresource: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    /// A path that is no resource's.
    pub(crate) path: &'a str,
}

/// One rule of a role.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Rule {
    pub(crate) verbs: Vec<String>,
    pub(crate) api_groups: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) resource_names: Vec<String>,
    #[serde(rename = "nonResourceURLs")]
    pub(crate) paths: Vec<String>,
}

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|known| known == "*" || known == wanted)
}

impl Rule {
    /// Whether the rule allows it.
    pub(crate) fn allows(&self, wanted: &Attributes<'_>) -> bool {
        if !has(&self.verbs, wanted.verb) {
            return false;
        }
        if wanted.resource.is_empty() {
            return self.paths.iter().any(|known| path_fits(known, wanted.path));
        }
        let resource = |known: &String| match (known.split_once('/'), wanted.subresource) {
            _ if known == "*" => true,
            (None, "") => known == wanted.resource,
            (Some((resource, sub)), wanted_sub) => {
                sub == wanted_sub && (resource == "*" || resource == wanted.resource)
            }
            (None, _) => false,
        };
        has(&self.api_groups, wanted.group)
            && self.resources.iter().any(resource)
            && (self.resource_names.is_empty() || self.resource_names.iter().any(|name| name == wanted.name))
    }

    /// As the API writes it.
    pub(super) fn to_value(&self) -> Value {
        let mut rule = json!({"verbs": self.verbs});
        let rows = [
            ("apiGroups", &self.api_groups),
            ("resources", &self.resources),
            ("resourceNames", &self.resource_names),
            ("nonResourceURLs", &self.paths),
        ];
        for (key, list) in rows.into_iter().filter(|(_, list)| !list.is_empty()) {
            rule[key] = json!(list);
        }
        rule
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lists = [
            ("APIGroups", &self.api_groups),
            ("Resources", &self.resources),
            ("ResourceNames", &self.resource_names),
            ("NonResourceURLs", &self.paths),
            ("Verbs", &self.verbs),
        ];
        let shown = lists.iter().filter(|(_, list)| !list.is_empty());
        let shown: Vec<String> = shown.map(|(name, list)| format!("{name}:[{}]", quoted(list))).collect();
        write!(f, "{{{}}}", shown.join(", "))
    }
}

fn quoted(list: &[String]) -> String {
    list.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(" ")
}

fn path_fits(known: &str, path: &str) -> bool {
    known == "*" || known == path || known.strip_suffix('*').is_some_and(|prefix| path.starts_with(prefix))
}

/// The rules of a role's JSON.
pub(crate) fn rules(role: &Value) -> Vec<Rule> {
    let rules = role["rules"].as_array().into_iter().flatten();
    rules.filter_map(|rule| Rule::deserialize(rule).ok()).collect()
}

#[derive(Debug, Deserialize)]
struct Subject {
    kind: String,
    name: String,
    #[serde(default)]
    namespace: String,
}

impl Subject {
    fn is(&self, user: &User) -> bool {
        match self.kind.as_str() {
            "User" => self.name == user.name,
            "Group" => user.groups.contains(&self.name),
            "ServiceAccount" => {
                let account = user.name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
                account == Some((self.namespace.as_str(), self.name.as_str()))
            }
            _ => false,
        }
    }
}

#[derive(Debug)]
struct Binding {
    /// `ClusterRoleBinding "x" of ClusterRole "y"`, as reasons say it.
    says: String,
    subjects: Vec<Subject>,
    rules: Arc<[Rule]>,
}

#[derive(Debug, Default)]
struct Grants {
    everywhere: Vec<Binding>,
    by_namespace: HashMap<Box<str>, Vec<Binding>>,
}

/// The bindings as of one state of the store.
#[derive(Default)]
pub(crate) struct Roles {
    known: RwLock<Option<([u64; 4], Arc<Grants>)>>,
}

fn shelves(core: &Core) -> [Arc<Shelf>; 4] {
    ["clusterroles", "roles", "clusterrolebindings", "rolebindings"]
        .map(|plural| core.store.shelf(&format!("{plural}.{GROUP}")))
}

impl Roles {
    fn grants(&self, core: &Core) -> Arc<Grants> {
        let shelves = shelves(core);
        let stamp = [0, 1, 2, 3].map(|index: usize| shelves[index].revision());
        if let Some((known, grants)) = &*self.known.read().unwrap_or_else(PoisonError::into_inner)
            && *known == stamp
        {
            return grants.clone();
        }
        let grants = Arc::new(read(&shelves));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some((stamp, grants.clone()));
        grants
    }

    /// Why it is allowed; `None`: no binding allows it.
    pub(super) fn why(&self, core: &Core, user: &User, wanted: &Attributes<'_>) -> Option<String> {
        let grants = self.grants(core);
        let binding = bindings(&grants, wanted.namespace).find(|binding| {
            binding.subjects.iter().any(|subject| subject.is(user))
                && binding.rules.iter().any(|rule| rule.allows(wanted))
        })?;
        let subject = binding.subjects.iter().find(|subject| subject.is(user))?;
        let name = match subject.kind.as_str() {
            "ServiceAccount" => format!("{}/{}", subject.name, subject.namespace),
            _ => subject.name.clone(),
        };
        Some(format!("RBAC: allowed by {} to {} {name:?}", binding.says, subject.kind))
    }

    /// All that the user may do in the namespace (empty: at cluster scope).
    pub(super) fn rules(&self, core: &Core, user: &User, namespace: &str) -> Vec<Rule> {
        let grants = self.grants(core);
        bindings(&grants, namespace)
            .filter(|binding| binding.subjects.iter().any(|subject| subject.is(user)))
            .flat_map(|binding| binding.rules.iter().cloned())
            .collect()
    }
}

fn bindings<'a>(grants: &'a Grants, namespace: &str) -> impl Iterator<Item = &'a Binding> {
    grants.everywhere.iter().chain(grants.by_namespace.get(namespace).into_iter().flatten())
}

fn read([cluster_roles, roles, cluster_bindings, role_bindings]: &[Arc<Shelf>; 4]) -> Grants {
    let mut made: HashMap<String, Arc<[Rule]>> = HashMap::new();
    let mut rules_of = |kind: &str, namespace: &str, name: &str| -> Arc<[Rule]> {
        let (shelf, path) = match kind {
            "ClusterRole" => (cluster_roles, name.to_owned()),
            _ => (roles, format!("{namespace}/{name}")),
        };
        let key = format!("{kind} {path}");
        made.entry(key)
            .or_insert_with(|| shelf.get(&path).map(|role| rules(&role.value())).unwrap_or_default().into())
            .clone()
    };
    let mut binding = |what: &str, value: &Value, namespace: &str, path: &str| {
        let text = |key: &str| value["roleRef"][key].as_str().unwrap_or_default().to_owned();
        let subjects = value["subjects"].as_array().into_iter().flatten();
        let subjects = subjects.filter_map(|subject| {
            let mut subject = Subject::deserialize(subject).ok()?;
            if subject.namespace.is_empty() {
                namespace.clone_into(&mut subject.namespace);
            }
            Some(subject)
        });
        Binding {
            says: format!("{what} {path:?} of {} {:?}", text("kind"), text("name")),
            subjects: subjects.collect(),
            rules: rules_of(&text("kind"), namespace, &text("name")),
        }
    };
    let mut grants = Grants::default();
    for stored in cluster_bindings.list("", None, || 0).0 {
        grants.everywhere.push(binding("ClusterRoleBinding", &stored.value(), "", stored.name()));
    }
    for stored in role_bindings.list("", None, || 0).0 {
        let said = format!("{}/{}", stored.name(), stored.namespace());
        let made = binding("RoleBinding", &stored.value(), stored.namespace(), &said);
        grants.by_namespace.entry(stored.namespace().into()).or_default().push(made);
    }
    grants
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn rule(value: &Value) -> Rule {
        Rule::deserialize(value).unwrap()
    }

    fn wanted<'a>(verb: &'a str, group: &'a str, resource: &'a str, sub: &'a str, name: &'a str) -> Attributes<'a> {
        Attributes { verb, group, resource, subresource: sub, name, ..Attributes::default() }
    }

    #[rstest]
    #[case(json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}), wanted("get", "", "pods", "", "a"), true)]
    #[case(json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}), wanted("get", "", "pods", "log", "a"), false)]
    #[case(json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods/log"]}), wanted("get", "", "pods", "log", "a"), true)]
    #[case(json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods/log"]}), wanted("get", "", "pods", "", "a"), false)]
    #[case(json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*/scale"]}), wanted("update", "apps", "deployments", "scale", "a"), true)]
    #[case(json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*/scale"]}), wanted("update", "apps", "deployments", "", "a"), false)]
    #[case(json!({"verbs": ["*"], "apiGroups": ["apps"], "resources": ["*"]}), wanted("update", "apps", "deployments", "status", "a"), true)]
    #[case(json!({"verbs": ["*"], "apiGroups": ["apps"], "resources": ["*"]}), wanted("update", "batch", "jobs", "", "a"), false)]
    #[case(json!({"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"]}), wanted("get", "", "secrets", "", "a"), true)]
    #[case(json!({"verbs": ["list"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"]}), wanted("list", "", "secrets", "", ""), false)]
    #[case(json!({"verbs": ["get"], "nonResourceURLs": ["/apis/*"]}), Attributes { verb: "get", path: "/apis/apps", ..Attributes::default() }, true)]
    #[case(json!({"verbs": ["get"], "nonResourceURLs": ["/apis"]}), Attributes { verb: "get", path: "/apis/apps", ..Attributes::default() }, false)]
    fn a_rule_allows_what_it_names(#[case] given: Value, #[case] wanted: Attributes<'static>, #[case] allowed: bool) {
        assert_eq!(rule(&given).allows(&wanted), allowed);
    }
}
