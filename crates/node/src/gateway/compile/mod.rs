//! From a route to compiled rules: what is not supported is refused by path, what is not there is said by reference.

mod duration;
mod filters;
mod grpc;
mod http;
mod targets;

use ::http::header::HeaderName;
use regex::Regex;

use super::hostname::Hostname;
use super::objects::{Route, RouteKey, Spec, StreamRule, ValueMatch};
use super::rules::{Backends, CompiledRule, CompiledStream, TextRule};
use crate::network::ObjectKey;
pub(super) use targets::{Absent, References, Referrer, ServicePort, grants};

/// Regular expressions are refused above this size, so that no route can eat the memory of the process.
const LARGEST_PATTERN: usize = 1 << 20;

/// A field whose value is not supported or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) path: String,
    pub(super) message: String,
}

/// Why a reference is not good: the reason of the condition ResolvedRefs, and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadReference {
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// What became of a route.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    /// The rules; empty where there is a problem.
    pub(super) rules: Vec<CompiledRule>,
    /// What a TLSRoute or TCPRoute leads to; none where there is a problem.
    pub(super) stream: Option<CompiledStream>,
    pub(super) problems: Vec<Problem>,
    pub(super) bad_references: Vec<BadReference>,
    /// The Services that are referred to, there or not.
    pub(super) services: Vec<ObjectKey>,
}

/// Compiles a route. The whole route is refused when a field of it is not supported: half a route would send requests to
/// where nobody meant them to go.
pub(super) fn compile(route: &Route, references: &impl References) -> Compiled {
    let key = route.key();
    let mut compiler = Compiler { key: &key, references, out: Compiled::default() };
    for name in route.unknown.keys() {
        compiler.problem(format!("spec.{name}"), "this field is not supported");
    }
    for (index, hostname) in route.hostnames.iter().enumerate() {
        if let Err(why) = Hostname::check(hostname) {
            compiler.problem(format!("spec.hostnames[{index}]"), why);
        }
    }
    let mut rules = Vec::new();
    let mut stream = None;
    match &route.spec {
        Spec::Http(asked) => {
            rules.extend(asked.iter().enumerate().map(|(index, rule)| compiler.http_rule(index, rule)));
        }
        Spec::Grpc(asked) => {
            rules.extend(asked.iter().enumerate().map(|(index, rule)| compiler.grpc_rule(index, rule)));
        }
        Spec::Stream(asked) => stream = compiler.stream(asked),
    }
    let mut out = compiler.out;
    if out.problems.is_empty() {
        out.rules = rules;
        out.stream = stream;
    }
    out
}

struct Compiler<'a, R> {
    key: &'a RouteKey,
    references: &'a R,
    out: Compiled,
}

impl<R: References> Compiler<'_, R> {
    fn problem(&mut self, path: String, message: impl Into<String>) {
        self.out.problems.push(Problem { path, message: message.into() });
    }

    fn stream(&mut self, rules: &[StreamRule]) -> Option<CompiledStream> {
        let (first, more) = rules.split_first()?;
        if !more.is_empty() {
            let kind = self.key.kind;
            self.problem("spec.rules".into(), format!("a {} has one rule", kind.as_str()));
        }
        for name in first.unknown.keys() {
            self.problem(format!("spec.rules[0].{name}"), "this field is not supported");
        }
        let mut backends = Vec::with_capacity(first.backend_refs.len());
        for (number, backend) in first.backend_refs.iter().enumerate() {
            backends.push((backend.weight, self.backend(&format!("spec.rules[0].backendRefs[{number}]"), backend)));
        }
        Some(CompiledStream { route: self.key.clone(), backends: Backends::new(backends) })
    }

    /// What headers must be. Of two entries with one name, in whatever case, the first counts.
    fn header_rules(&mut self, at: &str, wanted: &[ValueMatch]) -> Vec<(HeaderName, TextRule)> {
        let mut headers: Vec<(HeaderName, TextRule)> = Vec::with_capacity(wanted.len());
        for (number, wanted) in wanted.iter().enumerate() {
            let at = format!("{at}.headers[{number}]");
            let rule = self.text_rule(&at, wanted);
            let name = self.header_name(format!("{at}.name"), &wanted.name);
            if let Some((name, rule)) = name.zip(rule)
                && headers.iter().all(|(other, _)| *other != name)
            {
                headers.push((name, rule));
            }
        }
        headers
    }

    fn text_rule(&mut self, at: &str, wanted: &ValueMatch) -> Option<TextRule> {
        match wanted.kind.as_deref().unwrap_or("Exact") {
            "Exact" => Some(TextRule::Exact(wanted.value.clone())),
            "RegularExpression" => self.pattern(format!("{at}.value"), &wanted.value).map(TextRule::Regex),
            other => {
                self.problem(format!("{at}.type"), format!("{other:?} is not one of Exact, RegularExpression"));
                None
            }
        }
    }

    /// A regular expression that the whole text must match, in RE2's syntax as the regex crate reads it.
    fn pattern(&mut self, path: String, text: &str) -> Option<Regex> {
        match regex::RegexBuilder::new(&format!("^(?:{text})$")).size_limit(LARGEST_PATTERN).build() {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                self.problem(path, format!("{text:?} is not a regular expression that can be used: {error}"));
                None
            }
        }
    }

    fn header_name(&mut self, path: String, text: &str) -> Option<HeaderName> {
        let name = HeaderName::from_bytes(text.as_bytes()).ok();
        if name.is_none() {
            self.problem(path, format!("{text:?} is not a header's name"));
        }
        name
    }
}

#[cfg(test)]
mod tests;
