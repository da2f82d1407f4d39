//! Writing a binding.

use super::set;
use crate::failure::Failure;
use crate::session::{Session, encode};
use clap::ArgMatches;
use reqwest::Method;
use serde_json::Value;

/// The overrides that were asked for, each one that the kind can have: a wrong one must not leave anything behind.
pub(crate) fn sets(kind: &str, matches: &ArgMatches) -> Result<Vec<String>, Failure> {
    let sets: Vec<String> = matches.get_many("set").into_iter().flatten().cloned().collect();
    for assignment in &sets {
        // Whether a list is long enough is seen on the binding itself, later.
        match set(kind, &mut Value::Null, assignment) {
            Err(failure) if !failure.to_string().contains("the list has") => return Err(failure),
            _ => {}
        }
    }
    Ok(sets)
}

/// Creates a binding, or changes the one that is there; answers its name and the word for what was done.
pub(crate) async fn bind(
    session: &Session,
    collection: &str,
    mut binding: Value,
    there: bool,
) -> Result<(String, &'static str), Failure> {
    if let Some(members) = binding.as_object_mut() {
        members.remove("status");
    }
    let name = super::text(&binding, "/metadata/name").unwrap_or_default().to_owned();
    let (method, path, done) = if there {
        (Method::PUT, format!("{collection}/{}", encode(&name)), "configured")
    } else {
        (Method::POST, collection.to_owned(), "created")
    };
    session.http.call(method, &path, Some(&binding)).await??;
    Ok((name, done))
}
