//! Events of one object of a deployment.

use super::binding::Deployed;
use super::tree::deployed_objects;
use crate::objects::Parts;
use crate::problem::Problem;
use crate::serving::App;
use axum::Json;
use axum::extract::{Path, Query, State};
use k8s_openapi::api::core::v1::Event;
use kube::api::{Api, ListParams};
use serde_json::{Value, json};
use std::collections::HashMap;

/// `GET …/k8sresources/events?group&version&kind&name`
pub(super) async fn events(
    State(app): State<App>,
    Path(parts): Path<Parts>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Value>, Problem> {
    let wanted = |name: &str| {
        query.get(name).ok_or_else(|| Problem::bad_request(format!("Query argument {name} is required, but not found")))
    };
    wanted("version")?;
    let (kind, name) = (wanted("kind")?, wanted("name")?);
    let deployed = Deployed::resolve(&app, &parts).await?;
    let namespace = if kind == "Pod" {
        deployed.pod(name).await?.metadata.namespace
    } else {
        deployed_objects(&app, &deployed)
            .await?
            .into_iter()
            .find(|object| object["kind"] == kind.as_str() && object["metadata"]["name"] == name.as_str())
            .and_then(|object| object["metadata"]["namespace"].as_str().map(str::to_owned))
    };
    let Some(namespace) = namespace else {
        return Err(Problem::not_found(&format!("{kind} {name:?} of component {:?}", deployed.component)));
    };
    let fields = ListParams::default().fields(&format!("involvedObject.kind={kind},involvedObject.name={name}"));
    let found = Api::<Event>::namespaced(deployed.plane.clone(), &namespace).list(&fields).await;
    let mut found = found.map_err(|error| Problem::from_kube(error, "Namespace", "Event"))?.items;
    found.sort_by(|one, other| one.last_timestamp.cmp(&other.last_timestamp));
    let events: Vec<Value> = found.iter().map(shown).collect();
    Ok(Json(json!({"events": events})))
}

fn shown(event: &Event) -> Value {
    let mut shown = json!({
        "type": event.type_.clone().unwrap_or_default(),
        "reason": event.reason.clone().unwrap_or_default(),
        "message": event.message.clone().unwrap_or_default(),
    });
    let source =
        event.source.as_ref().and_then(|source| source.component.clone()).or(event.reporting_component.clone());
    let more = [
        ("count", event.count.map(Value::from)),
        ("firstTimestamp", event.first_timestamp.as_ref().and_then(|time| serde_json::to_value(time).ok())),
        ("lastTimestamp", event.last_timestamp.as_ref().and_then(|time| serde_json::to_value(time).ok())),
        ("source", source.filter(|source| !source.is_empty()).map(Value::from)),
    ];
    for (name, value) in more {
        if let Some(value) = value {
            shown[name] = value;
        }
    }
    shown
}
