//! Nobody grants more than they have: who writes a role must hold its rules, who binds one must hold the rules of it.

use serde_json::Value;

use super::{
    Attributes,
    rbac::{self, Rule},
    reason,
};
use crate::{status::ApiError, verbs::Call};

/// Refuses a role or binding that grants what the user does not have.
pub(crate) fn check(call: &Call, object: &Value, old: Option<&Value>) -> Result<(), ApiError> {
    if *call.kind.group != *"rbac.authorization.k8s.io" || call.user.is_master() {
        return Ok(());
    }
    let namespace = call.namespace.as_deref().unwrap_or_default();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let same = |key: &str| old.is_some_and(|old| old[key] == object[key]);
    let allowed = |verb: &str, resource: &str, name: &str| {
        let wanted = Attributes { verb, group: &call.kind.group, resource, namespace, name, ..Attributes::default() };
        reason(&call.core, &call.user, &wanted).is_some()
    };
    let wanted = match &*call.kind.kind {
        "Role" | "ClusterRole" => {
            if (same("rules") && same("aggregationRule")) || allowed("escalate", &call.kind.plural, name) {
                return Ok(());
            }
            if object["aggregationRule"].is_null() {
                rbac::rules(object)
            } else {
                // What it will gather is not known yet, so only who may do everything may make it.
                let star = || vec!["*".to_owned()];
                let everything = Rule { verbs: star(), api_groups: star(), resources: star(), ..Rule::default() };
                vec![everything, Rule { verbs: star(), paths: star(), ..Rule::default() }]
            }
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            let role = &object["roleRef"];
            let (kind, role) = (role["kind"].as_str().unwrap_or_default(), role["name"].as_str().unwrap_or_default());
            let cluster = kind == "ClusterRole";
            let resource = if cluster { "clusterroles" } else { "roles" };
            if (same("roleRef") && same("subjects")) || allowed("bind", resource, role) {
                return Ok(());
            }
            let path = if cluster { role.to_owned() } else { format!("{namespace}/{role}") };
            let shelf = call.core.store.shelf(&format!("{resource}.{}", call.kind.group));
            match (shelf.get(&path), call.kinds.resource(&call.kind.group, "v1", resource)) {
                (Some(stored), _) => rbac::rules(&stored.value()),
                (None, Some(kind)) => return Err(ApiError::not_found(kind, role)),
                (None, None) => return Err(ApiError::no_such_path()),
            }
        }
        _ => return Ok(()),
    };
    let held = call.core.roles.rules(&call.core, &call.user, namespace);
    let missing: Vec<String> = wanted.iter().filter(|rule| !covered(rule, &held)).map(ToString::to_string).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let why = format!(
        "user {:?} (groups={:?}) is attempting to grant RBAC permissions not currently held:\n{}",
        call.user.name,
        call.user.groups,
        missing.join("\n")
    );
    Err(ApiError::forbidden(&call.kind, name, &why))
}

/// Whether each single thing that the rule allows is allowed by one of those held.
fn covered(rule: &Rule, held: &[Rule]) -> bool {
    let holds = |verb: &str, wanted: &dyn Fn(&Rule) -> bool| {
        held.iter().any(|known| known.verbs.iter().any(|has| has == "*" || has == verb) && wanted(known))
    };
    let none = String::new();
    let names: Vec<&String> =
        if rule.resource_names.is_empty() { vec![&none] } else { rule.resource_names.iter().collect() };
    rule.verbs.iter().all(|verb| {
        let paths = rule.paths.iter().all(|path| {
            holds(verb, &|known| {
                known.paths.iter().any(|has| {
                    has == "*" || has == path || has.strip_suffix('*').is_some_and(|start| path.starts_with(start))
                })
            })
        });
        let resources = rule.api_groups.iter().all(|group| {
            rule.resources.iter().all(|resource| {
                names.iter().all(|name| {
                    holds(verb, &|known| {
                        known.api_groups.iter().any(|has| has == "*" || has == group)
                            && known.resources.iter().any(|has| resource_covers(has, resource))
                            && (known.resource_names.is_empty() || known.resource_names.contains(name))
                    })
                })
            })
        });
        paths && resources
    })
}

fn resource_covers(has: &str, wanted: &str) -> bool {
    has == "*"
        || has == wanted
        || matches!((has.strip_prefix("*/"), wanted.split_once('/')), (Some(sub), Some((_, wanted))) if sub == wanted)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn rule(verbs: &[&str], groups: &[&str], resources: &[&str], names: &[&str]) -> Rule {
        let own = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        Rule {
            verbs: own(verbs),
            api_groups: own(groups),
            resources: own(resources),
            resource_names: own(names),
            paths: vec![],
        }
    }

    #[rstest]
    #[case(rule(&["get"], &[""], &["pods"], &[]), true)]
    #[case(rule(&["get", "list"], &[""], &["pods", "secrets"], &[]), false)]
    #[case(rule(&["get"], &[""], &["secrets"], &["a"]), true)]
    #[case(rule(&["get"], &[""], &["secrets"], &[]), false)]
    #[case(rule(&["update"], &["apps"], &["deployments/scale"], &[]), true)]
    #[case(rule(&["update"], &["apps"], &["deployments"], &[]), false)]
    #[case(rule(&["*"], &[""], &["pods"], &[]), false)]
    fn only_what_is_held_is_covered(#[case] wanted: Rule, #[case] expected: bool) {
        let held = [
            rule(&["get"], &[""], &["pods"], &[]),
            rule(&["list"], &[""], &["pods"], &[]),
            rule(&["get"], &[""], &["secrets"], &["a", "b"]),
            rule(&["*"], &["*"], &["*/scale"], &[]),
        ];
        assert_eq!(covered(&wanted, &held), expected);
    }
}
