//! Many watchers of one resource: how many events they get, and how long after the change was asked for.

use super::load::{Load, Outcome};
use super::requests::{self, request};
use super::server::Subject;
use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use kube::Client;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PATH: &str = "/api/v1/namespaces/kube-public/configmaps";
/// Changes that each watcher is told.
const CHANGES: usize = 50;
/// Watches that are opened at a time.
const AT_ONCE: usize = 32;

/// What came of it.
pub(super) struct Fan {
    /// Events that all watchers got, each second.
    pub(super) per_second: f64,
    /// Microseconds of the server's processor time for each event.
    pub(super) cpu_each: f64,
    /// Milliseconds from the request until a watcher had the event.
    pub(super) p99: f64,
}

/// Changes come one after the other, with that pause between two.
pub(super) async fn run(load: &Load, subject: &dyn Subject, watchers: usize, pause: Option<Duration>) -> Result<Fan> {
    let writer = load.clients.first().context("no client")?;
    let list = requests::bytes(writer, request("GET", PATH, "application/json", &Value::Null)?).await?;
    let list: Value = serde_json::from_slice(&list)?;
    let from = list["metadata"]["resourceVersion"].as_str().context("a list without a revision")?.to_owned();
    let epoch = Instant::now();
    let open: Vec<_> = stream::iter(0..watchers)
        .map(|number| {
            let client = load.clients[number % load.clients.len()].clone();
            let from = from.clone();
            async move { watch(&client, &from).await }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let told: Vec<_> = open.into_iter().map(|body| tokio::spawn(listen(body, epoch))).collect();
    let (begun, spent) = (Instant::now(), subject.spent()?);
    for number in 0..CHANGES {
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
            "name": format!("watched-{from}-{number}"), "annotations": {"sent": format!("{:012}", epoch.elapsed().as_micros())}}});
        requests::bytes(writer, request("POST", PATH, "application/json", &map)?).await?;
    }
    let mut took = Vec::new();
    for done in futures::future::join_all(told).await {
        took.extend(done.context("a watcher panicked")??);
    }
    let outcome = Outcome::new(took, begun.elapsed(), subject.spent()?.saturating_sub(spent))?;
    Ok(Fan { per_second: outcome.per_second(), cpu_each: outcome.cpu_each(), p99: outcome.percentile(0.99) })
}

async fn watch(client: &Client, from: &str) -> Result<kube::client::Body> {
    let path = format!("{PATH}?watch=true&resourceVersion={from}");
    let answer = client.send(request("GET", &path, "application/json", &Value::Null)?).await?;
    ensure!(answer.status().is_success(), "a watch is refused: {}", answer.status());
    Ok(answer.into_body())
}

/// Milliseconds until each event. The events are not decoded: what the clients do with them is not what is measured.
async fn listen(body: kube::client::Body, epoch: Instant) -> Result<Vec<f64>> {
    const MARK: &[u8] = b"\"sent\":\"";
    const DIGITS: usize = 12;
    let mut took = Vec::new();
    let mut chunks = http_body_util::BodyExt::into_data_stream(body);
    let mut rest: Vec<u8> = Vec::new();
    while took.len() < CHANGES {
        let chunk = chunks.next().await.context("a watch ended")??;
        let now = epoch.elapsed().as_micros();
        rest.extend_from_slice(&chunk);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let at = line.windows(MARK.len()).position(|part| part == MARK).context("an event without its time")?;
            let digits = line.get(at + MARK.len()..at + MARK.len() + DIGITS).context("an event that is cut off")?;
            let sent: u128 = std::str::from_utf8(digits)?.parse()?;
            took.push(now.saturating_sub(sent) as f64 / 1e3);
        }
    }
    Ok(took)
}
