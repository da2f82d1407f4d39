//! Calls the example through the gateway. Names under `localhost` do not resolve everywhere, so the address is the
//! loopback's and the name goes into the Host header.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Where a component answers.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) path: String,
}

impl Address {
    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{}{path}", self.port, self.path.trim_end_matches('/'))
    }

    /// For a browser.
    pub(crate) fn link(&self) -> String {
        format!("http://{}:{}{}", self.host, self.port, self.path)
    }
}

/// The first page that is answered with 200.
pub(crate) async fn first_page(web: &Address, deadline: Instant) -> Result<String> {
    let client = reqwest::Client::new();
    loop {
        let answer =
            client.get(web.url("/")).header("Host", &web.host).send().await.context("the gateway does not answer")?;
        let status = answer.status();
        let text = answer.text().await?;
        if status.is_success() {
            ensure!(text.contains("Guest book"), "the page is not the guest book: {text}");
            return Ok(text);
        }
        ensure!(Instant::now() < deadline, "the gateway answers {status}: {text}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Signs the guest book through the web front and reads it back: that takes all three programs.
pub(crate) async fn sign(web: &Address) -> Result<String> {
    let client = reqwest::Client::new();
    let entry = json!({"name": "Ada", "text": "hello"});
    let answer = client.post(web.url("/api/entries")).header("Host", &web.host).json(&entry).send().await?;
    let (status, written) = (answer.status(), answer.json::<Value>().await?);
    ensure!(status.as_u16() == 201, "signing the guest book was answered with {status}: {written}");
    ensure!(written["quote"].is_string(), "the entry has no quote, so entries does not reach quotes: {written}");
    let book: Value = client.get(web.url("/api/entries")).header("Host", &web.host).send().await?.json().await?;
    ensure!(book["entries"][0]["text"] == "hello", "the book does not hold what was written: {book}");
    Ok(written.to_string())
}
