//! What an object waits for, as its controller tells it. Ours, beyond the contract of v1.2.

use crate::objects::{Parts, Resource, fetch, name, namespace};
use crate::problem::Problem;
use crate::serving::App;
use axum::Json;
use futures::future::BoxFuture;
use serde_json::{Value, json};

/// Objects without a path of their own whose waits are told with those of the object that waits for them.
const NESTED: usize = 20;

/// Why objects are as they are. Whoever runs the controllers knows.
pub trait Reasons: Send + Sync {
    /// What the controller of an object tells; nothing where none is responsible for it.
    ///
    /// ```json
    /// {"controller": "component", "phase": "idle",
    ///  "lastRun": {"at": "2026-11-22T06:00:00Z", "wokenBy": "…", "outcome": "…"},
    ///  "failing": {"message": "…", "times": 3}, "unseen": "…",
    ///  "waits": [{"kind": "…", "namespace": "…", "name": "…", "cluster": "…", "why": "…", "since": "…"}]}
    /// ```
    fn why<'a>(&'a self, kind: &'a str, namespace: Option<&'a str>, name: &'a str) -> BoxFuture<'a, Option<Value>>;
}

/// `GET …/{name}/why`: for whoever may read the object. Where it waits for one that has no path of its own, such as a
/// rendered release, the wait has that one's `because`. An object that is being deleted has the `finalizers` that hold it.
pub(super) async fn why(app: App, resource: &'static Resource, parts: Parts) -> Result<Json<Value>, Problem> {
    let (space, name) = (namespace(&parts), name(&parts));
    let object = fetch(&app, resource, space, name).await?;
    let Some(reasons) = &app.reasons else { return Err(Problem::no_route()) };
    let mut told = reasons.why(resource.kind(), space, name).await.unwrap_or_else(|| json!({"waits": []}));
    if object.metadata.deletion_timestamp.is_some() {
        told["finalizers"] = json!(object.metadata.finalizers.unwrap_or_default());
    }
    let waits = told.get_mut("waits").and_then(Value::as_array_mut);
    let hidden = waits.into_iter().flatten().filter(|wait| is_hidden(wait)).take(NESTED);
    for wait in hidden {
        let text = |member: &str| wait[member].as_str().unwrap_or_default();
        let space = wait["namespace"].as_str();
        if let Some(because) = reasons.why(text("kind"), space, text("name")).await {
            wait["because"] = because;
        }
    }
    Ok(Json(told))
}

/// Whether an object is one of ours that no path leads to.
fn is_hidden(wait: &Value) -> bool {
    let kind = wait["kind"].as_str().unwrap_or_default();
    wait.get("cluster").is_none() && Resource::of(kind).is_some_and(|resource| resource.row.rest.is_none())
}
