//! `delete`, and waiting until an object is gone.

use super::read::{missing, path_of};
use crate::failure::Failure;
use crate::noun::Noun;
use crate::session::Session;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// Time between two looks, where the server has no stream of changes.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);

/// Reasons of conditions other than `Finalizing` that tell of a deletion.
const DEPARTING: [&str; 3] = ["DeletionBlocked", "EnvironmentFinalizing", "ReleaseBindingsPending"];

/// `occ NOUN delete NAME`; with a limit it returns when the object is gone.
pub(crate) async fn delete(session: &Session, noun: &Noun, name: &str, wait: Option<Duration>) -> Result<(), Failure> {
    let path = path_of(session, noun, name)?;
    match session.http.call(Method::DELETE, &path, None).await? {
        Ok(_) => {}
        Err(problem) if problem.status == StatusCode::NOT_FOUND => return Err(missing(session, noun, name)),
        Err(problem) => return Err(problem.into()),
    }
    if let Some(limit) = wait {
        gone(session, noun, name, Instant::now() + limit, limit).await?;
    }
    super::print(&format!("{}/{name} deleted\n", noun.word))
}

/// Returns when an object is not there any more.
pub(crate) async fn gone(
    session: &Session,
    noun: &Noun,
    name: &str,
    end: Instant,
    limit: Duration,
) -> Result<(), Failure> {
    let path = path_of(session, noun, name)?;
    while let Some(object) = session.http.find(&path).await? {
        if Instant::now() >= end {
            return Err(Failure::TimedOut(format!(
                "{}/{name} is still there after {} s{}",
                noun.word,
                limit.as_secs(),
                holders(&object)
            )));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// What an object that is being deleted says of what it waits for.
fn holders(object: &Value) -> String {
    if object.pointer("/metadata/deletionTimestamp").is_none() {
        return ": nobody has asked to delete it".to_owned();
    }
    match departure(object) {
        Some((_, message)) => format!(": {message}"),
        None => String::new(),
    }
}

/// Reason and words of the condition that tells what the deletion of an object waits for.
pub(crate) fn departure(object: &Value) -> Option<(&str, &str)> {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let tells = |condition: &&Value| {
        condition["type"].as_str().is_some_and(|kind| kind.contains("Finaliz"))
            || condition["reason"].as_str().is_some_and(|reason| DEPARTING.contains(&reason))
    };
    let told = conditions?.iter().find(tells)?;
    let message = told["message"].as_str().filter(|message| !message.is_empty())?;
    Some((told["reason"].as_str().unwrap_or_default(), message))
}
