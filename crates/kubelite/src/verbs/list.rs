//! List, whole or page by page.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};

use super::Call;
use crate::{
    object::{field_selector::FieldSelector, label_selector::LabelSelector},
    shape,
    status::ApiError,
    store::{Shelf, Stored},
    wire::Body,
};

/// What a list or watch chooses.
pub(crate) struct Selection {
    pub(crate) labels: LabelSelector,
    pub(crate) fields: FieldSelector,
    pub(crate) prefix: String,
    /// The one name that the path or the selector allows.
    pub(crate) name: Option<String>,
}

impl Selection {
    /// Reads the selectors of a call.
    pub(crate) fn of(call: &Call) -> Result<Self, ApiError> {
        let labels = LabelSelector::parse(&call.params.label_selector).map_err(ApiError::bad_request)?;
        let fields = FieldSelector::parse(&call.params.field_selector, &call.kind)?;
        let name = call.name.clone().or_else(|| fields.name().map(str::to_owned));
        Ok(Self { labels, fields, prefix: call.prefix(), name })
    }

    /// Whether it chooses the object.
    pub(crate) fn matches(&self, object: &Stored) -> bool {
        object.path.starts_with(&self.prefix)
            && self.name.as_deref().is_none_or(|name| object.name() == name)
            && (self.labels.is_empty() || self.labels.matches(&object.labels))
            && (self.fields.is_empty() || self.fields.matches(object))
    }
}

/// Where the next page starts.
#[derive(Serialize, Deserialize)]
struct Token {
    v: String,
    /// The revision of the first page; 0: the rest as it is now.
    rv: u64,
    start: String,
    /// When the first page was made, in seconds since 1970: tokens live no longer than history does.
    at: i64,
}

/// Objects and what goes into `metadata` of the list.
pub(super) struct Page {
    pub(super) objects: Vec<Arc<Stored>>,
    pub(super) revision: u64,
    pub(super) token: Option<String>,
    pub(super) remaining: Option<usize>,
}

/// Answers with the chosen objects.
pub(crate) fn list(call: &Call) -> Result<Response<Body>, ApiError> {
    let selection = Selection::of(call)?;
    let shelf = call.core.store.shelf(&call.kind.shelf);
    let page = page(call, &selection, &shelf)?;
    Ok(shape::list(call, StatusCode::OK, page.objects, page.revision, page.token, page.remaining))
}

fn page(call: &Call, selection: &Selection, shelf: &Shelf) -> Result<Page, ApiError> {
    let params = &call.params;
    let matching = params.resource_version_match.as_str();
    super::list_options::check(params)?;
    let asked = revision(&params.resource_version).map_err(|mut error| {
        error.message = format!("invalid resource version: {}", error.message);
        ApiError { code: StatusCode::BAD_REQUEST, reason: "BadRequest", ..error }
    })?;
    let committed = || call.core.store.revision();
    if let Some(asked) = asked.filter(|asked| *asked > committed()) {
        return Err(too_new(asked, committed()));
    }
    let mut made = call.core.now().as_second();
    let (objects, at) = if params.token.is_empty() {
        match asked.filter(|&asked| asked > 0 && (matching == "Exact" || (matching.is_empty() && params.limit > 0))) {
            Some(exact) => (shelf.list_at(&selection.prefix, None, exact).ok_or_else(gone)?, exact),
            None => shelf.list(&selection.prefix, None, committed),
        }
    } else {
        if !params.resource_version.is_empty() && params.resource_version != "0" {
            return Err(ApiError::bad_request("specifying resource version is not allowed when using continue"));
        }
        let token = decode(&params.token)?;
        let start = format!("{}{}", selection.prefix, token.start);
        if token.rv == 0 {
            // The token of an answer that said that the first state is gone.
            let (objects, at) = shelf.list(&selection.prefix, Some(&start), committed);
            return Ok(cut(call, selection, objects, at, made));
        }
        let fresh = call.core.now().as_second().saturating_sub(token.at) <= call.core.pages_live;
        made = token.at;
        match shelf.list_at(&selection.prefix, Some(&start), token.rv).filter(|_| fresh) {
            Some(objects) => (objects, token.rv),
            // The rest can still be had as it is now: the token in the answer says so by itself.
            None => return Err(expired_page(token)),
        }
    };
    Ok(cut(call, selection, objects, at, made))
}

/// One page of the objects.
fn cut(call: &Call, selection: &Selection, mut objects: Vec<Arc<Stored>>, at: u64, made: i64) -> Page {
    let params = &call.params;
    objects.retain(|object| selection.matches(object));
    if params.limit == 0 || objects.len() <= params.limit {
        return Page { objects, revision: at, token: None, remaining: None };
    }
    let remaining = objects.len() - params.limit;
    objects.truncate(params.limit);
    let last = objects.last().map(|object| object.path[selection.prefix.len()..].to_owned()).unwrap_or_default();
    let exact = selection.labels.is_empty() && selection.fields.is_empty();
    Page { objects, revision: at, token: Some(encode(at, last, made)), remaining: exact.then_some(remaining) }
}

/// Reads a resource version; empty: none.
pub(super) fn revision(text: &str) -> Result<Option<u64>, ApiError> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        ApiError::unnamed(format!(
            "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
        ))
    })
}

/// The revision lies in the future.
pub(super) fn too_new(asked: u64, current: u64) -> ApiError {
    let mut error = ApiError::new(
        StatusCode::GATEWAY_TIMEOUT,
        "Timeout",
        format!("Too large resource version: {asked}, current: {current}"),
    );
    error = error.with_cause(super::finish::cause("ResourceVersionTooLarge", "", "Too large resource version"));
    if let Some(details) = &mut error.details {
        details.retry_after = 1;
    }
    error
}

fn gone() -> ApiError {
    ApiError::expired("The resourceVersion for the provided list is too old.")
}

fn expired_page(token: Token) -> ApiError {
    let mut error = ApiError::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the \
         continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects \
         that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
    );
    error.details =
        Some(Box::new(crate::status::Details { token: encode(0, token.start, token.at), ..Default::default() }));
    error
}

fn encode(revision: u64, start: String, at: i64) -> String {
    let token = Token { v: "meta.k8s.io/v1".into(), rv: revision, start, at };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default())
}

fn decode(text: &str) -> Result<Token, ApiError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|error| ApiError::bad_request(format!("continue key is not valid: {error}")))?;
    let invalid = "invalid continue token: continue key is not valid";
    serde_json::from_slice(&bytes).map_err(|error| ApiError::bad_request(format!("{invalid}: {error}")))
}
