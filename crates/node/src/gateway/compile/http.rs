//! Rules of HTTPRoutes.

use std::time::Duration;

use http::{Method, StatusCode};

use super::duration::duration;
use super::{Compiler, References};
use crate::gateway::objects::{Match, Retry, Rule};
use crate::gateway::rewrite::PathChange;
use crate::gateway::rules::{Backends, CompiledMatch, CompiledRule, PathRule, Retries, TextRule};

/// Attempts after the first where `retry.attempts` says nothing.
const ATTEMPTS: u32 = 1;
/// More attempts than that are refused: they multiply the load when a backend is down.
const MOST_ATTEMPTS: u32 = 10;
/// What is waited before an attempt where `retry.backoff` says nothing.
const BACKOFF: Duration = Duration::from_millis(25);

impl<R: References> Compiler<'_, R> {
    pub(super) fn http_rule(&mut self, index: usize, rule: &Rule) -> CompiledRule {
        let at = format!("spec.rules[{index}]");
        for name in rule.unknown.keys() {
            self.problem(format!("{at}.{name}"), "this field is not supported");
        }
        let everything = [Match::default()];
        let alternatives = if rule.matches.is_empty() { &everything[..] } else { &rule.matches };
        let mut matches = Vec::with_capacity(alternatives.len());
        for (number, found) in alternatives.iter().enumerate() {
            matches.extend(self.alternative(&format!("{at}.matches[{number}]"), found));
        }
        let filters = self.filters(&at, &rule.filters, true);
        let by_prefix = matches.iter().all(|found| matches!(found.path, PathRule::Prefix(_)));
        let redirected = filters.redirect.as_ref().and_then(|redirect| redirect.path.as_ref());
        let replaces = |change: Option<&PathChange>| matches!(change, Some(PathChange::Prefix(_)));
        if !by_prefix && (replaces(filters.path.as_ref()) || replaces(redirected)) {
            self.problem(format!("{at}.filters"), "ReplacePrefixMatch needs matches of type PathPrefix only");
        }
        if filters.redirect.is_some() && !rule.backend_refs.is_empty() {
            self.problem(format!("{at}.backendRefs"), "a rule that redirects has no backends");
        }
        let request_timeout = self.timeout(format!("{at}.timeouts.request"), rule.timeouts.request.as_deref());
        let backend_timeout =
            self.timeout(format!("{at}.timeouts.backendRequest"), rule.timeouts.backend_request.as_deref());
        if let (Some(request), Some(backend)) = (request_timeout, backend_timeout)
            && backend > request
        {
            self.problem(format!("{at}.timeouts.backendRequest"), "this is longer than timeouts.request");
        }
        let retries = rule.retry.as_ref().and_then(|retry| self.retries(&format!("{at}.retry"), retry));
        let mut backends = Vec::with_capacity(rule.backend_refs.len());
        for (number, backend) in rule.backend_refs.iter().enumerate() {
            backends.push((backend.weight, self.backend(&format!("{at}.backendRefs[{number}]"), backend)));
        }
        CompiledRule {
            route: self.key.clone(),
            index,
            matches,
            request_headers: filters.request_headers,
            response_headers: filters.response_headers,
            path: filters.path,
            hostname: filters.hostname,
            redirect: filters.redirect,
            cors: filters.cors,
            mirrors: filters.mirrors,
            backends: Backends::new(backends),
            request_timeout,
            backend_timeout,
            retries,
        }
    }

    fn alternative(&mut self, at: &str, found: &Match) -> Option<CompiledMatch> {
        for name in found.unknown.keys() {
            self.problem(format!("{at}.{name}"), "this field is not supported");
        }
        let path = found.path.clone().unwrap_or_default();
        let value = path.value.unwrap_or_else(|| "/".to_owned());
        let path = match path.kind.as_deref().unwrap_or("PathPrefix") {
            "Exact" => Some(PathRule::Exact(value)),
            "PathPrefix" => Some(PathRule::Prefix(value.trim_end_matches('/').to_owned())),
            "RegularExpression" => self.pattern(format!("{at}.path.value"), &value).map(PathRule::Regex),
            other => {
                self.problem(
                    format!("{at}.path.type"),
                    format!("{other:?} is not one of Exact, PathPrefix, RegularExpression"),
                );
                None
            }
        };
        let method = match found.method.as_deref().map(|text| Method::from_bytes(text.as_bytes())) {
            Some(Err(_)) => {
                self.problem(format!("{at}.method"), "this is not an HTTP method");
                None
            }
            Some(Ok(method)) => Some(method),
            None => None,
        };
        let headers = self.header_rules(at, &found.headers);
        let mut query: Vec<(String, TextRule)> = Vec::with_capacity(found.query_params.len());
        for (number, wanted) in found.query_params.iter().enumerate() {
            let rule = self.text_rule(&format!("{at}.queryParams[{number}]"), wanted);
            if let Some(rule) = rule.filter(|_| query.iter().all(|(other, _)| *other != wanted.name)) {
                query.push((wanted.name.clone(), rule));
            }
        }
        Some(CompiledMatch { path: path?, method, headers, query })
    }

    fn timeout(&mut self, path: String, text: Option<&str>) -> Option<Duration> {
        let text = text?;
        match duration(text) {
            // Zero is "no timeout".
            Some(duration) => Some(duration).filter(|duration| !duration.is_zero()),
            None => {
                self.problem(path, format!("{text:?} is not a duration such as 10s, 1m30s or 500ms"));
                None
            }
        }
    }

    fn retries(&mut self, at: &str, retry: &Retry) -> Option<Retries> {
        let mut codes = Vec::with_capacity(retry.codes.len());
        for (number, code) in retry.codes.iter().enumerate() {
            match StatusCode::from_u16(*code).ok().filter(|code| (400..600).contains(&code.as_u16())) {
                Some(code) => codes.push(code),
                None => self.problem(format!("{at}.codes[{number}]"), format!("{code} is not the status of an error")),
            }
        }
        let attempts = retry.attempts.unwrap_or(ATTEMPTS);
        if attempts > MOST_ATTEMPTS {
            self.problem(format!("{at}.attempts"), format!("more than {MOST_ATTEMPTS} attempts are not made"));
        }
        let backoff = self.timeout(format!("{at}.backoff"), retry.backoff.as_deref()).unwrap_or(BACKOFF);
        (attempts > 0).then_some(Retries { codes, attempts, backoff })
    }
}
