//! A watch that stays open through all of it.

use super::known::{Objects, PATH, seen};
use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use kube::Client;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

/// What it told so far.
#[derive(Default)]
struct Told {
    objects: Objects,
    newest: u64,
    ended: Option<String>,
}

pub(super) struct Watching {
    told: Arc<Mutex<Told>>,
    news: tokio::sync::watch::Receiver<()>,
}

impl Watching {
    /// From that revision on, at which these objects were there.
    pub(super) async fn start(client: &Client, from: u64, objects: Objects) -> Result<Self> {
        let path = format!("{PATH}?watch=true&resourceVersion={from}");
        let answer = client.send(http::Request::get(path).body(kube::client::Body::empty())?).await?;
        ensure!(answer.status().is_success(), "a watch is answered with {}", answer.status());
        let told = Arc::new(Mutex::new(Told { objects, newest: from, ended: None }));
        let (tell, news) = tokio::sync::watch::channel(());
        let into = told.clone();
        tokio::spawn(async move {
            let outcome = listen(answer.into_body(), &into, &tell).await;
            let mut told = into.lock().unwrap_or_else(PoisonError::into_inner);
            told.ended = Some(outcome.map_or_else(|error| format!("{error:#}"), |()| "it ended".into()));
            drop(told);
            let _ = tell.send(());
        });
        Ok(Self { told, news })
    }

    /// Waits until it told of that revision; answers the objects as it told them.
    pub(super) async fn until(&mut self, revision: u64) -> Result<Objects> {
        loop {
            self.news.borrow_and_update();
            {
                let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                if told.newest >= revision {
                    return Ok(told.objects.clone());
                }
                ensure!(told.ended.is_none(), "the watch ended at {}: {:?}", told.newest, told.ended);
            }
            self.news.changed().await.context("the watch is gone")?;
        }
    }
}

async fn listen(body: kube::client::Body, into: &Mutex<Told>, tell: &tokio::sync::watch::Sender<()>) -> Result<()> {
    let mut chunks = http_body_util::BodyExt::into_data_stream(body);
    let mut rest: Vec<u8> = Vec::new();
    while let Some(chunk) = chunks.next().await {
        rest.extend_from_slice(&chunk?);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let event: Value = serde_json::from_slice(&line)?;
            let (name, seen) = seen(&event["object"])?;
            let mut told = into.lock().unwrap_or_else(PoisonError::into_inner);
            ensure!(seen.1 > told.newest, "{name}: an event of {} came after {}", seen.1, told.newest);
            told.newest = seen.1;
            match event["type"].as_str() {
                Some("ADDED" | "MODIFIED") => told.objects.insert(name, seen),
                Some("DELETED") => told.objects.remove(&name),
                other => anyhow::bail!("an event {other:?}"),
            };
        }
        let _ = tell.send(());
    }
    Ok(())
}
