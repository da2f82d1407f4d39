//! Rules of GRPCRoutes: a method is a path, `/package.Service/Method`, and everything else as with HTTP.

use super::{Compiler, LARGEST_PATTERN, References};
use crate::gateway::objects::{GrpcMatch, GrpcRule, MethodMatch};
use crate::gateway::rules::{Backends, CompiledMatch, CompiledRule, PathRule};

impl<R: References> Compiler<'_, R> {
    pub(super) fn grpc_rule(&mut self, index: usize, rule: &GrpcRule) -> CompiledRule {
        let at = format!("spec.rules[{index}]");
        for name in rule.unknown.keys() {
            self.problem(format!("{at}.{name}"), "this field is not supported");
        }
        let everything = [GrpcMatch::default()];
        let alternatives = if rule.matches.is_empty() { &everything[..] } else { &rule.matches };
        let mut matches = Vec::with_capacity(alternatives.len());
        for (number, found) in alternatives.iter().enumerate() {
            matches.extend(self.call(&format!("{at}.matches[{number}]"), found));
        }
        let filters = self.filters(&at, &rule.filters, true);
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
            path: None,
            hostname: None,
            redirect: None,
            cors: None,
            mirrors: filters.mirrors,
            backends: Backends::new(backends),
            request_timeout: None,
            backend_timeout: None,
            retries: None,
        }
    }

    fn call(&mut self, at: &str, found: &GrpcMatch) -> Option<CompiledMatch> {
        for name in found.unknown.keys() {
            self.problem(format!("{at}.{name}"), "this field is not supported");
        }
        let headers = self.header_rules(at, &found.headers);
        let path = match &found.method {
            None => Some(PathRule::Prefix(String::new())),
            Some(method) => self.method(&format!("{at}.method"), method),
        };
        Some(CompiledMatch { path: path?, method: None, headers, query: Vec::new() })
    }

    fn method(&mut self, at: &str, wanted: &MethodMatch) -> Option<PathRule> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (service, method) = (given(&wanted.service), given(&wanted.method));
        match wanted.kind.as_deref().unwrap_or("Exact") {
            "Exact" => match (service, method) {
                (Some(service), Some(method)) => Some(PathRule::Exact(format!("/{service}/{method}"))),
                (Some(service), None) => Some(PathRule::Prefix(format!("/{service}"))),
                (None, Some(method)) => Some(PathRule::Method(method)),
                (None, None) => {
                    self.problem(at.to_owned(), "service or method must be given");
                    None
                }
            },
            "RegularExpression" => {
                let part = |text: Option<String>| text.unwrap_or_else(|| "[^/]+".to_owned());
                let (service, method) = (part(service), part(method));
                let whole = format!("^/(?:{service})/(?:{method})$");
                match regex::RegexBuilder::new(&whole).size_limit(LARGEST_PATTERN).build() {
                    Ok(pattern) => Some(PathRule::Regex(pattern)),
                    Err(error) => {
                        let words = format!("{service}/{method} is not a regular expression that can be used: {error}");
                        self.problem(at.to_owned(), words);
                        None
                    }
                }
            }
            other => {
                self.problem(format!("{at}.type"), format!("{other:?} is not one of Exact, RegularExpression"));
                None
            }
        }
    }
}
