//! `list` and `get`.

use super::output::{Format, show};
use super::table::condition;
use crate::failure::Failure;
use crate::noun::Noun;
use crate::session::{Session, encode};
use serde_json::Value;

/// The path of an object.
pub(crate) fn path_of(session: &Session, noun: &Noun, name: &str) -> Result<String, Failure> {
    Ok(format!("{}/{}", collection(session, noun)?, encode(name)))
}

fn collection(session: &Session, noun: &Noun) -> Result<String, Failure> {
    let namespace = if noun.namespaced { encode(session.namespace()?) } else { String::new() };
    Ok(noun.path(&namespace))
}

/// `occ NOUN list`
pub(crate) async fn list(
    session: &Session,
    noun: &Noun,
    format: Format,
    owner: Option<&str>,
    selector: Option<&str>,
) -> Result<(), Failure> {
    let mut query = Vec::new();
    let owned = noun.filter.is_some_and(|filter| filter != "workflow");
    let project = session.project().filter(|_| owned);
    let owner = match noun.filter {
        Some("project") => project.map(|(name, _)| name),
        Some(filter) => owner.or_else(|| session.owner_of_context(filter)),
        None => None,
    };
    if let (Some(filter), Some(owner)) = (noun.filter, owner) {
        query.push((filter, owner));
    }
    query.extend(selector.map(|selector| ("labelSelector", selector)));
    let mut objects = session.http.list(&collection(session, noun)?, &query).await?;
    // The server filters by the nearest owner only.
    if let Some((project, _)) = project {
        objects.retain(|object| {
            object.pointer("/spec/owner/projectName").and_then(Value::as_str).is_none_or(|owner| owner == project)
        });
    }
    if objects.is_empty() && matches!(format, Format::Table | Format::Wide) {
        let place = match project {
            Some((project, true)) => format!(" in project {project} (which the context says)"),
            Some((project, false)) => format!(" in project {project}"),
            None => String::new(),
        };
        eprintln!("No {} found{place}", noun.plural_words());
        return Ok(());
    }
    // A list of one project's objects does not repeat the project.
    let narrow = project.is_some() && matches!(noun.kind, "Component" | "Resource");
    let columns: Vec<_> =
        noun.columns.iter().filter(|column| !(narrow && column.header == "PROJECT")).copied().collect();
    show(noun, &columns, objects, format, true)
}

/// `occ NOUN get NAME`
pub(crate) async fn get(session: &Session, noun: &Noun, name: &str, format: Format) -> Result<(), Failure> {
    let path = path_of(session, noun, name)?;
    let Some(object) = session.http.find(&path).await? else {
        return Err(missing(session, noun, name));
    };
    if matches!(format, Format::Table | Format::Wide | Format::Yaml)
        && let Some(warning) = condition(&object, model::conditions::NETWORK_POLICIES_ENFORCED)
        && warning["status"] == "False"
    {
        eprintln!("warning: {}", warning["message"].as_str().unwrap_or_default());
    }
    show(noun, noun.columns, vec![object], format, false)
}

/// That an object is not there, and how to see what is.
pub(super) fn missing(session: &Session, noun: &Noun, name: &str) -> Failure {
    let place = match session.namespace_if_any() {
        Some(namespace) if noun.namespaced => format!(" in namespace {namespace:?}"),
        _ => String::new(),
    };
    Failure::NotFound(format!("{} {name:?} not found{place}: `occ {} list` shows what there is", noun.kind, noun.word))
}
