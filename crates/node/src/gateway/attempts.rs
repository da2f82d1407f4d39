//! From a prepared request to the answer of a pod: one ready pod after the other, and again where the route asks for it.

use std::time::Duration;

use http::header::{HOST, UPGRADE};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use super::backends::{NoAnswer, PodBody};
use super::body::{Answer, Lender};
use super::forward::Forwarder;
use super::headers::drop_hop_by_hop;
use super::refusal::refusal;
use super::rules::{CompiledRule, Speaks};
use crate::network::ObjectKey;
use crate::network::services::Pool;

/// A body of at most this size is held whole where its request may have to be sent again.
const HELD: u64 = 64 * 1024;

/// How long a pod is waited for that is about to take requests: one without a readiness probe is ready as soon as its
/// container runs, moments before its program listens; and the last ready one may leave moments before its successor is
/// known.
const PATIENCE: Duration = Duration::from_secs(2);
/// The pause before pods that refused their connections are asked again.
const PAUSE: Duration = Duration::from_millis(20);

/// Pods of one port of a Service.
pub(super) struct Pods<'a> {
    pub(super) service: &'a ObjectKey,
    pub(super) port: u16,
    pub(super) pool: &'a Pool,
    pub(super) speaks: Speaks,
}

/// One attempt at an answer.
#[derive(Clone, Copy)]
struct Attempt<'a> {
    pods: &'a Pods<'a>,
    rule: &'a CompiledRule,
    changes_protocol: bool,
    /// There is none after it.
    last: bool,
}

/// Why there is no answer of a pod.
enum Failure {
    /// No pod is ready.
    NoneReady,
    /// No pod took the request: it was seen by none.
    NotTaken(String),
    /// It may have been seen.
    Broken(String),
    TimedOut,
}

impl Forwarder {
    /// Tries until a pod answers, and again where its answer is one that the route does not take.
    pub(super) async fn to_pods(
        &self,
        pods: Pods<'_>,
        rule: &CompiledRule,
        mut parts: Parts,
        mut body: Lender,
        deadline: Option<Instant>,
    ) -> Response<Answer> {
        let upgrade = parts.extensions.remove::<OnUpgrade>().filter(|_| parts.headers.contains_key(UPGRADE));
        if upgrade.is_none()
            && rule.retries.is_some()
            && let Err(error) = body.hold(HELD).await
        {
            return refusal(StatusCode::BAD_REQUEST, &format!("the request's body broke off: {error}"));
        }
        let mut left = rule.retries.as_ref().filter(|_| body.is_repeatable()).map_or(0, |retries| retries.attempts);
        let keeps = |response: &Response<PodBody>| {
            rule.retries.as_ref().is_none_or(|retries| !retries.codes.contains(&response.status()))
        };
        loop {
            let last = left == 0;
            let attempt = Attempt { pods: &pods, rule, changes_protocol: upgrade.is_some(), last };
            let failure = match self.attempt(attempt, &mut parts, &mut body).await {
                Ok(response) if last || keeps(&response) => return finish(response, upgrade, deadline),
                Ok(_) => None,
                Err(failure) => Some(failure),
            };
            if last {
                return told(&pods, failure);
            }
            left -= 1;
            if let Some(retries) = &rule.retries {
                tokio::time::sleep(retries.backoff).await;
            }
        }
    }

    /// One attempt: a refused connection is tried on the next ready pod, and where all refuse soon again.
    async fn attempt(
        &self,
        attempt: Attempt<'_>,
        parts: &mut Parts,
        body: &mut Lender,
    ) -> Result<Response<PodBody>, Failure> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.round(attempt, parts, body).await {
                Err(Failure::NotTaken(_)) if Instant::now() < until => tokio::time::sleep(PAUSE).await,
                Err(Failure::NoneReady) if attempt.pods.pool.emptied_within(PATIENCE) && Instant::now() < until => {
                    let mut any = attempt.pods.pool.any();
                    let _ = tokio::time::timeout_at(until, any.wait_for(|any| *any)).await;
                }
                done => return done,
            }
        }
    }

    /// Asks each ready pod until one takes the request.
    async fn round(
        &self,
        attempt: Attempt<'_>,
        parts: &mut Parts,
        body: &mut Lender,
    ) -> Result<Response<PodBody>, Failure> {
        let Attempt { pods, rule, changes_protocol, last } = attempt;
        let order = pods.pool.in_turn();
        let ready = order.len();
        // A kept connection may end at the very moment it is used; what may be repeated is tried once more.
        let repeatable = body.is_empty() && parts.method.is_idempotent();
        let again = order.clone().take(usize::from(repeatable));
        let mut tries = order.len() + again.len();
        let mut why_not = None;
        for pod in order.chain(again) {
            tries -= 1;
            let errand = self.under_way.begin(pod);
            // It is about to stop since the order was made.
            if !pods.pool.has(&pod) {
                continue;
            }
            let Some(loan) = body.lend() else { break };
            // The head is copied only where it may be needed again.
            let head = if tries == 0 && last {
                std::mem::replace(parts, Request::new(()).into_parts().0)
            } else {
                copy(parts)
            };
            let host = (pods.speaks == Speaks::Http2 && !changes_protocol).then(|| {
                let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
                host.unwrap_or_default().to_owned()
            });
            let mut request = Some(Request::from_parts(head, loan));
            let sent = async {
                match &host {
                    Some(host) => self.clients.http2(pod, host, &mut request).await,
                    None => self.clients.http1(pod, &mut request, repeatable).await,
                }
            };
            let answered = match rule.backend_timeout {
                Some(timeout) => tokio::time::timeout(timeout, sent).await,
                None => Ok(sent.await),
            };
            match answered {
                Ok(Ok(response)) => return Ok(response.map(|body| body.on(errand))),
                Ok(Err(NoAnswer::Refused(why))) => {
                    why_not = Some(why);
                    if let Some(unsent) = request {
                        (*parts, _) = unsent.into_parts();
                    }
                }
                Ok(Err(NoAnswer::Closed(why))) if repeatable => why_not = Some(why),
                Ok(Err(NoAnswer::Closed(why) | NoAnswer::Broken(why))) => return Err(Failure::Broken(why)),
                Err(_) => return Err(Failure::TimedOut),
            }
        }
        Err(match why_not {
            None if ready == 0 => Failure::NoneReady,
            None => Failure::NotTaken(format!("all {ready} ready pods of Service {} are about to stop", pods.service)),
            Some(why) => Failure::NotTaken(format!(
                "none of the {ready} ready pods of Service {} took the request: {why}",
                pods.service
            )),
        })
    }
}

fn copy(parts: &Parts) -> Parts {
    let (mut copy, ()) = Request::new(()).into_parts();
    copy.method = parts.method.clone();
    copy.uri = parts.uri.clone();
    copy.version = parts.version;
    copy.headers = parts.headers.clone();
    copy
}

fn told(pods: &Pods<'_>, failure: Option<Failure>) -> Response<Answer> {
    let service = pods.service;
    match failure {
        None => refusal(StatusCode::BAD_GATEWAY, &format!("no pod of Service {service} gave a usable answer")),
        Some(Failure::NoneReady) => refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            &format!("no pod of Service {service} is ready for port {}", pods.port),
        ),
        Some(Failure::NotTaken(words)) => refusal(StatusCode::SERVICE_UNAVAILABLE, &words),
        Some(Failure::Broken(why)) => {
            refusal(StatusCode::BAD_GATEWAY, &format!("a pod of Service {service} gave no answer: {why}"))
        }
        Some(Failure::TimedOut) => refusal(
            StatusCode::GATEWAY_TIMEOUT,
            &format!("a pod of Service {service} did not answer within the backend's timeout"),
        ),
    }
}

/// The pod's answer as the client is to see it; joins both connections where they changed the protocol.
fn finish(mut response: Response<PodBody>, client: Option<OnUpgrade>, deadline: Option<Instant>) -> Response<Answer> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let Some(client) = client else {
            return refusal(StatusCode::BAD_GATEWAY, "a pod changed the protocol though nobody asked it to");
        };
        let pod = hyper::upgrade::on(&mut response);
        tokio::spawn(join(client, pod));
        return response.map(|_| Answer::words(""));
    }
    drop_hop_by_hop(response.headers_mut());
    response.map(|body| Answer::backend(body, deadline))
}

async fn join(client: OnUpgrade, pod: OnUpgrade) {
    match futures::try_join!(client, pod) {
        Ok((client, pod)) => {
            // An error here is one side's reset; both connections close with this scope and the other side learns of it.
            let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(pod)).await;
        }
        Err(error) => tracing::debug!(%error, "a change of protocol was not completed"),
    }
}
