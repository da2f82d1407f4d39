//! Our API over a control plane in process, with an issuer of its own.

use super::tokens::Tokens;
use anyhow::{Context, Result};
use api::identity::Issuer;
use api::{PlaneUnavailable, Planes};
use axum::Router;
use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt as _;
use kube::Client;
use std::sync::Arc;
use tower::ServiceExt as _;

const URL: &str = "http://api.openchoreo.localhost:8080";

/// The API, and who may call it.
pub(crate) struct Api {
    pub(super) router: Router,
    pub(super) tokens: Tokens,
    /// The issuer's files.
    _folder: tempfile::TempDir,
}

/// The server is its own data plane.
struct OwnPlane(Client);

impl Planes for OwnPlane {
    fn data_plane(&self, _: &str, _: Option<&str>, _: &str) -> Result<Client, PlaneUnavailable> {
        Ok(self.0.clone())
    }
}

/// The API with this issuer.
pub(crate) fn router(client: &Client, issuer: Issuer) -> Router {
    let planes = Arc::new(OwnPlane(client.clone()));
    api::router(api::Options { planes, client: client.clone(), reasons: None, issuer: Arc::new(issuer) })
}

impl Api {
    /// Starts it.
    pub(crate) async fn over(client: &Client) -> Result<Api> {
        let folder = tempfile::tempdir().context("cannot make a folder for the issuer")?;
        let issuer = Issuer::open(folder.path(), URL.to_owned())?;
        let secret = issuer.renew_client("replay")?;
        let router = router(client, issuer);
        let tokens = Tokens::new(&router, secret.reveal(), folder.path(), URL).await?;
        Ok(Api { router, tokens, _folder: folder })
    }

    /// Posts JSON; answers status and body.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Result<(u16, String)> {
        let request = Request::post(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.tokens.valid))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_owned()))
            .context("not a request")?;
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.context("the answer broke off")?.to_bytes();
        Ok((head.status.as_u16(), String::from_utf8_lossy(&body).into_owned()))
    }
}
