//! Probes: a container is asked over HTTP, TCP or by a command whether it started, is ready, and lives.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::{Container, HTTPGetAction, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::engine::Engine;

/// The first pause between tries until a container has been ready once; it doubles up to the probe's period. Kubernetes
/// waits the whole period; asking sooner makes a container that is up serve sooner and fails nothing earlier.
const EAGER: Duration = Duration::from_millis(100);

/// What a probe is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Startup,
    Readiness,
    Liveness,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Startup => "Startup",
            Self::Readiness => "Readiness",
            Self::Liveness => "Liveness",
        }
    }
}

/// A probe's word on a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Report {
    /// It passed as often as its threshold asks.
    Passed,
    /// It failed; not yet as often as its threshold asks.
    Failing(String),
    /// It failed as often as its threshold asks.
    Failed(String),
}

/// Where to ask.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) container_id: String,
    pub(crate) address: Option<String>,
}

/// A probe that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    _stop: DropGuard,
}

/// Starts asking. `tell` hears each change of the answer and the first failure of a row.
pub(crate) fn start(
    engine: Engine,
    container: &Container,
    kind: Kind,
    probe: Probe,
    target: Target,
    tell: Arc<dyn Fn(Kind, Report) + Send + Sync>,
) -> Running {
    let stop = CancellationToken::new();
    let running = Running { _stop: stop.clone().drop_guard() };
    let asking = Asking { engine, kind, ports: container.clone(), probe, target };
    tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = asking.run(tell) => {}
        }
    });
    running
}

struct Asking {
    engine: Engine,
    kind: Kind,
    ports: Container,
    probe: Probe,
    target: Target,
}

/// Thresholds over answers in a row. Pure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Counter {
    passed: u32,
    failed: u32,
    told: Option<bool>,
}

impl Counter {
    fn count(&mut self, answer: Result<(), String>, success: u32, failure: u32) -> Option<Report> {
        match answer {
            Ok(()) => {
                self.failed = 0;
                self.passed = self.passed.saturating_add(1);
                (self.passed >= success && self.told != Some(true)).then(|| {
                    self.told = Some(true);
                    Report::Passed
                })
            }
            Err(words) => {
                self.passed = 0;
                self.failed = self.failed.saturating_add(1);
                if self.failed >= failure && self.told != Some(false) {
                    self.told = Some(false);
                    return Some(Report::Failed(words));
                }
                (self.failed == 1).then_some(Report::Failing(words))
            }
        }
    }
}

impl Asking {
    async fn run(&self, tell: Arc<dyn Fn(Kind, Report) + Send + Sync>) {
        let seconds =
            |value: Option<i32>, default: u64| Duration::from_secs(value.map_or(default, |value| value.max(0) as u64));
        let period = seconds(self.probe.period_seconds, 10).max(Duration::from_secs(1));
        let timeout = seconds(self.probe.timeout_seconds, 1).max(Duration::from_secs(1));
        let success = self.probe.success_threshold.unwrap_or(1).max(1) as u32;
        let failure = self.probe.failure_threshold.unwrap_or(3).max(1) as u32;
        tokio::time::sleep(seconds(self.probe.initial_delay_seconds, 0)).await;

        let mut counter = Counter::default();
        let mut eager = if self.kind == Kind::Liveness { None } else { Some(EAGER) };
        let mut since_counted = tokio::time::Instant::now();
        let mut first = true;
        loop {
            let answer = match tokio::time::timeout(timeout, self.ask(timeout)).await {
                Ok(answer) => answer,
                Err(_) => Err(format!("no answer within {} s", timeout.as_secs())),
            };
            let passed = answer.is_ok();
            // Tries in between the probe's own period do not count as failures.
            let counts = passed || first || since_counted.elapsed() >= period || eager.is_none();
            if counts {
                since_counted = tokio::time::Instant::now();
                let report = counter.count(answer, success, failure);
                let ends = self.kind == Kind::Startup && matches!(report, Some(Report::Passed | Report::Failed(_)));
                if let Some(report) = report {
                    tell(self.kind, report);
                }
                if ends {
                    return;
                }
            }
            first = false;
            let pause = match &mut eager {
                Some(_) if passed => {
                    eager = None;
                    period
                }
                Some(pause) if *pause < period => {
                    let now = *pause;
                    *pause = (now * 2).min(period);
                    now
                }
                _ => {
                    eager = None;
                    period
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn ask(&self, timeout: Duration) -> Result<(), String> {
        if let Some(action) = &self.probe.exec {
            let command = action.command.clone().unwrap_or_default();
            let ended = self.engine.run(&self.target.container_id, command, timeout).await?;
            return if ended.exit_code == 0 { Ok(()) } else { Err(ended.output) };
        }
        if let Some(action) = &self.probe.http_get {
            return self.http(action).await;
        }
        if let Some(action) = &self.probe.tcp_socket {
            let (host, port) = self.place(action.host.as_deref(), &action.port)?;
            return TcpStream::connect((host.as_str(), port))
                .await
                .map(|_| ())
                .map_err(|error| format!("dial tcp {host}:{port}: {error}"));
        }
        Err("the probe has no action".to_owned())
    }

    fn place(&self, host: Option<&str>, port: &IntOrString) -> Result<(String, u16), String> {
        let host = host.filter(|host| !host.is_empty()).map(str::to_owned).or_else(|| self.target.address.clone());
        let host = host.ok_or_else(|| "the pod has no address that this machine reaches".to_owned())?;
        let number = match port {
            IntOrString::Int(number) => Some(*number),
            IntOrString::String(name) => {
                let ports = self.ports.ports.iter().flatten();
                let named =
                    ports.into_iter().find(|port| port.name.as_deref() == Some(name)).map(|port| port.container_port);
                named.or_else(|| name.parse().ok())
            }
        };
        let port = number.and_then(|number| u16::try_from(number).ok()).filter(|port| *port > 0);
        port.map(|port| (host, port)).ok_or_else(|| match port_text(&self.probe) {
            Some(name) => format!("the container has no port named {name:?}"),
            None => "the port is not between 1 and 65535".to_owned(),
        })
    }

    async fn http(&self, action: &HTTPGetAction) -> Result<(), String> {
        let (host, port) = self.place(action.host.as_deref(), &action.port)?;
        let path = action.path.as_deref().filter(|path| !path.is_empty()).unwrap_or("/");
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let url = format!("http://{host}:{port}{path}");
        let failed = |error: &dyn std::fmt::Display| format!("Get \"{url}\": {error}");
        let stream = TcpStream::connect((host.as_str(), port)).await.map_err(|error| failed(&error))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
        let mut request = http::Request::get(&path)
            .header(http::header::USER_AGENT, "kube-probe/1.36")
            .header(http::header::ACCEPT, "*/*");
        let mut has_host = false;
        for header in action.http_headers.iter().flatten() {
            has_host |= header.name.eq_ignore_ascii_case("host");
            request = request.header(&header.name, &header.value);
        }
        if !has_host {
            request = request.header(http::header::HOST, format!("{host}:{port}"));
        }
        let request = request.body(Empty::<Bytes>::new()).map_err(|error| failed(&error))?;
        let exchange = async {
            let answer = sender.send_request(request).await.map_err(|error| failed(&error))?;
            let status = answer.status();
            if (200..400).contains(&status.as_u16()) {
                Ok(())
            } else {
                Err(format!("HTTP probe failed with statuscode: {}", status.as_u16()))
            }
        };
        // A server may close the connection right behind its answer: the exchange alone has the say.
        let carried = async {
            let _ = connection.await;
            std::future::pending::<Infallible>().await
        };
        tokio::select! {
            answer = exchange => answer,
            never = carried => match never {},
        }
    }
}

fn port_text(probe: &Probe) -> Option<String> {
    let port =
        probe.http_get.as_ref().map(|action| &action.port).or(probe.tcp_socket.as_ref().map(|action| &action.port));
    match port {
        Some(IntOrString::String(name)) => Some(name.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Counter, Report};

    #[test]
    fn thresholds_count_answers_in_a_row_and_tell_changes_only() {
        let mut counter = Counter::default();
        let fail = || Err("no".to_owned());
        let told: Vec<Option<Report>> =
            [fail(), fail(), Ok(()), Ok(()), Ok(()), fail(), fail(), fail(), Ok(()), fail()]
                .into_iter()
                .map(|answer| counter.count(answer, 2, 2))
                .collect();
        let failing = || Some(Report::Failing("no".to_owned()));
        let failed = || Some(Report::Failed("no".to_owned()));
        assert_eq!(
            told,
            [failing(), failed(), None, Some(Report::Passed), None, failing(), failed(), None, None, failing()]
        );
    }
}
