//! Who asks, and what they may.

mod tokens;

pub(crate) use self::tokens::Tokens;
use crate::{admission::User, status::ApiError};

/// Only masters may do anything until roles are evaluated.
pub(crate) fn authorize(
    user: &User,
    verb: &str,
    resource: &str,
    group: &str,
    namespace: Option<&str>,
) -> Result<(), ApiError> {
    if user.is_master() {
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
