//! Where a component runs: its project, the project's pipeline, and its binding in an environment.

use crate::failure::Failure;
use crate::promotion::{Pipeline, text};
use crate::session::{Session, encode};
use serde_json::Value;

/// A component and its way through the environments.
pub(super) struct Place {
    pub(super) namespace: String,
    pub(super) component: String,
    pub(super) project: String,
    pub(super) pipeline: Pipeline,
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
        let pipeline = Pipeline::of(session, &namespace, &owner).await?;
        Ok(Place { namespace, component: component.to_owned(), project, pipeline })
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
