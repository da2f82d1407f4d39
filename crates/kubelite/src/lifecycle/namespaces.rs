//! Namespaces: born with a service account, emptied before they end, and they say what they wait for.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{core::Core, object::meta, status::ApiError, store::WriteError, verbs::DeleteOptions};

const WHO: &str = "namespace-controller";
/// The ConfigMap with the authority's certificate.
pub(super) const ROOT: &str = "kube-root-ca.crt";
const ROOT_SAYS: &str = "The certificate by which pods of this namespace know the API server.";

/// One step in the life of a namespace.
pub(super) async fn step(core: &Arc<Core>, name: &Arc<str>) -> Result<(), ApiError> {
    let shelf: Arc<str> = "namespaces".into();
    let Some(namespace) = core.store.shelf(&shelf).get(name) else {
        core.lifecycle.drained(name);
        return Ok(());
    };
    if !namespace.deleting {
        return furnish(core, name).await;
    }
    core.lifecycle.drain(name);
    let kinds = core.registry.kinds();
    let prefix = format!("{name}/");
    for kind in kinds.stored().iter().filter(|kind| kind.namespaced) {
        let (objects, _) = core.store.shelf(&kind.shelf).list(&prefix, None, || 0);
        for object in objects.iter().filter(|object| !object.deleting) {
            super::delete(
                core,
                kind,
                object,
                &DeleteOptions { propagation_policy: Some("Background".into()), ..DeleteOptions::default() },
                WHO,
            )
            .await?;
        }
    }
    let mut left: Vec<(String, usize)> = Vec::new();
    let mut finalizers: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for kind in kinds.stored().iter().filter(|kind| kind.namespaced) {
        let (objects, _) = core.store.shelf(&kind.shelf).list(&prefix, None, || 0);
        if !objects.is_empty() {
            left.push((kind.resource(), objects.len()));
        }
        for finalizer in objects.iter().flat_map(|object| object.finalizers.iter()) {
            *finalizers.entry(finalizer.clone()).or_default() += 1;
        }
    }
    write(core, &shelf, name, &left, &finalizers).await
}

async fn write(
    core: &Core,
    shelf: &Arc<str>,
    name: &Arc<str>,
    left: &[(String, usize)],
    finalizers: &std::collections::BTreeMap<String, usize>,
) -> Result<(), ApiError> {
    loop {
        let Some(current) = core.store.shelf(shelf).get(name).filter(|current| current.deleting) else { return Ok(()) };
        let mut value = current.value();
        if left.is_empty()
            && let Some(own) = value.pointer_mut("/spec/finalizers").and_then(Value::as_array_mut)
        {
            own.retain(|finalizer| finalizer != "kubernetes");
        }
        conditions(core, &mut value, left, finalizers);
        if value == current.value() {
            return Ok(());
        }
        let own = value["spec"]["finalizers"].as_array().is_some_and(|finalizers| !finalizers.is_empty());
        let gone = !own && meta::finalizers(&value).is_empty();
        match core.put(shelf, name, Some(current.revision), value, gone).await {
            Ok(_) => {
                if gone {
                    core.lifecycle.drained(name);
                }
                return Ok(());
            }
            Err(WriteError::Changed(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Says what the namespace waits for, in Kubernetes' words.
fn conditions(
    core: &Core,
    value: &mut Value,
    left: &[(String, usize)],
    finalizers: &std::collections::BTreeMap<String, usize>,
) {
    let remaining = left
        .iter()
        .map(|(resource, count)| {
            // A resource of the core group is told with its group, which has no name.
            let dot = if resource.contains('.') { "" } else { "." };
            format!("{resource}{dot} has {count} resource instances")
        })
        .collect::<Vec<_>>()
        .join(", ");
    let held = finalizers
        .iter()
        .map(|(name, count)| format!("{name} in {count} resource instances"))
        .collect::<Vec<_>>()
        .join(", ");
    let rows = [
        (
            "NamespaceDeletionDiscoveryFailure",
            false,
            "ResourcesDiscovered",
            "All resources successfully discovered".to_owned(),
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            false,
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed".to_owned(),
        ),
        (
            "NamespaceDeletionContentFailure",
            false,
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization".to_owned(),
        ),
        if left.is_empty() {
            ("NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed".to_owned())
        } else {
            (
                "NamespaceContentRemaining",
                true,
                "SomeResourcesRemain",
                format!("Some resources are remaining: {remaining}"),
            )
        },
        if finalizers.is_empty() {
            (
                "NamespaceFinalizersRemaining",
                false,
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished".to_owned(),
            )
        } else {
            (
                "NamespaceFinalizersRemaining",
                true,
                "SomeFinalizersRemain",
                format!("Some content in the namespace has finalizers remaining: {held}"),
            )
        },
    ];
    let now = meta::time(core.now());
    let status = &mut value["status"];
    if !status.is_object() {
        *status = json!({"phase": "Terminating"});
    }
    let old: Vec<Value> = status["conditions"].as_array().cloned().unwrap_or_default();
    let new: Vec<Value> = rows
        .into_iter()
        .map(|(kind, on, reason, message)| {
            let state = if on { "True" } else { "False" };
            let before = old.iter().find(|condition| condition["type"] == kind);
            let since = before
                .filter(|condition| condition["status"] == state)
                .map_or_else(|| Value::from(now.as_str()), |condition| condition["lastTransitionTime"].clone());
            json!({"type": kind, "status": state, "reason": reason, "message": message, "lastTransitionTime": since})
        })
        .collect();
    status["conditions"] = new.into();
}

/// Every namespace has a service account called `default` and, where there is a port, the certificate by which its pods know it.
async fn furnish(core: &Core, namespace: &str) -> Result<(), ApiError> {
    let account =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": namespace}});
    let account = core.make("serviceaccounts", format!("{namespace}/default").into(), account);
    let Some(root) = core.root.get() else { return Ok(account.await?) };
    let certificate = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": ROOT, "namespace": namespace, "annotations": {"kubernetes.io/description": ROOT_SAYS}},
        "data": {"ca.crt": &**root},
    });
    // In one commit where both are missing.
    let (account, certificate) =
        tokio::join!(account, core.make("configmaps", format!("{namespace}/{ROOT}").into(), certificate));
    Ok(account.and(certificate)?)
}
