//! `occ apply -f …`: every document by itself, in an order in which what is referred to comes first.

use crate::cli::files_argument;
use crate::failure::Failure;
use crate::manifests::{Manifest, Wrong, manifests, sources};
use crate::noun::Noun;
use crate::objects::print;
use crate::session::{Problem, Session, encode, field};
use clap::{ArgMatches, Command};
use futures::{StreamExt, stream};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::collections::HashMap;

/// Objects of one kind that are under way at the same time.
const AT_ONCE: usize = 8;

/// `occ apply`
pub(crate) fn command() -> Command {
    Command::new("apply")
        .about("Create and change objects from files")
        .arg(files_argument("The objects").required(true))
}

/// Applies everything; what cannot be applied is told with its place, and the rest goes in.
pub(crate) async fn run(session: &Session, matches: &ArgMatches) -> Result<(), Failure> {
    let named: Vec<&String> = matches.get_many("file").into_iter().flatten().collect();
    let sources = sources(named.into_iter()).await?;
    let files = sources.len();
    let mut errors = 0;
    let mut wanted = Vec::new();
    for document in sources.iter().flat_map(manifests) {
        match document {
            Ok(manifest) => wanted.push(manifest),
            Err(wrong) => {
                errors += 1;
                eprintln!("Error: {wrong}");
            }
        }
    }
    let mut applied = 0;
    for wave in waves(wanted) {
        let mut results = stream::iter(&wave).map(|manifest| one(session, manifest)).buffered(AT_ONCE);
        let mut titles = wave.iter().map(Manifest::title);
        while let Some(result) = results.next().await {
            let title = titles.next().unwrap_or_default();
            match result? {
                Ok(done) => {
                    applied += 1;
                    print(&format!("{title} {done}\n"))?;
                }
                Err(wrongs) => {
                    errors += 1;
                    wrongs.iter().for_each(|wrong| eprintln!("Error: {wrong}"));
                }
            }
        }
    }
    if errors == 0 {
        eprintln!("Applied {applied} resource(s) from {files} file(s)");
        return Ok(());
    }
    eprintln!("Applied {applied} resource(s) from {files} file(s) with {errors} error(s)");
    Err(Failure::Reported)
}

/// Kind after kind, in the order of creation; an object that is there twice goes in twice, in the order of the documents.
fn waves(manifests: Vec<Manifest>) -> Vec<Vec<Manifest>> {
    let mut seen: HashMap<(usize, Option<String>, String), usize> = HashMap::new();
    let mut placed: Vec<((usize, usize), Manifest)> = manifests
        .into_iter()
        .map(|manifest| {
            let key = (manifest.noun.rank, manifest.namespace.clone(), manifest.name.clone());
            let turn = seen.entry(key).and_modify(|turn| *turn += 1).or_insert(0);
            ((manifest.noun.rank, *turn), manifest)
        })
        .collect();
    placed.sort_by_key(|(place, _)| *place);
    let mut waves: Vec<((usize, usize), Vec<Manifest>)> = Vec::new();
    for (place, manifest) in placed {
        match waves.last_mut() {
            Some((last, wave)) if *last == place => wave.push(manifest),
            _ => waves.push((place, vec![manifest])),
        }
    }
    waves.into_iter().map(|(_, wave)| wave).collect()
}

/// Applies one object. The outer failure ends the run: nothing behind it would fare better.
async fn one(session: &Session, manifest: &Manifest) -> Result<Result<&'static str, Vec<Wrong>>, Failure> {
    let noun = &manifest.noun;
    let namespace = match (&manifest.namespace, noun.namespaced) {
        (Some(namespace), true) => namespace.clone(),
        (None, true) => match session.namespace() {
            Ok(namespace) => namespace.to_owned(),
            Err(failure) => return Ok(Err(vec![manifest.wrong("metadata", format!("metadata.namespace: {failure}"))])),
        },
        (_, false) => String::new(),
    };
    let collection = noun.path(&encode(&namespace));
    let path = format!("{collection}/{}", encode(&manifest.name));
    let body = body(manifest, &namespace);
    let live = match session.http.call(Method::GET, &path, None).await? {
        Ok(answer) => Some(answer.body),
        Err(problem) if problem.status == StatusCode::NOT_FOUND => None,
        Err(problem) => return refused(manifest, problem),
    };
    let Some(live) = live else {
        return match session.http.call(Method::POST, &collection, Some(&body)).await? {
            Ok(answer) => {
                warn(manifest, &answer.warnings);
                Ok(Ok("created"))
            }
            Err(problem) => refused(manifest, problem),
        };
    };
    if live.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null()) {
        let text = format!(
            "{} is being deleted: wait until it is gone with `occ wait {} --for=delete`, then apply again",
            manifest.title(),
            manifest.title()
        );
        return Ok(Err(vec![manifest.wrong("metadata.name", text)]));
    }
    if !noun.updatable {
        return Ok(if part_of(body.get("spec").unwrap_or(&Value::Null), live.get("spec").unwrap_or(&Value::Null)) {
            Ok("unchanged")
        } else {
            let text = format!(
                "{} already exists, and a {} never changes: give the new one another name",
                manifest.title(),
                noun.kind
            );
            Err(vec![manifest.wrong("metadata.name", text)])
        });
    }
    match session.http.call(Method::PUT, &path, Some(&body)).await? {
        Ok(answer) => {
            warn(manifest, &answer.warnings);
            let version = |object: &Value| object.pointer("/metadata/resourceVersion").cloned();
            let same = version(&live).is_some() && version(&live) == version(&answer.body);
            Ok(Ok(if same { "unchanged" } else { "configured" }))
        }
        Err(problem) => refused(manifest, problem),
    }
}

/// Tells what the control plane took and warns of, with its place.
fn warn(manifest: &Manifest, warnings: &[String]) {
    for text in warnings {
        let place = field(text).unwrap_or("metadata.name");
        eprintln!("Warning: {}", manifest.wrong(place, format!("{}: {text}", manifest.title())));
    }
}

/// What is sent: the object without what only the server knows.
fn body(manifest: &Manifest, namespace: &str) -> Value {
    let mut body = manifest.object.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("status");
        members.insert("apiVersion".into(), api_version(&manifest.noun).into());
    }
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        for member in ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"] {
            metadata.remove(member);
        }
        if manifest.noun.namespaced {
            metadata.insert("namespace".into(), namespace.into());
        }
    }
    body
}

fn api_version(noun: &Noun) -> &'static str {
    if noun.kind == "Namespace" { "v1" } else { model::API_VERSION }
}

/// A refusal, field by field where the server says which.
fn refused(manifest: &Manifest, problem: Problem) -> Result<Result<&'static str, Vec<Wrong>>, Failure> {
    if problem.status == StatusCode::UNAUTHORIZED {
        return Err(problem.into());
    }
    let title = manifest.title();
    if problem.fields.is_empty() {
        return Ok(Err(vec![manifest.wrong(path_in(&problem.text), format!("{title}: {}", problem.text))]));
    }
    let wrongs = problem.fields.iter();
    Ok(Err(wrongs.map(|(field, text)| manifest.wrong(field, format!("{title}: {field}: {text}"))).collect()))
}

/// The field that a text begins with, if it begins with one.
fn path_in(text: &str) -> &str {
    match text.split_once(':') {
        Some((path, _)) if path.starts_with("spec.") || path.starts_with("metadata.") => path,
        _ => "metadata.name",
    }
}

/// Whether everything in `part` is in `whole`, which may have more.
fn part_of(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(name, value)| part_of(value, whole.get(name).unwrap_or(&Value::Null)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len() && part.iter().zip(whole).all(|(part, whole)| part_of(part, whole))
        }
        _ => part == whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case(json!({"a": 1}), json!({"a": 1, "b": 2}), true)]
    #[case(json!({"a": [1]}), json!({"a": [1, 2]}), false)]
    #[case(json!({"a": {"b": null}}), json!({"a": {}}), true)]
    #[case(json!(null), json!({}), false)]
    fn a_part_is_found_in_the_whole(#[case] part: Value, #[case] whole: Value, #[case] expected: bool) {
        assert_eq!(part_of(&part, &whole), expected);
    }

    #[rstest]
    #[case("spec.owner: no", "spec.owner")]
    #[case("Project not found: create it", "metadata.name")]
    fn the_field_of_a_text_is_found(#[case] text: &str, #[case] path: &str) {
        assert_eq!(path_in(text), path);
    }
}
