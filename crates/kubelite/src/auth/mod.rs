//! Who asks, and what they may.

mod accounts;
mod reviews;
mod tokens;

pub(crate) use self::{accounts::Accounts, reviews::review, tokens::Tokens};
use crate::{admission::User, core::Core, status::ApiError};

/// Whose bearer token it is.
pub(crate) fn bearer(core: &Core, token: &str) -> Option<User> {
    core.tokens
        .user(token)
        .or_else(|| core.accounts.get().and_then(|accounts| accounts.user(core, token).ok()).map(|(user, _)| user))
}

/// Only masters may do anything until roles are evaluated.
pub(crate) fn authorize(
    user: &User,
    verb: &str,
    resource: &str,
    group: &str,
    namespace: Option<&str>,
) -> Result<(), ApiError> {
    // Everybody may ask who they are and what they may.
    if user.is_master() || (verb == "create" && resource.starts_with("self") && group.ends_with(".k8s.io")) {
        return Ok(());
    }
    let scope = namespace
        .map_or_else(|| "at the cluster scope".to_owned(), |namespace| format!("in the namespace {namespace:?}"));
    Err(ApiError::new(
        http::StatusCode::FORBIDDEN,
        "Forbidden",
        format!(
            "{resource} is forbidden: User {:?} cannot {verb} resource {resource:?} in API group {group:?} {scope}: only members of system:masters are allowed, \
             roles are not evaluated by this server",
            user.name
        ),
    ))
}
