//! Who asks, and what they may.
//!
//! ```text
//! certificate or token ─▶ User ─▶ impersonation ─▶ masters: yes · others: Roles (bindings of their namespace and of the cluster)
//! ```

mod accounts;
mod escalation;
mod impersonation;
mod rbac;
mod reviews;
mod tokens;

pub(crate) use self::{
    accounts::Accounts,
    escalation::check as check_escalation,
    impersonation::acting,
    rbac::{Attributes, Roles},
    reviews::review,
    tokens::Tokens,
};
use crate::{
    admission::User,
    core::Core,
    status::{ApiError, Details},
};

/// Whose bearer token it is.
pub(crate) fn bearer(core: &Core, token: &str) -> Option<User> {
    core.tokens
        .user(token)
        .or_else(|| core.accounts.get().and_then(|accounts| accounts.user(core, token).ok()).map(|(user, _)| user))
}

/// Why it is allowed; `None`: it is not. Masters may do everything, and nothing is looked up for them.
fn reason(core: &Core, user: &User, wanted: &Attributes<'_>) -> Option<String> {
    if user.is_master() { Some(String::new()) } else { core.roles.why(core, user, wanted) }
}

/// Refuses what no binding allows, in Kubernetes' words.
pub(crate) fn authorize(core: &Core, user: &User, wanted: &Attributes<'_>) -> Result<(), ApiError> {
    if reason(core, user, wanted).is_some() { Ok(()) } else { Err(forbidden(user, wanted)) }
}

fn forbidden(user: &User, wanted: &Attributes<'_>) -> ApiError {
    let Attributes { verb, group, resource, subresource, namespace, name, path } = *wanted;
    let code = http::StatusCode::FORBIDDEN;
    if resource.is_empty() {
        let message = format!("forbidden: User {:?} cannot {verb} path {path:?}", user.name);
        let mut error = ApiError::new(code, "Forbidden", message);
        error.details = Some(Box::default());
        return error;
    }
    let scope = match namespace {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace {namespace:?}"),
    };
    let whole = if subresource.is_empty() { resource.to_owned() } else { format!("{resource}/{subresource}") };
    let qualified = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
    let about = if name.is_empty() { qualified } else { format!("{qualified} {name:?}") };
    let message = format!(
        "{about} is forbidden: User {:?} cannot {verb} resource {whole:?} in API group {group:?} {scope}",
        user.name
    );
    let mut error = ApiError::new(code, "Forbidden", message);
    error.details = Some(Box::new(Details {
        name: name.to_owned(),
        group: group.to_owned(),
        kind: resource.to_owned(),
        ..Details::default()
    }));
    error
}
