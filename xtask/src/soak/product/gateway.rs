//! What components answer through the gateway.

use super::place::Place;
use anyhow::Result;
use serde_json::Value;
use std::time::Duration;

/// A client of the gateway.
pub(in super::super) struct Gateway {
    http: reqwest::Client,
    port: u16,
}

impl Gateway {
    pub(in super::super) fn of(place: &Place) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
        Ok(Self { http, port: place.gateway_port() })
    }

    /// What the first endpoint of a ReleaseBinding answers, or why it does not.
    pub(in super::super) async fn ask(&self, binding: &Value) -> String {
        let http = &binding["status"]["endpoints"][0]["externalURLs"]["http"];
        let (host, path) = (http["host"].as_str().unwrap_or_default(), http["path"].as_str().unwrap_or("/"));
        let url = format!("http://127.0.0.1:{}{}/", self.port, path.trim_end_matches('/'));
        let answer = async { self.http.get(url).header("host", host).send().await?.text().await };
        answer.await.unwrap_or_else(|error| error.to_string())
    }
}
