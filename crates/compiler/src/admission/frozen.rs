//! Types and traits inside releases: judged as when they were stored, once per content.

use std::convert::Infallible;
use std::sync::{Arc, LazyLock};

use schema::FieldError;
use serde_json::Value;

use super::{rules, with};
use crate::cache::{Bounds, Cache};
use crate::check;
use crate::input::ContentKey;
use crate::problem::Code;

/// Releases of one type come one after the other; so many contents are remembered, by keys that do not grow with them.
const REMEMBERED: Bounds = Bounds { values: 256, bytes: usize::MAX };

static JUDGED: LazyLock<Cache<ContentKey, Vec<FieldError>>> = LazyLock::new(|| Cache::new(REMEMBERED));

/// Why what was frozen at `path` is refused, as its own kind would be.
pub(super) fn errors(kind: &str, spec: &Value, path: &str) -> Vec<FieldError> {
    let key = ContentKey::of(&(kind, spec));
    let judged: Arc<Vec<FieldError>> = match JUDGED.get_or(key, 0, || Ok::<_, Infallible>(judge(kind, spec))) {
        Ok(judged) => judged,
        Err(never) => match never {},
    };
    let below = |error: &FieldError| FieldError { path: format!("{path}.{}", error.path), ..error.clone() };
    judged.iter().map(below).collect()
}

fn judge(kind: &str, spec: &Value) -> Vec<FieldError> {
    let Some(mut checked) = check::object(kind, "", spec) else { return Vec::new() };
    // Keywords that nobody knows are looked for only where people write them.
    checked.problems.retain(|problem| problem.code != Code::Schema || !problem.message.starts_with("unknown keyword "));
    with(kind, spec, rules(kind, spec), checked).errors
}
