//! Fields of Kubernetes' own kinds that only the server sets.

use serde_json::{Value, json};

use super::{addresses::Lease, cause, pods};
use crate::{core::Core, kinds::Kind, object::meta, status::ApiError};

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
            object["spec"]["finalizers"] = json!(["kubernetes"]);
            object["status"] = json!({"phase": "Active"});
            namespace_label(object, &name);
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
            let lease = service(core, kind, object)?;
            object["status"] = json!({"loadBalancer": {}});
            return Ok(lease);
        }
        "CustomResourceDefinition" => {
            let problems = crate::crd::problems(object, None);
            if !problems.is_empty() {
                return Err(ApiError::invalid(kind, &name, problems));
            }
            object["status"] =
                json!({"conditions": [], "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": []});
        }
        _ => {}
    }
    Ok(Lease::none())
}

fn namespace_label(object: &mut Value, name: &str) {
    if let Some(metadata) = meta::of_mut(object) {
        let labels = metadata.entry("labels").or_insert_with(|| json!({}));
        if labels.is_null() {
            *labels = json!({});
        }
        labels["kubernetes.io/metadata.name"] = name.into();
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

/// Gives a Service its virtual address.
fn service(core: &Core, kind: &Kind, object: &mut Value) -> Result<Lease, ApiError> {
    let name = meta::text(object, "name").to_owned();
    let Some(spec) = object.get_mut("spec").filter(|spec| spec.is_object()) else { return Ok(Lease::none()) };
    if spec["type"] == "ExternalName" {
        return Ok(Lease::none());
    }
    for (key, value) in [("ipFamilies", json!(["IPv4"])), ("ipFamilyPolicy", json!("SingleStack"))] {
        if spec[key].is_null() {
            spec[key] = value;
        }
    }
    let given = spec["clusterIP"].as_str().unwrap_or_default().to_owned();
    let (lease, address) = match given.as_str() {
        "None" => (Lease::none(), given),
        "" => core.addresses.next().map_err(ApiError::internal)?,
        _ => match core.addresses.take(&given) {
            Ok(lease) => (lease, given),
            Err(problem) => {
                let (field, shown) = if given.parse::<std::net::IpAddr>().is_ok() {
                    ("spec.clusterIPs", json!([given]))
                } else {
                    ("spec.clusterIPs[0]", json!(given))
                };
                let message = format!("Invalid value: {shown}: {problem}");
                return Err(ApiError::invalid(kind, &name, vec![cause("FieldValueInvalid", field, message)]));
            }
        },
    };
    spec["clusterIP"] = address.as_str().into();
    spec["clusterIPs"] = json!([address]);
    Ok(lease)
}

/// See [`super::before_update`].
pub(super) fn before_update(
    core: &Core,
    kind: &Kind,
    old: &Value,
    new: &mut Value,
    subresource: &str,
) -> Result<(), ApiError> {
    if subresource == "status" {
        return Ok(());
    }
    match &*kind.kind {
        "Namespace" => {
            let name = meta::text(old, "name").to_owned();
            namespace_label(new, &name);
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
        "Service" => {
            // A client that sends the object without its address means to keep it.
            let external = |object: &Value| object["spec"]["type"] == "ExternalName";
            if external(old) && !external(new) {
                service(core, kind, new)?.keep();
            } else if external(new) && !external(old) {
                core.addresses.free(old["spec"]["clusterIP"].as_str().unwrap_or_default());
                if let Some(spec) = new["spec"].as_object_mut() {
                    spec.remove("clusterIP");
                    spec.remove("clusterIPs");
                }
            } else {
                for key in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
                    if new["spec"].get(key).is_none_or(|value| value.is_null() || value == "")
                        && !old["spec"][key].is_null()
                    {
                        new["spec"][key] = old["spec"][key].clone();
                    }
                }
            }
        }
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
    Ok(())
}
