//! Why an apply was refused.

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

use super::element::{PathElement, path_text};
use super::managed::ManagerId;

/// A field that somebody else owns and the applied object changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Its owner.
    pub manager: ManagerId,
    /// The field.
    pub path: Vec<PathElement>,
}

impl Conflict {
    /// The field as text: `.spec.containers[name="a"].image`. The `field` of a status cause of reason `FieldManagerConflict`.
    pub fn field(&self) -> String {
        path_text(&self.path)
    }

    /// The message of the status cause: `conflict with "kubectl" using apps/v1`.
    pub fn cause(&self) -> String {
        format!("conflict with {}", self.manager)
    }
}

/// All conflicts of one apply. `Display` is the message of the 409 answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflicts(pub Vec<Conflict>);

impl fmt::Display for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [conflict] = self.0.as_slice() {
            return write!(f, "Apply failed with 1 conflict: {}: {}", conflict.cause(), conflict.field());
        }
        let mut by_manager: BTreeMap<&ManagerId, Vec<String>> = BTreeMap::new();
        for conflict in &self.0 {
            by_manager.entry(&conflict.manager).or_default().push(conflict.field());
        }
        let mut lines = Vec::new();
        for (manager, fields) in by_manager {
            lines.push(format!("conflicts with {manager}:"));
            lines.extend(fields.into_iter().map(|field| format!("- {field}")));
        }
        write!(f, "Apply failed with {} conflicts: {}", self.0.len(), lines.join("\n"))
    }
}

/// An apply that was refused; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApplyError {
    /// 409 Conflict: others own fields that would change. The caller may force.
    #[error("{0}")]
    Conflicts(Conflicts),
    /// 400 BadRequest: the applied object cannot be applied as sent.
    #[error("{0}")]
    BadRequest(String),
    /// The applied object does not fit its type (unknown fields, wrong kinds of value, list items that cannot be told apart).
    /// Kubernetes answers 500 with this text.
    #[error("failed to create typed patch object ({object}): {}", list(.problems))]
    Typed {
        /// Namespace, name and kind: `default/web; apps/v1, Kind=Deployment`.
        object: String,
        /// Lines of `path: message`.
        problems: Vec<String>,
    },
    /// The stored `metadata.managedFields` cannot be read.
    #[error("failed to decode managed fields: {0}")]
    Managed(#[from] super::managed::ManagedError),
}

fn list(problems: &[String]) -> String {
    match problems {
        [problem] => problem.clone(),
        problems => {
            let mut text = "errors:".to_owned();
            for problem in problems {
                text.push_str("\n  ");
                text.push_str(problem);
            }
            text
        }
    }
}
