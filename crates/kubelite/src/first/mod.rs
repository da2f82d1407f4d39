//! What every cluster has from its first start: namespaces, the roles that people expect, and a Service called `kubernetes` once
//! there is a port.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{core::Core, object::label_selector::LabelSelector, store::OpenError};

/// Namespaces that always exist.
const NAMESPACES: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// The roles, each with the group that it is bound to.
const ROLES: &str = include_str!("roles.json");
const RBAC: &str = "rbac.authorization.k8s.io";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Role {
    name: String,
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    rules: Vec<Value>,
    #[serde(default)]
    aggregation_rule: Option<Value>,
}

/// Makes what is missing; all of it is one commit.
pub(crate) async fn objects(core: &Core) -> Result<(), OpenError> {
    let (namespaces, roles) = tokio::join!(namespaces(core), roles(core));
    namespaces.and(roles)
}

/// Roles that somebody changed stay as they are; those that were deleted come back with the next start.
async fn roles(core: &Core) -> Result<(), OpenError> {
    let mut roles: Vec<Role> =
        serde_json::from_str(ROLES).map_err(|error| OpenError::Identity(format!("the first roles: {error}")))?;
    gather(&mut roles);
    let made = roles.into_iter().map(|role| async move {
        let Role { name, group, mut labels, rules, aggregation_rule } = role;
        labels.insert("kubernetes.io/bootstrapping".into(), "rbac-defaults".into());
        let metadata = json!({"name": name, "labels": labels});
        let mut object =
            json!({"apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRole", "metadata": metadata, "rules": rules});
        if let Some(rule) = aggregation_rule {
            object["aggregationRule"] = rule;
        }
        let path: Arc<str> = name.as_str().into();
        let role = make(core, "clusterroles.rbac.authorization.k8s.io", path.clone(), object);
        let Some(group) = group else { return role.await };
        let binding = json!({
            "apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": group}],
        });
        let binding = make(core, "clusterrolebindings.rbac.authorization.k8s.io", path, binding);
        let (role, binding) = tokio::join!(role, binding);
        role.and(binding)
    });
    futures::future::try_join_all(made).await?;
    Ok(())
}

/// Fills the roles that are made of others, as housekeeping would: nobody sees them empty.
fn gather(roles: &mut [Role]) {
    roles.sort_by(|a, b| a.name.cmp(&b.name));
    // One round for each storey: admin is made of edit, edit of view.
    for _ in 0..3 {
        for index in 0..roles.len() {
            let Some(selectors) = roles[index].aggregation_rule.as_ref().map(|rule| &rule["clusterRoleSelectors"])
            else {
                continue;
            };
            let selectors: Vec<LabelSelector> =
                selectors.as_array().into_iter().flatten().map(LabelSelector::from_value).collect();
            let mut rules: Vec<Value> = Vec::new();
            for other in roles.iter().filter(|other| other.name != roles[index].name) {
                if !selectors.iter().any(|selector| selector.matches(&other.labels)) {
                    continue;
                }
                for rule in &other.rules {
                    if !rules.contains(rule) {
                        rules.push(rule.clone());
                    }
                }
            }
            roles[index].rules = rules;
        }
    }
}

async fn namespaces(core: &Core) -> Result<(), OpenError> {
    let made = NAMESPACES.map(|name| {
        let object = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
        });
        make(core, "namespaces", name.into(), object)
    });
    futures::future::try_join_all(made).await?;
    Ok(())
}

/// Makes the Service that programs in pods find the API by. Its endpoints are no pods: whoever routes Services sends it to the port.
pub(crate) async fn service(core: &Core, port: u16) -> Result<(), OpenError> {
    let shelf = core.store.shelf("services");
    let (Some(address), None) = (core.addresses.first(), shelf.get("default/kubernetes")) else { return Ok(()) };
    let object = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {
            "clusterIP": address, "clusterIPs": [address], "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": port}],
            "sessionAffinity": "None", "type": "ClusterIP",
        },
        "status": {"loadBalancer": {}},
    });
    core.addresses.mark(&address);
    make(core, "services", "default/kubernetes".into(), object).await
}

async fn make(core: &Core, shelf: &str, path: Arc<str>, object: Value) -> Result<(), OpenError> {
    let made = core.make(shelf, path.clone(), object).await;
    made.map_err(|error| OpenError::Identity(format!("making {shelf} {path}: {error}")))
}
