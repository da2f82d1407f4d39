//! The pipeline of a project: from which environment to which.

use crate::failure::Failure;
use crate::noun::nearest;
use crate::session::{Session, encode};
use serde_json::Value;

/// The way through the environments.
#[derive(Debug)]
pub(crate) struct Pipeline {
    project: String,
    /// From each environment to those that come after it.
    paths: Vec<(String, Vec<String>)>,
}

/// A text of an object that is there and not empty.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

impl Pipeline {
    /// The pipeline that a project names.
    pub(crate) async fn of(session: &Session, namespace: &str, project: &Value) -> Result<Pipeline, Failure> {
        let name = text(project, "/spec/deploymentPipelineRef/name").unwrap_or("default");
        let project = text(project, "/metadata/name").unwrap_or_default();
        let path = format!("/api/v1/namespaces/{}/deploymentpipelines/{}", encode(namespace), encode(name));
        let found = session.http.find(&path).await?.ok_or_else(|| {
            Failure::NotFound(format!(
                "pipeline {name:?} of project {project:?} does not exist: apply it, or let the project name another"
            ))
        })?;
        Ok(Pipeline { project: project.to_owned(), paths: paths(&found) })
    }

    /// The environment that is deployed to first.
    pub(crate) fn first(&self) -> Result<&str, Failure> {
        let is_target = |name: &String| self.paths.iter().any(|(_, targets)| targets.contains(name));
        let first = self.paths.iter().map(|(source, _)| source).find(|source| !is_target(source));
        first.or_else(|| self.paths.first().map(|(source, _)| source)).map(String::as_str).ok_or_else(|| {
            Failure::Input(format!(
                "the pipeline of project {:?} has no environments: say which with --env or --to",
                self.project
            ))
        })
    }

    /// The environment that comes before this one.
    pub(crate) fn before(&self, environment: &str) -> Result<&str, Failure> {
        let found = self.paths.iter().find(|(_, targets)| targets.iter().any(|target| target == environment));
        found.map(|(source, _)| source.as_str()).ok_or_else(|| {
            let targets: Vec<&str> = self.paths.iter().flat_map(|(_, targets)| targets).map(String::as_str).collect();
            let hint = match nearest(environment, targets.iter().copied()) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("the pipeline leads to {}", targets.join(", ")),
            };
            Failure::NotFound(format!("no promotion path found for target environment '{environment}': {hint}"))
        })
    }
}

fn paths(pipeline: &Value) -> Vec<(String, Vec<String>)> {
    let name = |reference: &Value| text(reference, "/name").map(str::to_owned);
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    list(pipeline.pointer("/spec/promotionPaths"))
        .iter()
        .filter_map(|path| {
            let targets = list(path.get("targetEnvironmentRefs")).iter().filter_map(name).collect();
            Some((name(path.get("sourceEnvironmentRef")?)?, targets))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pipeline_says_what_comes_first_and_what_before() {
        let pipeline = json!({"spec": {"promotionPaths": [
            {"sourceEnvironmentRef": {"name": "staging"}, "targetEnvironmentRefs": [{"name": "production"}]},
            {"sourceEnvironmentRef": {"name": "development"}, "targetEnvironmentRefs": [{"name": "staging"}]},
        ]}});
        let pipeline = Pipeline { project: "p".into(), paths: paths(&pipeline) };
        assert_eq!(pipeline.first(), Ok("development"));
        assert_eq!(pipeline.before("production"), Ok("staging"));
        let text = "no promotion path found for target environment 'prodution': did you mean \"production\"?";
        assert_eq!(pipeline.before("prodution"), Err(Failure::NotFound(text.into())));
    }
}
