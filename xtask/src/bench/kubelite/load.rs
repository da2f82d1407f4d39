//! Closed loops: each client asks again as soon as it was answered.

use super::requests::{self, MAPS, Op};
use super::server::Subject;
use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use kube::Client;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The clients, and how many objects there are.
pub(super) struct Load {
    pub(super) clients: Vec<Client>,
    pub(super) objects: u64,
    pub(super) number: Arc<AtomicU64>,
}

/// How long each request took, and what all of them cost.
pub(super) struct Outcome {
    /// In milliseconds, sorted.
    pub(super) took: Vec<f64>,
    pub(super) elapsed: Duration,
    pub(super) spent: Duration,
}

impl Outcome {
    pub(super) fn new(mut took: Vec<f64>, elapsed: Duration, spent: Duration) -> Result<Self> {
        ensure!(!took.is_empty(), "nothing was answered in {elapsed:?}");
        took.sort_by(f64::total_cmp);
        Ok(Self { took, elapsed, spent })
    }

    pub(super) fn per_second(&self) -> f64 {
        self.took.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// Microseconds of the server's processor time for each request.
    pub(super) fn cpu_each(&self) -> f64 {
        self.spent.as_secs_f64() * 1e6 / self.took.len() as f64
    }

    #[expect(clippy::cast_sign_loss, reason = "a position in the list")]
    pub(super) fn percentile(&self, part: f64) -> f64 {
        let at = (self.took.len() as f64 * part) as usize;
        self.took[at.min(self.took.len() - 1)]
    }
}

impl Load {
    pub(super) async fn new(subject: &dyn Subject, clients: usize) -> Result<Self> {
        let clients = stream::iter(0..clients).then(|_| subject.client()).try_collect().await?;
        Ok(Self { clients, objects: 0, number: Arc::default() })
    }

    /// Object and number of the next request.
    pub(super) fn next(op: Op, number: &AtomicU64, objects: u64) -> (u64, u64) {
        let number = number.fetch_add(1, Ordering::Relaxed);
        (if op == Op::Create { objects + number } else { number % objects.max(1) }, number)
    }

    /// That many clients for that long.
    pub(super) async fn closed(
        &mut self,
        subject: &dyn Subject,
        op: Op,
        clients: usize,
        time: Duration,
    ) -> Result<Outcome> {
        self.number.store(0, Ordering::Relaxed);
        // The first request of a client makes its connection, which is not what is measured.
        for client in &self.clients[..clients] {
            requests::bytes(client, requests::request("GET", "/version", "application/json", &Value::Null)?).await?;
        }
        let (begun, spent) = (Instant::now(), subject.spent()?);
        let loops = self.clients[..clients].iter().map(|client| {
            let (client, number, objects) = (client.clone(), self.number.clone(), self.objects);
            tokio::spawn(async move {
                let mut took = Vec::new();
                while begun.elapsed() < time {
                    let (object, number) = Self::next(op, &number, objects);
                    let asked = Instant::now();
                    op.ask(&client, object, number).await?;
                    took.push(asked.elapsed().as_secs_f64() * 1e3);
                }
                anyhow::Ok(took)
            })
        });
        let mut took = Vec::new();
        for done in futures::future::join_all(loops).await {
            took.extend(done.context("a client panicked")??);
        }
        let outcome = Outcome::new(took, begun.elapsed(), subject.spent()?.saturating_sub(spent))?;
        self.made(op);
        Ok(outcome)
    }

    /// Notes what was created.
    pub(super) fn made(&mut self, op: Op) {
        if op == Op::Create {
            self.objects += self.number.load(Ordering::Relaxed);
        }
    }

    /// Creates until there are that many objects.
    pub(super) async fn fill(&mut self, most: u64) -> Result<()> {
        stream::iter(self.objects..most)
            .map(anyhow::Ok)
            .try_for_each_concurrent(self.clients.len(), |object| {
                let client = self.clients[object as usize % self.clients.len()].clone();
                async move { Op::Create.ask(&client, object, object).await }
            })
            .await?;
        self.objects = self.objects.max(most);
        Ok(())
    }

    /// Lists that many objects, a few times.
    pub(super) async fn lists(&self, subject: &dyn Subject, objects: u64, times: usize) -> Result<Outcome> {
        let mut took = Vec::new();
        let (begun, spent) = (Instant::now(), subject.spent()?);
        for _ in 0..times {
            let asked = Instant::now();
            let path = format!("{MAPS}?limit={objects}");
            let client = self.clients.first().context("no client")?;
            let list =
                requests::bytes(client, requests::request("GET", &path, "application/json", &Value::Null)?).await?;
            took.push(asked.elapsed().as_secs_f64() * 1e3);
            ensure!(list.len() as u64 > objects * 2_000, "the list is too short: {} bytes", list.len());
        }
        Outcome::new(took, begun.elapsed(), subject.spent()?.saturating_sub(spent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let outcome =
            Outcome::new((0..100).rev().map(f64::from).collect(), Duration::from_secs(2), Duration::from_millis(1));
        let outcome = outcome.unwrap();
        assert_eq!((outcome.percentile(0.5), outcome.percentile(0.99), outcome.percentile(1.0)), (50.0, 99.0, 99.0));
        assert!((outcome.per_second() - 50.0).abs() < 1e-9 && (outcome.cpu_each() - 10.0).abs() < 1e-9);
    }
}
