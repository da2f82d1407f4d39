//! Puts the routes together and answers on a listener.

use crate::identity::{self, Issuer};
use crate::live::{self, Planes, Reasons};
use crate::problem::Problem;
use crate::{meta, objects, openapi};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use kube::Client;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;

/// How long a connection may take to send the head of its request.
const HEAD_DEADLINE: Duration = Duration::from_secs(15);

/// What the API works with.
pub struct Options {
    /// The control plane.
    pub client: Client,
    /// How to reach data planes.
    pub planes: Arc<dyn Planes>,
    /// Who knows what objects wait for; without, nobody is told.
    pub reasons: Option<Arc<dyn Reasons>>,
    /// Who gives out tokens.
    pub issuer: Arc<Issuer>,
}

/// What every handler can see.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) client: Client,
    pub(crate) planes: Arc<dyn Planes>,
    pub(crate) reasons: Option<Arc<dyn Reasons>>,
}

/// All routes. Everything but health, version, the document and the identity endpoints asks for a bearer token.
pub fn router(options: Options) -> Router {
    let Options { client, planes, reasons, issuer } = options;
    let app = App { client, planes, reasons };
    let guarded = Router::new()
        .merge(objects::routes())
        .merge(objects::namespace_routes())
        .merge(live::routes())
        .with_state(app.clone())
        .layer(from_fn(objects::plain_names))
        .layer(from_fn_with_state(issuer.clone(), identity::authenticate));
    let identity = Router::new()
        .route("/.well-known/oauth-protected-resource", get(identity::protected_resource))
        .route("/.well-known/openid-configuration", get(identity::discovery))
        .route("/oauth2/jwks", get(identity::jwks))
        .route("/oauth2/token", post(identity::token))
        .with_state(issuer);
    Router::new()
        .route("/health", get(meta::health))
        .route("/ready", get(meta::ready))
        .route("/version", get(meta::version))
        .route("/openapi.json", get(openapi::document))
        .with_state(app)
        .merge(identity)
        .merge(guarded)
        .fallback(async || Problem::no_route())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(CatchPanicLayer::new())
}

/// Answers on the listener until `stop`; then lets running requests end.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let connections = TaskTracker::new();
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    // Out of file descriptors, usually: the next try waits for some to be given back.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let service = TowerToHyperService::new(router.clone());
        let stop = stop.clone();
        connections.spawn(async move {
            let mut builder = auto::Builder::new(TokioExecutor::new());
            builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_DEADLINE);
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
            tokio::pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.as_mut().await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    connections.close();
    connections.wait().await;
}
