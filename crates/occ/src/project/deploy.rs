//! `occ project deploy`: a release of a project into an environment.

use crate::failure::Failure;
use crate::objects::print;
use crate::promotion::{Pipeline, bind, set, text};
use crate::session::{Session, encode};
use clap::ArgMatches;
use serde_json::{Value, json};

const KIND: &str = "ProjectReleaseBinding";

/// What every path of `--set` is below.
const CONFIGS: &str = "spec.environmentConfigs.";

/// Points the project's binding in the environment at a release; makes the binding where there is none.
pub(crate) async fn deploy(session: &Session, name: &str, matches: &ArgMatches) -> Result<(), Failure> {
    let namespace = session.namespace()?;
    let base = format!("/api/v1/namespaces/{}", encode(namespace));
    let Some(project) = session.http.find(&format!("{base}/projects/{}", encode(name))).await? else {
        return Err(Failure::NotFound(format!(
            "Project {name:?} not found in namespace {namespace:?}: `occ project list` shows what there is"
        )));
    };
    let pipeline = Pipeline::of(session, namespace, &project).await?;
    let first = pipeline.first()?;
    let target = matches.get_one::<String>("to").map_or(first, String::as_str);
    let collection = format!("{base}/projectreleasebindings");
    let all = session.http.list(&collection, &[("project", name)]).await?;
    let in_environment = |environment: &str| {
        all.iter().find(|binding| {
            text(binding, "/spec/environment") == Some(environment)
                && text(binding, "/spec/owner/projectName") == Some(name)
        })
    };
    let release = match matches.get_one::<String>("release") {
        Some(release) => release.as_str(),
        // The newest is the control plane's choice.
        None if target == first => "",
        None => release_of(pipeline.before(target)?, &in_environment)?,
    };
    let live = in_environment(target);
    let mut binding = live.cloned().unwrap_or_else(|| {
        json!({
            "apiVersion": model::API_VERSION,
            "kind": KIND,
            "metadata": {"name": format!("{name}-{target}"), "namespace": namespace},
            "spec": {"owner": {"projectName": name}, "environment": target},
        })
    });
    binding["spec"]["projectRelease"] = release.into();
    for assignment in matches.get_many::<String>("set").into_iter().flatten() {
        let below = assignment.strip_prefix(CONFIGS).unwrap_or(assignment);
        set(KIND, &mut binding, &format!("{CONFIGS}{below}"))?;
    }
    let (binding, done) = bind(session, &collection, binding, live.is_some()).await?;
    eprintln!("Successfully deployed project '{name}' to environment '{target}'");
    if !release.is_empty() {
        eprintln!("  Release: {release}");
    }
    eprintln!("  Binding: {binding}\n  `occ wait projectreleasebinding/{binding}` returns when it runs");
    print(&format!("projectreleasebinding/{binding} {done}\n"))
}

/// The release that an environment has.
fn release_of<'a>(environment: &str, in_environment: &impl Fn(&str) -> Option<&'a Value>) -> Result<&'a str, Failure> {
    let Some(binding) = in_environment(environment) else {
        return Err(Failure::NotFound(format!(
            "no release binding found for source environment '{environment}': deploy there first, or name a release with --release"
        )));
    };
    text(binding, "/spec/projectRelease")
        .ok_or_else(|| Failure::NotFound(format!("nothing is released to source environment '{environment}' yet")))
}
