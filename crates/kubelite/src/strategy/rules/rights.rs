//! Roles and bindings.

use serde_json::Value;

use super::{Report, items, text};
use crate::kinds::Kind;

const GROUP: &str = "rbac.authorization.k8s.io";

/// A Role or ClusterRole.
pub(super) fn role(kind: &Kind, object: &Value, report: &mut Report) {
    let has = |rule: &Value, list: &str| rule[list].as_array().is_some_and(|items| !items.is_empty());
    for (at, rule) in items(&object["rules"], "rules") {
        if has(rule, "nonResourceURLs") {
            if kind.namespaced {
                let at = format!("{at}.nonResourceURLs");
                report.invalid(at, &rule["nonResourceURLs"], "namespaced rules cannot apply to non-resource URLs");
            } else if ["apiGroups", "resources", "resourceNames"].iter().any(|list| has(rule, list)) {
                let detail = "rules cannot apply to both regular resources and non-resource URLs";
                report.invalid(format!("{at}.nonResourceURLs"), &rule["nonResourceURLs"], detail);
            }
            continue;
        }
        if !has(rule, "apiGroups") {
            report.required(format!("{at}.apiGroups"), "resource rules must supply at least one api group");
        }
        if !has(rule, "resources") {
            report.required(format!("{at}.resources"), "resource rules must supply at least one resource");
        }
    }
}

/// A RoleBinding or ClusterRoleBinding. What is absent is said by the schema.
pub(super) fn binding(kind: &Kind, object: &Value, report: &mut Report) {
    let reference = &object["roleRef"];
    if !matches!(text(reference, "apiGroup"), "" | GROUP) {
        report.unsupported("roleRef.apiGroup", &reference["apiGroup"], &[GROUP]);
    }
    let roles: &[&str] = if kind.namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    let role = text(reference, "kind");
    if !roles.contains(&role) {
        report.unsupported("roleRef.kind", &reference["kind"], roles);
    }
    for (at, subject) in items(&object["subjects"], "subjects") {
        let group = text(subject, "apiGroup");
        match text(subject, "kind") {
            "ServiceAccount" => {
                let name = text(subject, "name");
                if !name.is_empty() {
                    report.invalid_all(&format!("{at}.name"), name, &crate::object::names::subdomain(name));
                }
                if !group.is_empty() {
                    report.unsupported(format!("{at}.apiGroup"), &group.into(), &[""]);
                }
                if text(subject, "namespace").is_empty() {
                    report.required(format!("{at}.namespace"), "");
                }
            }
            "User" | "Group" => {
                if group != GROUP {
                    report.unsupported(format!("{at}.apiGroup"), &group.into(), &[GROUP]);
                }
            }
            other => report.unsupported(format!("{at}.kind"), &other.into(), &["ServiceAccount", "User", "Group"]),
        }
    }
}
