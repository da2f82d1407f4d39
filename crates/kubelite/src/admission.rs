//! Rules of the embedding program: called in process for every change, first to mutate, then to validate.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use serde_json::Value;

use crate::{kinds::Kind, status::ApiError};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    /// Name.
    pub name: String,
    /// Stable id.
    pub uid: String,
    /// Groups; `system:masters` may do everything.
    pub groups: Vec<String>,
    /// Whatever the authenticator knows besides.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// The program itself.
    pub fn embedded() -> Self {
        Self {
            name: "system:embedded".into(),
            groups: vec!["system:masters".into(), "system:authenticated".into()],
            ..Self::default()
        }
    }

    /// Whether it may do everything.
    pub fn is_master(&self) -> bool {
        self.groups.iter().any(|group| group == "system:masters")
    }
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A new object.
    Create,
    /// A changed object.
    Update,
    /// An object goes away.
    Delete,
    /// A stream into an object: exec, attach, port-forward.
    Connect,
}

/// One request under review.
#[derive(Debug)]
pub struct Review<'a> {
    /// What is being done.
    pub operation: Operation,
    /// The kind's row: group, version, resource, scope.
    pub kind: &'a Arc<Kind>,
    /// `status`, `scale`, …; empty: the object itself.
    pub subresource: &'a str,
    /// Empty for cluster scope.
    pub namespace: &'a str,
    /// The object's name.
    pub name: &'a str,
    /// Who asks.
    pub user: &'a User,
    /// Whether nothing will be stored.
    pub dry_run: bool,
    /// The state before; none on create.
    pub old: Option<&'a Value>,
}

/// A rule. Both halves get every change that [`Admission::handles`] says yes to.
#[async_trait]
pub trait Admission: Send + Sync {
    /// Whether this rule looks at that kind at all.
    fn handles(&self, kind: &Kind) -> bool;

    /// Changes the object before it is validated. Must give the same result when it is applied twice.
    async fn mutate(&self, review: &Review<'_>, object: &mut Value) -> Result<(), ApiError> {
        let _ = (review, object);
        Ok(())
    }

    /// Refuses, or returns warnings for the client. `object` is absent on delete.
    async fn validate(&self, review: &Review<'_>, object: Option<&Value>) -> Result<Vec<String>, ApiError> {
        let _ = (review, object);
        Ok(Vec::new())
    }
}
