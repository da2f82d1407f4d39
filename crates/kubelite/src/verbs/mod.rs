//! The verbs. All changes take one path: decode → prune → default → mutate → prepare → validate → store → encode.

mod change;
mod collection;
mod create;
mod delete;
mod evict;
mod finish;
mod list;
mod list_options;
mod patch;
mod pods;
mod read;
mod scale;
mod watch;

use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderValue, Response};

pub(crate) use self::{
    change::{Proposal, change, update},
    collection::delete_collection,
    create::create,
    create::create_applied,
    delete::{Options as DeleteOptions, Preconditions, delete, remove},
    list::list,
    patch::patch,
    read::{current, get},
    watch::watch,
};
use crate::{
    admission::{Operation, Review, User},
    core::Core,
    kinds::{Kind, Kinds},
    status::ApiError,
    store::UnderWay,
    wire::{Body, Format, Params},
};

/// One request for one resource.
pub(crate) struct Call {
    pub(crate) core: Arc<Core>,
    pub(crate) kinds: Arc<Kinds>,
    pub(crate) kind: Arc<Kind>,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
    pub(crate) user: Arc<User>,
    pub(crate) params: Params,
    pub(crate) format: Format,
    /// Who the fields belong to: `fieldManager`, or the client program's name.
    pub(crate) manager: String,
    pub(crate) warnings: Mutex<Vec<String>>,
    /// The requests beside this one, where it is a task of its own.
    pub(crate) under_way: Option<UnderWay>,
}

impl Call {
    /// Another request of the same user, for the object itself.
    pub(crate) fn beside(&self) -> Self {
        Self {
            core: self.core.clone(),
            kinds: self.kinds.clone(),
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            subresource: None,
            user: self.user.clone(),
            params: self.params.clone(),
            format: self.format,
            manager: self.manager.clone(),
            warnings: Mutex::default(),
            under_way: self.under_way.clone(),
        }
    }

    /// Name in the path.
    pub(crate) fn named(&self) -> Result<&str, ApiError> {
        self.name.as_deref().ok_or_else(|| ApiError::bad_request("name must be provided"))
    }

    /// Subresource in the path, empty for the object itself.
    pub(crate) fn sub(&self) -> &str {
        self.subresource.as_deref().unwrap_or_default()
    }

    /// Path on the shelf.
    pub(crate) fn path(&self, name: &str) -> Arc<str> {
        self.kind.path(self.namespace.as_deref(), name)
    }

    /// Prefix of all paths that the request is about.
    pub(crate) fn prefix(&self) -> String {
        match &self.namespace {
            Some(namespace) if self.kind.namespaced => format!("{namespace}/"),
            _ => String::new(),
        }
    }

    /// Says something in a `Warning` header.
    pub(crate) fn warn(&self, text: impl Into<String>) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        let text = text.into();
        if !warnings.contains(&text) && warnings.len() < 64 {
            warnings.push(text);
        }
    }

    /// Adds the warnings to the answer.
    pub(crate) fn finish(&self, response: &mut Response<Body>) {
        let warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        for text in self.kind.deprecation.iter().chain(warnings.iter()) {
            let clean: String =
                text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(512).collect();
            let quoted = format!("299 - \"{}\"", clean.replace('\\', "\\\\").replace('"', "\\\""));
            if let Ok(value) = HeaderValue::from_bytes(quoted.as_bytes()) {
                response.headers_mut().append(http::header::WARNING, value);
            }
        }
    }

    /// Lets the mutating rules change the object.
    pub(crate) async fn mutate(
        &self,
        operation: Operation,
        name: &str,
        old: Option<&serde_json::Value>,
        object: &mut serde_json::Value,
    ) -> Result<(), ApiError> {
        for rule in self.core.admission.iter().filter(|rule| rule.handles(&self.kind)) {
            rule.mutate(&self.review(operation, name, old), object).await?;
        }
        Ok(())
    }

    /// Asks the validating rules.
    pub(crate) async fn admit(
        &self,
        operation: Operation,
        name: &str,
        old: Option<&serde_json::Value>,
        object: Option<&serde_json::Value>,
    ) -> Result<(), ApiError> {
        if let Some(object) = object {
            crate::auth::check_escalation(self, object, old)?;
        }
        for rule in self.core.admission.iter().filter(|rule| rule.handles(&self.kind)) {
            for warning in rule.validate(&self.review(operation, name, old), object).await? {
                self.warn(warning);
            }
        }
        Ok(())
    }

    fn review<'a>(&'a self, operation: Operation, name: &'a str, old: Option<&'a serde_json::Value>) -> Review<'a> {
        Review {
            operation,
            kind: &self.kind,
            subresource: self.sub(),
            namespace: self.namespace.as_deref().unwrap_or_default(),
            name,
            user: &self.user,
            dry_run: self.params.dry_run,
            old,
        }
    }
}
