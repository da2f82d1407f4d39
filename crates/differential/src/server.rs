//! The server that is asked: kubelite in this process, or any by its address.

use anyhow::{Context, Result};
use reqwest::{Client, Method, RequestBuilder};
use std::time::Duration;

/// An API server, and one who may do everything there.
#[derive(Clone)]
pub struct Server {
    url: String,
    token: String,
    client: Client,
    embedded: bool,
}

/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

impl Server {
    /// A server by its address and a bearer token of `system:masters`.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn at(url: &str, token: &str) -> Result<Self> {
        // That it is the process's first use of TLS is no error.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder()
            .danger_accept_invalid_certs(true)
            .timeout(PATIENCE)
            .user_agent("differential/1.0")
            .build()
            .context("setting up TLS")?;
        Ok(Self { url: url.trim_end_matches('/').to_owned(), token: token.to_owned(), client, embedded: false })
    }

    /// Whether it runs in this process: then everything that it does by itself comes with an event.
    pub fn embedded(&self) -> bool {
        self.embedded
    }

    /// A request with the token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token)
    }
}

/// kubelite in memory, on a port of its own.
pub struct Embedded {
    inner: kubelite::Server,
    /// How to ask it.
    pub server: Server,
}

impl Embedded {
    /// Starts it.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start() -> Result<Self> {
        const TOKEN: &str = "administrator";
        let inner = kubelite::Server::open(kubelite::Options::default()).await?;
        let groups = vec!["system:masters".to_owned(), "system:authenticated".to_owned()];
        inner.add_token(
            TOKEN,
            kubelite::User { name: "admin".into(), uid: "admin".into(), groups, ..Default::default() },
        );
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.context("no free port")?;
        let serving = inner.serve(listener)?;
        let server = Server::at(&format!("https://{}", serving.address()), TOKEN)?;
        let server = Server { embedded: true, ..server };
        Ok(Self { inner, server })
    }

    /// Ends it.
    pub async fn stop(self) {
        self.inner.shutdown().await;
    }
}
