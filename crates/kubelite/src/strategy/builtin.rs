//! Fields of Kubernetes' own kinds that only the server sets.

use serde_json::{Value, json};

use super::{defaults::TEMPLATE_GENERATION, lease::Lease, pods, service};
use crate::{
    core::Core,
    kinds::{Kind, Origin},
    object::meta,
    status::ApiError,
};

/// Kinds that are listed but not made: what would act on them is not built, and an object that is accepted and ignored is a lie.
const REFUSED: &[(&str, &[&str], &str)] = &[
    ("", &["ResourceQuota"], "resource quotas are not enforced by this server"),
    ("", &["LimitRange"], "limit ranges are not enforced by this server"),
    (
        "admissionregistration.k8s.io",
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
        "admission webhooks are not called by this server",
    ),
    (
        "admissionregistration.k8s.io",
        &[
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
        ],
        "admission policies are not evaluated by this server",
    ),
    ("apiregistration.k8s.io", &["APIService"], "requests are not passed on to other API servers by this server"),
    ("certificates.k8s.io", &["CertificateSigningRequest"], "certificates are not signed on request by this server"),
];

/// See [`super::before_create`].
pub(super) fn before_create(core: &Core, kind: &Kind, object: &mut Value) -> Result<Lease, ApiError> {
    let refused = REFUSED.iter().find(|(group, names, _)| *group == &*kind.group && names.contains(&&*kind.kind));
    if let Some((_, _, why)) = refused {
        return Err(ApiError::not_implemented(format!(
            "{} {:?} was not created: {why}",
            kind.resource(),
            meta::text(object, "name")
        )));
    }
    let name = meta::text(object, "name").to_owned();
    match &*kind.kind {
        "Namespace" => {
            let mut finalizers = object["spec"]["finalizers"].as_array().cloned().unwrap_or_default();
            if !finalizers.iter().any(|name| name == "kubernetes") {
                finalizers.push("kubernetes".into());
            }
            object["spec"]["finalizers"] = finalizers.into();
            object["status"] = json!({"phase": "Active"});
        }
        "Pod" => {
            pods::admit(&mut object["spec"]);
            let mut status = json!({"phase": "Pending", "qosClass": pods::quality(&object["spec"])});
            std::mem::swap(&mut object["status"], &mut status);
        }
        "PersistentVolumeClaim" | "PersistentVolume" => object["status"] = json!({"phase": "Pending"}),
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController" => {
            object["status"] = match &*kind.kind {
                "DaemonSet" => {
                    object["metadata"]["annotations"][TEMPLATE_GENERATION] = "1".into();
                    json!({"currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0})
                }
                "StatefulSet" => json!({"replicas": 0, "availableReplicas": 0}),
                "Deployment" => json!({}),
                _ => json!({"replicas": 0}),
            };
        }
        "Job" => job(object, &name),
        "CronJob" => object["status"] = json!({}),
        "HorizontalPodAutoscaler" => object["status"] = json!({"currentMetrics": null, "desiredReplicas": 0}),
        "PodDisruptionBudget" => {
            object["status"] =
                json!({"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0});
        }
        "Service" => {
            let lease = service::make(core, kind, object)?;
            object["status"] = json!({"loadBalancer": {}});
            return Ok(lease);
        }
        "CustomResourceDefinition" => {
            let problems = crate::crd::problems(object, None);
            if !problems.is_empty() {
                return Err(ApiError::invalid(kind, &name, problems));
            }
            let mut versions = object["spec"]["versions"].as_array().into_iter().flatten();
            let stored = versions.find(|version| version["storage"] == true).map(|version| version["name"].clone());
            object["status"] = json!({
                "conditions": null, "acceptedNames": {"plural": "", "kind": ""},
                "storedVersions": stored.into_iter().collect::<Vec<_>>(),
            });
        }
        _ => {}
    }
    Ok(Lease::none())
}

/// Counts a DaemonSet's templates; the server alone says which one this is.
fn template_generation(old: &Value, new: &mut Value) {
    let was = old["metadata"]["annotations"][TEMPLATE_GENERATION].as_str().and_then(|text| text.parse::<i64>().ok());
    let changed = old["spec"]["template"] != new["spec"]["template"];
    new["metadata"]["annotations"][TEMPLATE_GENERATION] = (was.unwrap_or(1) + i64::from(changed)).to_string().into();
}

/// Takes from metadata that is told alone what Kubernetes writes there only with the whole object: it counts a DaemonSet's templates
/// in a field of its own.
pub(crate) fn bare_metadata(kind: &Kind, metadata: &mut Value) {
    if *kind.kind != *"DaemonSet" || kind.origin != Origin::Builtin {
        return;
    }
    let Some(metadata) = metadata.as_object_mut() else { return };
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.remove(TEMPLATE_GENERATION);
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
}

/// A Job owns its pods by a label with its uid, unless the author says otherwise.
fn job(object: &mut Value, name: &str) {
    object["status"] = json!({});
    if object["spec"]["manualSelector"] == true {
        return;
    }
    let uid = meta::text(object, "uid").to_owned();
    let spec = &mut object["spec"];
    if spec["selector"].is_null() {
        spec["selector"] = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
    }
    if !spec["template"].is_object() {
        return;
    }
    if let Some(metadata) = meta::of_mut(&mut spec["template"]) {
        let labels = metadata.entry("labels").or_insert_with(|| json!({}));
        for (key, value) in [
            ("batch.kubernetes.io/controller-uid", &*uid),
            ("batch.kubernetes.io/job-name", name),
            ("controller-uid", &*uid),
            ("job-name", name),
        ] {
            labels[key] = value.into();
        }
    }
    let labels = spec["template"]["metadata"]["labels"].clone();
    if object["metadata"]["labels"].as_object().is_none_or(serde_json::Map::is_empty) {
        meta::set(object, "labels", labels);
    }
}

/// See [`super::before_update`].
pub(super) fn before_update(
    core: &Core,
    kind: &Kind,
    old: &Value,
    new: &mut Value,
    subresource: &str,
) -> Result<Lease, ApiError> {
    if &*kind.kind == "DaemonSet" {
        template_generation(old, new);
    }
    if subresource == "status" {
        return Ok(Lease::none());
    }
    match &*kind.kind {
        "Namespace" => {
            if subresource != "finalize" {
                new["spec"]["finalizers"] = old["spec"]["finalizers"].clone();
            }
            if new["spec"]["finalizers"].is_null()
                && let Some(spec) = new["spec"].as_object_mut()
            {
                spec.remove("finalizers");
            }
        }
        "Pod" => {
            // What was added when it was made stays where a client sends the object without it.
            for key in ["preemptionPolicy", "priority", "serviceAccountName", "serviceAccount", "tolerations"] {
                if new["spec"].get(key).is_none_or(Value::is_null) && !old["spec"][key].is_null() {
                    new["spec"][key] = old["spec"][key].clone();
                }
            }
        }
        "Service" => return service::change(core, kind, old, new),
        "Job" => {
            for (parent, key) in [("spec", "selector")] {
                if new[parent][key].is_null() && !old[parent][key].is_null() {
                    new[parent][key] = old[parent][key].clone();
                }
            }
        }
        "CustomResourceDefinition" => {
            let problems = crate::crd::problems(new, Some(old));
            if !problems.is_empty() {
                return Err(ApiError::invalid(kind, meta::text(old, "name"), problems));
            }
        }
        _ => {}
    }
    Ok(Lease::none())
}
