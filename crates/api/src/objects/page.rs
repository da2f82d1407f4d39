//! Pages of lists: `limit`, `cursor`, `labelSelector`.

use crate::problem::Problem;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

const USUAL_LIMIT: usize = 20;
const LARGEST_LIMIT: usize = 100;

/// Which page a client asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) limit: usize,
    pub(super) from: Cursor,
    pub(super) selector: Option<String>,
}

/// A place in a list. Opaque to clients.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Where the store's list goes on; none: at its beginning.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    /// Objects of that page that were shown already.
    #[serde(rename = "s", default)]
    pub(super) skip: usize,
}

impl Cursor {
    pub(super) fn encode(&self) -> Result<String, Problem> {
        let text = serde_json::to_vec(self).map_err(|error| Problem::internal(&error))?;
        Ok(URL_SAFE_NO_PAD.encode(text))
    }

    fn decode(text: &str) -> Option<Cursor> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

impl Page {
    pub(super) fn parse(query: &HashMap<String, String>) -> Result<Page, Problem> {
        let limit = match query.get("limit") {
            None => USUAL_LIMIT,
            Some(text) => match text.parse::<i64>() {
                Ok(number) => usize::try_from(number.max(1)).unwrap_or(1).min(LARGEST_LIMIT),
                Err(_) => {
                    return Err(Problem::bad_request(format!(
                        "Invalid format for parameter limit: {text:?} is not a whole number"
                    )));
                }
            },
        };
        let from = match query.get("cursor").filter(|text| !text.is_empty()) {
            None => Cursor::default(),
            Some(text) => Cursor::decode(text).ok_or_else(|| {
                Problem::bad_request(
                    "Invalid format for parameter cursor: pass on the nextCursor of the page before, unchanged",
                )
            })?,
        };
        Ok(Page { limit, from, selector: query.get("labelSelector").filter(|text| !text.is_empty()).cloned() })
    }

    /// Why the store does not list this page. Of what a client may get wrong, it sees the selector alone.
    pub(super) fn refused(&self, error: kube::Error, noun: &str) -> Problem {
        let problem = Problem::from_kube(error, noun, noun);
        if problem.status == StatusCode::BAD_REQUEST && self.selector.is_some() && self.from.token.is_none() {
            return Problem { error: format!("invalid label selector: {}", problem.error), ..problem };
        }
        problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::absent(None, Ok(20))]
    #[case::in_range(Some("7"), Ok(7))]
    #[case::too_large(Some("1000"), Ok(100))]
    #[case::negative(Some("-5"), Ok(1))]
    #[case::fraction(Some("1.5"), Err("Invalid format for parameter limit: \"1.5\" is not a whole number"))]
    fn limits(#[case] text: Option<&str>, #[case] expected: Result<usize, &str>) {
        let query = text.map(|text| ("limit".to_owned(), text.to_owned())).into_iter().collect();
        let parsed = Page::parse(&query).map(|page| page.limit).map_err(|problem| problem.error);
        assert_eq!(parsed, expected.map_err(str::to_owned));
    }

    #[test]
    fn cursors_come_back_as_they_went() {
        let cursor = Cursor { token: Some("abc".into()), skip: 3 };
        let text = cursor.encode().expect("encodes");
        assert_eq!(Cursor::decode(&text), Some(cursor));
        assert_eq!(Cursor::decode("%%%"), None);
    }
}
