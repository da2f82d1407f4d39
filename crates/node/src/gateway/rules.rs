//! A route's rules, compiled: what a request needs to find its way, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::HeaderName;
use http::{HeaderMap, Method, StatusCode};
use regex::Regex;

use super::cors::Cors;
use super::objects::RouteKey;
use super::rewrite::{HeaderChange, PathChange, Redirect};
use crate::network::ObjectKey;
use crate::network::services::Pool;

/// One rule of a route.
#[derive(Debug)]
pub(super) struct CompiledRule {
    pub(super) route: RouteKey,
    /// Its place in the route.
    pub(super) index: usize,
    pub(super) matches: Vec<CompiledMatch>,
    pub(super) request_headers: Vec<HeaderChange>,
    pub(super) response_headers: Vec<HeaderChange>,
    pub(super) path: Option<PathChange>,
    pub(super) hostname: Option<String>,
    pub(super) redirect: Option<Redirect>,
    pub(super) cors: Option<Cors>,
    pub(super) mirrors: Vec<Mirror>,
    pub(super) backends: Backends,
    pub(super) request_timeout: Option<Duration>,
    pub(super) backend_timeout: Option<Duration>,
    pub(super) retries: Option<Retries>,
}

/// When and how often a request is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Retries {
    /// Answers with these statuses are not good enough, beside no answer at all.
    pub(super) codes: Vec<StatusCode>,
    /// Attempts after the first.
    pub(super) attempts: u32,
    pub(super) backoff: Duration,
}

/// A backend that sees a copy of requests and whose answers nobody sees.
#[derive(Debug)]
pub(super) struct Mirror {
    pub(super) target: Target,
    /// Of how many requests it sees how many.
    share: (u32, u32),
    turn: AtomicU64,
}

impl Mirror {
    pub(super) fn new(target: Target, share: (u32, u32)) -> Self {
        Self { target, share, turn: AtomicU64::new(0) }
    }

    /// Whether the next request is copied. Copies are spread evenly.
    pub(super) fn takes_next(&self) -> bool {
        let (copied, of) = (u64::from(self.share.0), u64::from(self.share.1.max(1)));
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % of;
        (turn + 1) * copied / of > turn * copied / of
    }
}

/// What a TLSRoute or a TCPRoute leads to.
#[derive(Debug)]
pub(super) struct CompiledStream {
    pub(super) route: RouteKey,
    pub(super) backends: Backends,
}

/// One alternative of a rule.
#[derive(Debug)]
pub(super) struct CompiledMatch {
    pub(super) path: PathRule,
    pub(super) method: Option<Method>,
    pub(super) headers: Vec<(HeaderName, TextRule)>,
    pub(super) query: Vec<(String, TextRule)>,
}

#[derive(Debug, Clone)]
pub(super) enum PathRule {
    Exact(String),
    /// Without the final slash; empty for all paths.
    Prefix(String),
    /// A method of gRPC, whatever its service.
    Method(String),
    Regex(Regex),
}

#[derive(Debug, Clone)]
pub(super) enum TextRule {
    Exact(String),
    Regex(Regex),
}

impl TextRule {
    fn admits(&self, value: &str) -> bool {
        match self {
            Self::Exact(wanted) => wanted == value,
            Self::Regex(pattern) => pattern.is_match(value),
        }
    }
}

impl CompiledMatch {
    /// Whether all but the path admits the request.
    pub(super) fn admits(&self, method: &Method, headers: &HeaderMap, query: Option<&str>) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted == method)
            && self.headers.iter().all(|(name, rule)| header(headers, name).is_some_and(|value| rule.admits(&value)))
            && self.query.iter().all(|(name, rule)| parameter(query, name).is_some_and(|value| rule.admits(&value)))
    }
}

/// The value of a header; several lines count as one list, as RFC 9110 says.
fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let mut joined = values.next()?.into_owned();
    for value in values {
        joined.push(',');
        joined.push_str(&value);
    }
    Some(joined)
}

/// The first value of a query parameter, decoded.
fn parameter(query: Option<&str>, wanted: &str) -> Option<String> {
    query?.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name) == wanted).then(|| decode(value))
    })
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The backends of a rule with their weights.
#[derive(Debug, Default)]
pub(super) struct Backends {
    /// Each with the sum of the weights up to and including its own.
    choices: Vec<(u64, Arc<Backend>)>,
    total: u64,
    turn: AtomicU64,
}

/// One backend.
#[derive(Debug)]
pub(super) struct Backend {
    pub(super) target: Target,
    pub(super) request_headers: Vec<HeaderChange>,
    pub(super) response_headers: Vec<HeaderChange>,
}

/// Where a backend leads.
#[derive(Debug)]
pub(super) enum Target {
    /// To the ready pods of a Service.
    Pods { service: ObjectKey, port: u16, pool: Arc<Pool>, speaks: Speaks },
    /// Nowhere, because the reference is not good; requests get 500, as the specification demands.
    Nowhere(String),
}

/// The HTTP that a backend speaks, without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    Http1,
    Http2,
}

impl Backends {
    pub(super) fn new(backends: Vec<(u32, Backend)>) -> Self {
        let mut total = 0;
        let mut choices = Vec::with_capacity(backends.len());
        for (weight, backend) in backends {
            if weight > 0 {
                total += u64::from(weight);
                choices.push((total, Arc::new(backend)));
            }
        }
        Self { choices, total, turn: AtomicU64::new(0) }
    }

    /// The backend for the next request. Shares follow the weights closely in every stretch of requests (multiples of the
    /// golden ratio spread evenly).
    pub(super) fn next(&self) -> Option<Arc<Backend>> {
        let [(_, only)] = self.choices.as_slice() else { return self.spread() };
        Some(only.clone())
    }

    fn spread(&self) -> Option<Arc<Backend>> {
        const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed).wrapping_mul(GOLDEN);
        let ticket = (u128::from(turn) * u128::from(self.total)) >> 64;
        self.choices.iter().find(|(upto, _)| ticket < u128::from(*upto)).map(|(_, backend)| backend.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a=1&b=2", "b", Some("2"))]
    #[case("a=1&a=2", "a", Some("1"))]
    #[case("a", "a", Some(""))]
    #[case("na%6De=some+thing%2F", "name", Some("some thing/"))]
    #[case("a=%zz%4", "a", Some("%zz%4"))]
    #[case("a=1", "b", None)]
    fn parameters_are_decoded_and_the_first_counts(
        #[case] query: &str,
        #[case] name: &str,
        #[case] expected: Option<&str>,
    ) {
        assert_eq!(parameter(Some(query), name).as_deref(), expected);
    }

    #[test]
    fn requests_are_shared_by_weight_in_every_stretch() {
        let backend = |name: &str| Backend {
            target: Target::Nowhere(name.to_owned()),
            request_headers: Vec::new(),
            response_headers: Vec::new(),
        };
        let backends = Backends::new(vec![(700_000, backend("a")), (0, backend("none")), (300_000, backend("b"))]);
        for _ in 0..10 {
            let mut counts = BTreeMap::new();
            for _ in 0..100 {
                if let Some(Target::Nowhere(name)) = backends.next().map(|backend| match &backend.target {
                    Target::Nowhere(name) => Target::Nowhere(name.clone()),
                    Target::Pods { .. } => Target::Nowhere("pods".into()),
                }) {
                    *counts.entry(name).or_insert(0_i32) += 1;
                }
            }
            assert!((counts["a"] - 70).abs() <= 2 && (counts["b"] - 30).abs() <= 2, "{counts:?}");
        }
        assert!(Backends::new(vec![(0, backend("none"))]).next().is_none());
    }
}
