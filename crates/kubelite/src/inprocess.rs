//! A `kube::Client` with no socket: requests are function calls. Only those that upgrade (exec, attach, port-forward) go over a
//! connection, one in memory, because an upgrade takes over the bytes of one.

use std::{convert::Infallible, sync::Arc};

use http::{Request, Response, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tower::{BoxError, service_fn};

use crate::{
    admission::User,
    core::Core,
    wire::{Body, serve},
};

/// Bytes that an upgraded connection in memory holds in each direction.
const PIPE: usize = 64 * 1024;

pub(crate) fn client(core: Arc<Core>, user: User) -> kube::Client {
    let user = Arc::new(user);
    let service = service_fn(move |request: Request<kube::client::Body>| {
        let (core, user) = (core.clone(), user.clone());
        async move {
            let request = request.map(Body::new);
            if request.headers().contains_key(header::UPGRADE) {
                return upgraded(core, user, request).await;
            }
            Ok::<_, BoxError>(as_user(core, user, request).await)
        }
    });
    kube::Client::new(service, "default")
}

async fn as_user(core: Arc<Core>, user: Arc<User>, mut request: Request<Body>) -> Response<Body> {
    request.extensions_mut().insert(user);
    serve(core, request).await
}

async fn upgraded(core: Arc<Core>, user: Arc<User>, request: Request<Body>) -> Result<Response<Body>, BoxError> {
    let (near, far) = tokio::io::duplex(PIPE);
    let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
        let (core, user) = (core.clone(), user.clone());
        async move { Ok::<_, Infallible>(as_user(core, user, request.map(Body::new)).await) }
    });
    tokio::spawn(async move {
        let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
        if let Err(error) = builder.serve_connection_with_upgrades(TokioIo::new(far), service).await {
            tracing::debug!(%error, "a connection in memory ended");
        }
    });
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(near)).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "a connection in memory ended");
        }
    });
    let response = sender.send_request(request).await?;
    Ok(response.map(Body::new))
}
