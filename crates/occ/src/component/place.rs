//! Where a component runs: its project, the project's pipeline, and its binding in an environment.

use crate::failure::Failure;
use crate::noun::nearest;
use crate::session::{Session, encode};
use serde_json::Value;

/// A component and its way through the environments.
pub(super) struct Place {
    pub(super) namespace: String,
    pub(super) component: String,
    pub(super) project: String,
    /// From each environment to those that come after it.
    paths: Vec<(String, Vec<String>)>,
}

fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

impl Place {
    pub(super) async fn find(session: &Session, component: &str) -> Result<Place, Failure> {
        let namespace = session.namespace()?.to_owned();
        let base = format!("/api/v1/namespaces/{}", encode(&namespace));
        let Some(found) = session.http.find(&format!("{base}/components/{}", encode(component))).await? else {
            return Err(Failure::NotFound(format!(
                "Component {component:?} not found in namespace {namespace:?}: `occ component list` shows what there is"
            )));
        };
        let project = text(&found, "/spec/owner/projectName").unwrap_or_default().to_owned();
        if let Some((wanted, _)) =
            session.project().filter(|(wanted, said_by_context)| !said_by_context && *wanted != project)
        {
            return Err(Failure::NotFound(format!(
                "component {component:?} belongs to project {project:?}, not to {wanted:?}"
            )));
        }
        let owner = session.http.get(&format!("{base}/projects/{}", encode(&project))).await?;
        let pipeline = text(&owner, "/spec/deploymentPipelineRef/name").unwrap_or("default");
        let pipeline = session.http.find(&format!("{base}/deploymentpipelines/{}", encode(pipeline))).await?.ok_or_else(|| {
            Failure::NotFound(format!("pipeline {pipeline:?} of project {project:?} does not exist: apply it, or let the project name another"))
        })?;
        Ok(Place { namespace, component: component.to_owned(), project, paths: paths(&pipeline) })
    }

    /// The environment that a component is deployed to first.
    pub(super) fn first(&self) -> Result<&str, Failure> {
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
    pub(super) fn before(&self, environment: &str) -> Result<&str, Failure> {
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

    /// Path of the namespace's objects of a kind.
    pub(super) fn path(&self, plural: &str) -> String {
        format!("/api/v1/namespaces/{}/{plural}", encode(&self.namespace))
    }

    /// The component's binding in an environment.
    pub(super) async fn binding(&self, session: &Session, environment: &str) -> Result<Option<Value>, Failure> {
        let all = session.http.list(&self.path("releasebindings"), &[("component", &self.component)]).await?;
        Ok(all.into_iter().find(|binding| {
            text(binding, "/spec/environment") == Some(environment)
                && text(binding, "/spec/owner/projectName") == Some(&self.project)
        }))
    }

    /// The name of the component's binding where logs are asked for.
    pub(super) async fn deployed(&self, session: &Session, environment: &str) -> Result<Value, Failure> {
        self.binding(session, environment).await?.ok_or_else(|| {
            Failure::NotFound(format!(
                "component {:?} is not deployed to {environment:?}: `occ component deploy {}` does it",
                self.component, self.component
            ))
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
        let place =
            Place { namespace: "n".into(), component: "c".into(), project: "p".into(), paths: paths(&pipeline) };
        assert_eq!(place.first(), Ok("development"));
        assert_eq!(place.before("production"), Ok("staging"));
        let text = "no promotion path found for target environment 'prodution': did you mean \"production\"?";
        assert_eq!(place.before("prodution"), Err(Failure::NotFound(text.into())));
    }
}
