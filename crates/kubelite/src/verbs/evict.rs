//! Eviction: a pod is asked to go, where its disruption budget allows it.

use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{
    Call, DeleteOptions,
    change::{self, Proposal},
    delete, read,
};
use crate::{
    object::{label_selector::LabelSelector, meta},
    status::{ApiError, Cause},
    store::Stored,
    wire::Body,
};

/// Pods that a budget may hold as allowed to go and not gone; more are a controller that does not keep up.
const UNCONFIRMED: usize = 2000;
/// When to ask again while a budget's controller has not seen its newest change, in seconds.
const SOON: u32 = 10;

/// Carries out an `Eviction` of the call's pod.
pub(super) async fn evict(call: &mut Call, eviction: &Value) -> Result<Response<Body>, ApiError> {
    let given = meta::text(eviction, "name");
    if !given.is_empty() && given != call.named()? {
        return Err(ApiError::bad_request("name in URL does not match name in Eviction object"));
    }
    let options: DeleteOptions = match &eviction["deleteOptions"] {
        Value::Null => DeleteOptions::default(),
        options => serde_json::from_value(options.clone())
            .map_err(|error| ApiError::bad_request(format!("deleteOptions: {error}")))?,
    };
    call.params.dry_run |= options.dry_run.iter().flatten().any(|mode| mode == "All");
    let pod = read::current(call)?;
    if !goes_anyway(&pod.value()) {
        ask_budget(call, &pod).await?;
    }
    if !call.params.dry_run {
        mark(call).await?;
    }
    delete::remove(call, &*read::current(call)?, &options).await?;
    Ok(super::pods::success())
}

/// Pods that serve nobody yet or any more are covered by no budget.
fn goes_anyway(pod: &Value) -> bool {
    meta::deleting(pod) || matches!(pod["status"]["phase"].as_str(), Some("Pending" | "Succeeded" | "Failed"))
}

fn is_ready(pod: &Value) -> bool {
    let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// Takes the pod's part of its budget, where one covers it.
async fn ask_budget(call: &Call, pod: &Stored) -> Result<(), ApiError> {
    let kind =
        call.kinds.resource("policy", "v1", "poddisruptionbudgets").cloned().ok_or_else(ApiError::no_such_path)?;
    let namespace = call.namespace.clone().unwrap_or_default();
    let (budgets, _) = call.core.store.shelf(&kind.shelf).list(&format!("{namespace}/"), None, || 0);
    let covers = |budget: &Value| {
        let selector = &budget["spec"]["selector"];
        // Without a selector a budget covers nothing, with an empty one everything.
        selector.is_object() && LabelSelector::from_value(selector).matches(&pod.labels)
    };
    let mut covering = budgets.iter().filter(|budget| covers(&budget.value()));
    let Some(budget) = covering.next() else { return Ok(()) };
    if covering.next().is_some() {
        return Err(ApiError::internal(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
        ));
    }
    let name = budget.name().to_owned();
    let pod_name = call.named()?.to_owned();
    let call = Call { kind, name: Some(name), subresource: Some("status".to_owned()), ..call.beside() };
    let ready = is_ready(&pod.value());
    let mut asked = Ok(());
    let now = meta::time(call.core.now());
    let written = change::change(&call, |budget| {
        let mut object = budget.clone();
        asked = if passes(budget, ready) { Ok(()) } else { take(&mut object, &pod_name, &now) };
        // What a budget refuses changes nothing of it.
        Ok(Proposal { object, duplicates: Vec::new(), applied: None })
    });
    written.await?;
    asked
}

/// Whether a pod that is not ready may go whatever the budget has left.
fn passes(budget: &Value, ready: bool) -> bool {
    if ready {
        return false;
    }
    let count = |field: &str| budget["status"][field].as_i64().unwrap_or_default();
    match budget["spec"]["unhealthyPodEvictionPolicy"].as_str() {
        Some("AlwaysAllow") => true,
        _ => count("desiredHealthy") > 0 && count("currentHealthy") >= count("desiredHealthy"),
    }
}

/// Takes one disruption from a budget for a pod; nothing of it changes where it has none.
fn take(budget: &mut Value, pod: &str, now: &str) -> Result<(), ApiError> {
    let name = meta::text(budget, "name").to_owned();
    let status = &budget["status"];
    let count = |field: &str| status[field].as_i64().unwrap_or_default();
    if count("observedGeneration") < meta::number(budget, "generation").unwrap_or_default() {
        let mut error = refused(format!("The disruption budget {name} is still being processed by the server."));
        error.details.get_or_insert_default().retry_after = SOON;
        return Err(error);
    }
    let forbidden = |words: &str| {
        ApiError::new(
            StatusCode::FORBIDDEN,
            "Forbidden",
            format!("poddisruptionbudgets.policy {name:?} is forbidden: {words}"),
        )
    };
    if count("disruptionsAllowed") < 0 {
        return Err(forbidden("pdb disruptions allowed is negative"));
    }
    if status["disruptedPods"].as_object().is_some_and(|pods| pods.len() > UNCONFIRMED) {
        return Err(forbidden("DisruptedPods map too big - too many evictions not confirmed by PDB controller"));
    }
    let left = count("disruptionsAllowed");
    if left == 0 {
        let (wanted, current) = (count("desiredHealthy"), count("currentHealthy"));
        return Err(refused(format!(
            "The disruption budget {name} needs {wanted} healthy pods and has {current} currently"
        )));
    }
    budget["status"]["disruptionsAllowed"] = (left - 1).into();
    budget["status"]["disruptedPods"][pod] = now.into();
    if left == 1 {
        let generation = budget["metadata"]["generation"].clone();
        for condition in budget["status"]["conditions"].as_array_mut().into_iter().flatten() {
            if condition["type"] == "DisruptionAllowed" && condition["status"] != "False" {
                *condition = json!({"type": "DisruptionAllowed", "status": "False", "reason": "InsufficientPods", "message": "",
                    "observedGeneration": generation, "lastTransitionTime": now});
            }
        }
    }
    Ok(())
}

fn refused(words: String) -> ApiError {
    let message = "Cannot evict pod as it would violate the pod's disruption budget.";
    let cause = Cause { reason: "DisruptionBudget".into(), message: words, field: String::new() };
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message).with_cause(cause)
}

/// Notes on the pod why it goes.
async fn mark(call: &Call) -> Result<(), ApiError> {
    let call = Call { subresource: Some("status".to_owned()), ..call.beside() };
    let condition = json!({"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting", "lastTransitionTime": meta::time(call.core.now())});
    let written = change::change(&call, |pod| {
        let mut object = pod.clone();
        if !object["status"].is_object() {
            object["status"] = json!({});
        }
        match object["status"]["conditions"].as_array_mut() {
            Some(conditions) => {
                conditions.retain(|held| held["type"] != condition["type"]);
                conditions.push(condition.clone());
            }
            None => object["status"]["conditions"] = json!([condition]),
        }
        Ok(Proposal { object, duplicates: Vec::new(), applied: None })
    });
    written.await.map(|_| ())
}
