//! Waits for what a server does by itself: it is asked again whenever something changes, not in intervals.

use crate::server::Server;
use anyhow::{Result, bail};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Longest time until something that a server does by itself has happened.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a cluster serves elsewhere than it stores it comes with no event: how often one is asked that is not in this process.
const FOREIGN: Duration = Duration::from_millis(40);
/// Definitions: what is served comes and goes with them.
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?watch=true";

/// Asks until the answer's code and body are as they shall be; answers that body.
///
/// # Errors
/// They do not become so, or the server does not answer.
pub async fn until(
    server: &Server,
    path: &str,
    build: impl Fn() -> Result<RequestBuilder>,
    holds: impl Fn(u16, &Value) -> Result<bool>,
) -> Result<Value> {
    let begun = Instant::now();
    let mut changes: Option<Changes> = None;
    loop {
        let response = build()?.send().await?;
        let code = response.status().as_u16();
        let body = body(response).await?;
        if holds(code, &body)? {
            return Ok(body);
        }
        let left = PATIENCE.saturating_sub(begun.elapsed());
        if left.is_zero() {
            let said: String = body.to_string().chars().take(300).collect();
            bail!("what was waited for did not come: {code} {said}");
        }
        match &mut changes {
            // What came between the answer and the watch is told by the watch's first events.
            None => changes = Some(Changes::of(server, path).await?),
            Some(changes) => changes.next(server, left).await?,
        }
    }
}

async fn body(response: Response) -> Result<Value> {
    let bytes = response.bytes().await?;
    Ok(serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into()))
}

/// Events of what a path names, and of definitions.
struct Changes {
    own: Option<Response>,
    definitions: Response,
}

impl Changes {
    async fn of(server: &Server, path: &str) -> Result<Self> {
        let definitions = server.request(Method::GET, DEFINITIONS).timeout(PATIENCE).send().await?;
        let path = path.split('?').next().unwrap_or_default();
        let own = match path.rsplit_once('/') {
            Some((collection, name)) => {
                let watch = format!("{collection}?watch=true&fieldSelector=metadata.name={name}");
                let response = server.request(Method::GET, &watch).timeout(PATIENCE).send().await?;
                Some(response).filter(|response| response.status().is_success())
            }
            None => None,
        };
        Ok(Self { own, definitions })
    }

    /// Returns when something happened.
    async fn next(&mut self, server: &Server, left: Duration) -> Result<()> {
        let most = if server.embedded() { left } else { FOREIGN.min(left) };
        let Self { own, definitions } = self;
        let own = async {
            match own {
                Some(response) => response.chunk().await.map(drop),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = own => ended?,
            ended = definitions.chunk() => drop(ended?),
            () = tokio::time::sleep(most) => {}
        }
        Ok(())
    }
}
