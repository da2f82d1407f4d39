//! Load over kept connections: closed (each asks again when it is answered) or open (at times that do not wait for anybody).

use anyhow::{Context, Result, bail};
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

const REQUEST: &[u8] =
    b"GET /shop/page?from=bench HTTP/1.1\r\nhost: bench.localhost\r\nuser-agent: bench\r\naccept: */*\r\n\r\n";

/// What was answered in how much time.
#[derive(Default)]
pub(super) struct Done {
    took: Vec<Duration>,
    during: Duration,
}

impl Done {
    pub(super) fn count(&self) -> usize {
        self.took.len()
    }

    pub(super) fn per_second(&self) -> f64 {
        self.took.len() as f64 / self.during.as_secs_f64()
    }

    /// The time within which that share of the requests was answered.
    pub(super) fn percentile(&self, percent: f64) -> Duration {
        let mut sorted = self.took.clone();
        sorted.sort_unstable();
        let at = (sorted.len() as f64 * percent / 100.0) as usize;
        sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

/// Each connection asks again as soon as it is answered.
pub(super) async fn closed(port: u16, connections: usize, time: Duration) -> Result<Done> {
    all(connections, |_| async move {
        let mut connection = Connection::open(port).await?;
        let (begun, mut took) = (Instant::now(), Vec::new());
        while begun.elapsed() < time {
            let asked = Instant::now();
            connection.ask().await?;
            took.push(asked.elapsed());
        }
        Ok(took)
    })
    .await
}

/// Each connection asks at its times, whatever became of the requests before: a late answer counts from when it should
/// have been asked for.
pub(super) async fn open(port: u16, connections: usize, rate: f64, time: Duration) -> Result<Done> {
    let gap = Duration::from_secs_f64(connections as f64 / rate);
    all(connections, move |number| async move {
        let mut connection = Connection::open(port).await?;
        let begun = Instant::now();
        let mut due = begun + gap.mul_f64(number as f64 / connections as f64);
        let mut took = Vec::new();
        while due < begun + time {
            tokio::time::sleep_until(due).await;
            connection.ask().await?;
            took.push(due.elapsed());
            due += gap;
        }
        Ok(took)
    })
    .await
}

async fn all<F>(connections: usize, one: impl Fn(usize) -> F) -> Result<Done>
where
    F: Future<Output = Result<Vec<Duration>>> + Send + 'static,
{
    let begun = Instant::now();
    let tasks: Vec<_> = (0..connections).map(|number| tokio::spawn(one(number))).collect();
    let mut done = Done::default();
    for task in tasks {
        done.took.extend(task.await.context("a connection stopped")??);
    }
    done.during = begun.elapsed();
    Ok(done)
}

struct Connection {
    stream: TcpStream,
    held: Vec<u8>,
}

impl Connection {
    async fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.context("no connection")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, held: Vec::with_capacity(4096) })
    }

    /// One request and its whole answer, which says its length.
    async fn ask(&mut self) -> Result<()> {
        self.stream.write_all(REQUEST).await?;
        self.held.clear();
        let mut buffer = [0; 4096];
        loop {
            let length = self.stream.read(&mut buffer).await?;
            if length == 0 {
                bail!("the connection ended");
            }
            self.held.extend_from_slice(&buffer[..length]);
            let Some(end) = self.held.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.held[..end])?;
            if !head.starts_with("HTTP/1.1 200 ") {
                bail!("answered: {}", head.lines().next().unwrap_or_default());
            }
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .and_then(|(_, value)| value.trim().parse::<usize>().ok())
                .context("the answer says no length")?;
            if self.held.len() >= end + 4 + length {
                return Ok(());
            }
        }
    }
}
