//! Sending what was prepared: stage after stage, in parallel within a stage, bounded per cluster.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;

use super::{Expect, Request};
use crate::engine::board::{OwnWrite, Proof, RunId};
use crate::engine::cache::Thing;
use crate::engine::machine::{Message, Shared};
use crate::engine::server::{Refusal, call};
use crate::engine::{Failure, FailureReason, Gvk};

/// The requests of one run.
pub(crate) struct Work {
    pub run: RunId,
    pub stages: Vec<Vec<Request>>,
    pub had_effects: bool,
}

/// Answers of which the machine makes memos: the object as the server has it now.
pub(crate) struct Answer {
    pub thing: Thing,
    pub desired: u64,
    pub gvk: Gvk,
    pub of_status: bool,
    pub manager: &'static str,
    pub object: Bytes,
}

/// What became of the requests of one run.
pub(crate) struct Results {
    pub run: RunId,
    pub writes: Vec<OwnWrite>,
    pub answers: Vec<Answer>,
    pub failure: Option<Failure>,
    pub had_effects: bool,
    pub requests: u32,
}

/// Sends all, and tells the machine.
pub(crate) async fn execute(shared: Arc<Shared>, work: Work) {
    let mut results = Results {
        run: work.run,
        writes: Vec::new(),
        answers: Vec::new(),
        failure: None,
        had_effects: work.had_effects,
        requests: 0,
    };
    for stage in work.stages {
        let all = join_all(stage.into_iter().map(|request| send(&shared, request))).await;
        for done in all {
            results.requests += 1;
            match done {
                Ok((write, answer)) => {
                    results.writes.extend(write);
                    results.answers.extend(answer);
                }
                Err(failure) => {
                    shared.metrics.failures.add(1);
                    results.failure.get_or_insert(failure);
                }
            }
        }
        if results.failure.is_some() {
            break;
        }
    }
    // An error here means that the engine has stopped.
    let _ = shared.messages.send(Message::Sent(results)).await;
}

async fn send(shared: &Shared, request: Request) -> Result<(Option<OwnWrite>, Option<Answer>), Failure> {
    let Request { action, target, call: to_send, expect } = request;
    let fail = |reason, message| Failure { action, object: target.clone(), reason, message };
    let Some((client, permits)) = shared.client(&target.cluster) else {
        return Err(fail(FailureReason::Unavailable, format!("no connection to {} is configured", target.cluster)));
    };
    // Permits are never taken away, so this cannot fail.
    let _permit = permits.acquire().await;
    if shared.stop.is_cancelled() {
        return Err(fail(FailureReason::Conflict, "the engine stops".to_owned()));
    }
    if !(shared.lease)() {
        return Err(fail(FailureReason::Conflict, "another instance leads now".to_owned()));
    }
    shared.metrics.requests.add(1);
    let answer = call(&client, to_send).await;
    tracing::debug!(action, %target, ok = answer.is_ok(), "sent");
    match (answer, expect) {
        (Ok(body), expect) => Ok(understand(&target.cluster, &target.gvk, &target.key, body, expect)),
        (Err(refusal), Expect::Deleted { .. }) if refusal.code == 404 || refusal.code == 409 => Ok((None, None)),
        (Err(refusal), Expect::Told) => {
            tracing::warn!(%target, %refusal, "an event could not be written");
            Ok((None, None))
        }
        (Err(refusal), _) => Err(fail(reason_of(&refusal), refusal.message)),
    }
}

fn understand(
    cluster: &crate::engine::ClusterId,
    gvk: &Gvk,
    key: &crate::engine::ObjectKey,
    body: Bytes,
    expect: Expect,
) -> (Option<OwnWrite>, Option<Answer>) {
    let write = |proof| Some(OwnWrite { cluster: cluster.clone(), gvk: gvk.clone(), proof });
    let seen = revision_of(&body).map(Proof::Revision);
    match expect {
        Expect::Applied { thing, desired, manager } => (
            seen.and_then(write),
            Some(Answer { thing, desired, gvk: gvk.clone(), of_status: false, manager, object: body }),
        ),
        Expect::Status { thing, desired } => (
            seen.and_then(write),
            Some(Answer { thing, desired, gvk: gvk.clone(), of_status: true, manager: "", object: body }),
        ),
        Expect::Written => (seen.and_then(write), None),
        Expect::Deleted { uid } => (write(Proof::Gone { key: key.clone(), uid }), None),
        Expect::Told => (None, None),
    }
}

/// Revisions are numbers that ascend; a server whose revisions are not is not waited for.
fn revision_of(body: &[u8]) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Object {
        metadata: Meta,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Meta {
        resource_version: String,
    }
    serde_json::from_slice::<Object>(body).ok()?.metadata.resource_version.parse().ok()
}

fn reason_of(refusal: &Refusal) -> FailureReason {
    match refusal.code {
        401 | 403 => FailureReason::Forbidden,
        404 => FailureReason::NotFound,
        409 => FailureReason::Conflict,
        400 | 413 | 415 | 422 => FailureReason::Invalid,
        _ if refusal.is_outage() => FailureReason::Unavailable,
        _ => FailureReason::Refused,
    }
}
