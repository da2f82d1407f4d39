//! What may be asked without a token: health, version.

use crate::problem::Problem;
use crate::serving::App;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

/// `GET /health`: the process answers.
pub(crate) async fn health() -> &'static str {
    "OK"
}

/// `GET /ready`: the store answers too.
pub(crate) async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    match app.client.apiserver_version().await {
        Ok(_) => Ok("Ready"),
        Err(error) => {
            Err(Problem::unavailable(format!("not ready: the control plane's store does not answer: {error}")))
        }
    }
}

/// `GET /version`. The members are those of v1.2; those about Go name our compiler.
pub(crate) async fn version() -> Json<Value> {
    Json(json!({
        "name": "openchoreo",
        "version": env!("CARGO_PKG_VERSION"),
        "gitRevision": option_env!("OPENCHOREO_REVISION").unwrap_or("not-set"),
        "buildTime": option_env!("OPENCHOREO_BUILD_TIME").unwrap_or("not-set"),
        "goOS": std::env::consts::OS,
        "goArch": std::env::consts::ARCH,
        "goVersion": concat!("rust ", env!("CARGO_PKG_RUST_VERSION")),
    }))
}
