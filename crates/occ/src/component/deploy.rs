//! `occ component deploy`: a release into an environment.

use super::place::Place;
use crate::failure::Failure;
use crate::objects::print;
use crate::promotion::{bind, set, sets, text};
use crate::session::{Session, encode};
use clap::ArgMatches;
use reqwest::Method;
use serde_json::{Value, json};

/// Points the component's binding in the environment at a release; makes release and binding where they are missing.
pub(crate) async fn deploy(session: &Session, name: &str, matches: &ArgMatches) -> Result<(), Failure> {
    let place = Place::find(session, name).await?;
    let first = place.pipeline.first()?;
    let target = matches.get_one::<String>("to").map_or(first, String::as_str);
    let sets = sets("ReleaseBinding", matches)?;
    let release = match matches.get_one::<String>("release") {
        Some(release) => release.clone(),
        None if target == first => generate(session, &place).await?,
        None => release_before(session, &place, target).await?,
    };
    let live = place.binding(session, target).await?;
    let there = live.is_some();
    let mut binding = live.unwrap_or_else(|| {
        json!({
            "apiVersion": model::API_VERSION,
            "kind": "ReleaseBinding",
            "metadata": {"name": format!("{}-{target}", place.component), "namespace": place.namespace},
            "spec": {
                "owner": {"projectName": place.project, "componentName": place.component},
                "environment": target,
            },
        })
    });
    binding["spec"]["releaseName"] = release.clone().into();
    for assignment in sets {
        set("ReleaseBinding", &mut binding, &assignment)?;
    }
    let (name, done) = bind(session, &place.path("releasebindings"), binding, there).await?;
    eprintln!("Successfully deployed component '{}' to environment '{target}'", place.component);
    eprintln!("  Release: {release}\n  Binding: {name}");
    eprintln!("  `occ wait releasebinding/{name}` returns when it runs");
    print(&format!("releasebinding/{name} {done}\n"))
}

async fn generate(session: &Session, place: &Place) -> Result<String, Failure> {
    let path = format!("{}/{}/generate-release", place.path("components"), encode(&place.component));
    let made = session.http.call(Method::POST, &path, Some(&json!({}))).await??.body;
    match made.pointer("/metadata/name").and_then(Value::as_str) {
        Some(name) => {
            eprintln!("Created release: {name}");
            Ok(name.to_owned())
        }
        None => Err(Failure::Server("the control plane made a release without a name".into())),
    }
}

/// The release that runs in the environment before this one.
async fn release_before(session: &Session, place: &Place, target: &str) -> Result<String, Failure> {
    let source = place.pipeline.before(target)?;
    let Some(binding) = place.binding(session, source).await? else {
        return Err(Failure::NotFound(format!(
            "no release binding found for source environment '{source}': deploy there first, or name a release with --release"
        )));
    };
    match text(&binding, "/spec/releaseName") {
        Some(release) => Ok(release.to_owned()),
        None => Err(Failure::NotFound(format!("nothing is released to source environment '{source}' yet"))),
    }
}
