//! Which rule a request belongs to: by listener, host, path, then the rest, with the precedence that Gateway API demands.
//!
//! A table is made anew beside the one in use and swapped in; parts that did not change are shared. A look-up costs the
//! number of labels of the host and of segments of the path, plus the rules of that very path.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderMap, Method};
use rustls::ServerConfig;

use super::hostname::{HostIndex, Hostname};
use super::rules::{CompiledMatch, CompiledRule, CompiledStream, PathRule};

/// Where rules are looked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) port: u16,
    pub(super) listener: Hostname,
    pub(super) host: Hostname,
}

/// All rules by port, listener and host.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    ports: HashMap<u16, Port>,
}

/// What is spoken on a port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Way {
    /// HTTP.
    #[default]
    Plain,
    /// TLS; what is in it, the listener says.
    Secure,
    /// Anything over TCP.
    Stream,
}

/// What a listener does with TLS.
#[derive(Debug, Clone)]
pub(super) enum Tls {
    /// Ends it and answers the HTTP in it.
    Http(Arc<ServerConfig>),
    /// Ends it and carries what is in it to a pod.
    Stream(Arc<ServerConfig>),
    /// Carries it to a pod as it is.
    Passthrough,
}

/// One listener as the table needs it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) hostname: Hostname,
    pub(super) tls: Option<Tls>,
}

#[derive(Debug, Clone, Default)]
struct Port {
    way: Way,
    listeners: HostIndex<Behind>,
}

/// What is behind a listener.
#[derive(Debug, Clone, Default)]
struct Behind {
    tls: Option<Tls>,
    pages: HostIndex<Arc<HostRules>>,
    streams: HostIndex<Arc<CompiledStream>>,
}

/// What one place leads to; none of both where no route is there.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    pub(super) rules: Option<Arc<HostRules>>,
    pub(super) stream: Option<Arc<CompiledStream>>,
}

/// The rules of one host name.
#[derive(Debug, Default)]
pub(super) struct HostRules {
    exact: HashMap<String, Vec<Candidate>>,
    regexes: Vec<Candidate>,
    /// By prefix without the final slash.
    prefixes: HashMap<String, Vec<Candidate>>,
    /// By method of gRPC, whatever the service.
    methods: HashMap<String, Vec<Candidate>>,
}

#[derive(Debug, Clone)]
struct Candidate {
    rule: Arc<CompiledRule>,
    at: usize,
}

/// A rule with its age, which decides between equals.
#[derive(Debug, Clone)]
pub(super) struct Aged {
    pub(super) rule: Arc<CompiledRule>,
    /// When its route was made, in seconds since 1970.
    pub(super) created: i64,
}

/// A rule that a request belongs to, and how many bytes of its path matched.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) rule: Arc<CompiledRule>,
    pub(super) prefix: usize,
}

impl Candidate {
    fn matched(&self) -> Option<&CompiledMatch> {
        self.rule.matches.get(self.at)
    }
}

impl HostRules {
    /// The rules of one host, in order of precedence within each path: a method first, then more headers, then more query
    /// parameters, then the older route, then its name, then the order in the route.
    pub(super) fn new(mut rules: Vec<Aged>) -> Self {
        rules.sort_by(|one, other| {
            let key = |aged: &Aged| (aged.created, aged.rule.route.clone(), aged.rule.index);
            key(one).cmp(&key(other))
        });
        let mut this = Self::default();
        for aged in &rules {
            for (at, found) in aged.rule.matches.iter().enumerate() {
                let entry = Candidate { rule: aged.rule.clone(), at };
                match &found.path {
                    PathRule::Exact(path) => this.exact.entry(path.clone()).or_default().push(entry),
                    PathRule::Prefix(prefix) => this.prefixes.entry(prefix.clone()).or_default().push(entry),
                    PathRule::Method(method) => this.methods.entry(method.clone()).or_default().push(entry),
                    PathRule::Regex(_) => this.regexes.push(entry),
                }
            }
        }
        let specific = |entry: &Candidate| {
            let found = entry.matched();
            Reverse(found.map(|found| (found.method.is_some(), found.headers.len(), found.query.len())))
        };
        for entries in this.exact.values_mut().chain(this.prefixes.values_mut()).chain(this.methods.values_mut()) {
            entries.sort_by_key(specific);
        }
        let length = |entry: &Candidate| match entry.matched().map(|found| &found.path) {
            Some(PathRule::Regex(pattern)) => pattern.as_str().len(),
            _ => 0,
        };
        this.regexes.sort_by_key(|entry| (Reverse(length(entry)), specific(entry)));
        this
    }

    fn find(&self, path: &str, admits: impl Fn(&CompiledMatch) -> bool) -> Option<Found> {
        let first = |entries: Option<&Vec<Candidate>>| {
            entries?.iter().find(|entry| entry.matched().is_some_and(&admits)).map(|entry| entry.rule.clone())
        };
        if let Some(rule) = first(self.exact.get(path)) {
            return Some(Found { rule, prefix: path.len() });
        }
        let by_pattern = self.regexes.iter().find(|entry| {
            entry.matched().is_some_and(|found| {
                matches!(&found.path, PathRule::Regex(pattern) if pattern.is_match(path)) && admits(found)
            })
        });
        if let Some(entry) = by_pattern {
            return Some(Found { rule: entry.rule.clone(), prefix: path.len() });
        }
        let mut prefix = path.trim_end_matches('/');
        loop {
            // A method of any service is less than any service that is named, and more than everything.
            if prefix.is_empty()
                && let Some(rule) = self.by_method(path, first)
            {
                return Some(Found { rule, prefix: 0 });
            }
            if let Some(rule) = first(self.prefixes.get(prefix)) {
                return Some(Found { rule, prefix: prefix.len() });
            }
            prefix = &prefix[..prefix.rfind('/')?];
        }
    }
}

impl HostRules {
    fn by_method(
        &self,
        path: &str,
        first: impl Fn(Option<&Vec<Candidate>>) -> Option<Arc<CompiledRule>>,
    ) -> Option<Arc<CompiledRule>> {
        if self.methods.is_empty() {
            return None;
        }
        let (service, method) = path.strip_prefix('/')?.split_once('/')?;
        if service.is_empty() || method.contains('/') { None } else { first(self.methods.get(method)) }
    }
}

impl Table {
    /// Puts what a place leads to, or takes the place away where that is nothing.
    pub(super) fn put(&mut self, place: &Place, content: Content) {
        let port = self.ports.entry(place.port).or_default();
        // A listener without routes still takes the requests of its host.
        if port.listeners.get(&place.listener).is_none() {
            port.listeners.insert(&place.listener, Behind::default());
        }
        if let Some(behind) = port.listeners.get_mut(&place.listener) {
            match content.rules {
                Some(rules) => behind.pages.insert(&place.host, rules),
                None => behind.pages.remove(&place.host),
            }
            match content.stream {
                Some(stream) => behind.streams.insert(&place.host, stream),
                None => behind.streams.remove(&place.host),
            }
        }
    }

    /// Makes the listeners of a port these, keeping the rules of those that stay.
    pub(super) fn keep_listeners(&mut self, port: u16, way: Way, listeners: &[Entry]) {
        let before = self.ports.remove(&port).unwrap_or_default();
        let mut kept = HostIndex::default();
        for listener in listeners.iter().rev() {
            let behind = before.listeners.get(&listener.hostname).cloned().unwrap_or_default();
            kept.insert(&listener.hostname, Behind { tls: listener.tls.clone(), ..behind });
        }
        if !kept.is_empty() {
            self.ports.insert(port, Port { way, listeners: kept });
        }
    }

    /// The ports that have listeners.
    pub(super) fn ports(&self) -> impl Iterator<Item = u16> {
        self.ports.keys().copied()
    }

    /// What is spoken on a port; HTTP where no listener says otherwise.
    pub(super) fn way(&self, port: u16) -> Way {
        self.ports.get(&port).map_or(Way::Plain, |port| port.way)
    }

    fn listener(&self, port: u16, host: &str) -> Option<&Behind> {
        self.ports.get(&port)?.listeners.admitting(host).next()
    }

    /// What the listener for this name (lower case; empty where the client named none) does with TLS.
    pub(super) fn tls(&self, port: u16, name: &str) -> Option<&Tls> {
        self.listener(port, name)?.tls.as_ref()
    }

    /// Whether requests for both names are the same listener's.
    pub(super) fn same_listener(&self, port: u16, one: &str, other: &str) -> bool {
        match (self.listener(port, one), self.listener(port, other)) {
            (Some(one), Some(other)) => std::ptr::eq(one, other),
            (None, None) => true,
            _ => false,
        }
    }

    /// Where a connection for this name goes.
    pub(super) fn stream(&self, port: u16, name: &str) -> Option<Arc<CompiledStream>> {
        self.listener(port, name)?.streams.admitting(name).next().cloned()
    }

    /// The rule for a request to `host` (lower case, without a port) that came in on `port`.
    ///
    /// The most specific listener that admits the host takes the request; among its routes more specific host names go
    /// first, then exact paths, regular expressions, and prefixes from the longest on.
    pub(super) fn find(
        &self,
        port: u16,
        host: &str,
        method: &Method,
        path: &str,
        query: Option<&str>,
        headers: &HeaderMap,
    ) -> Option<Found> {
        let pages = &self.listener(port, host)?.pages;
        pages.admitting(host).find_map(|rules| rules.find(path, |found| found.admits(method, headers, query)))
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;
    use rstest::rstest;

    use super::super::objects::{Kind, RouteKey};
    use super::super::rules::{Backends, TextRule};
    use super::*;
    use crate::network::ObjectKey;

    /// `host path [METHOD] [h:name=value] [q:name=value]`; the route's name is `name@created`.
    fn rule(line: &str) -> (Hostname, Aged) {
        let (name, rest) = line.split_once(": ").expect("a name");
        let (name, created) = name.split_once('@').unwrap_or((name, "0"));
        let mut words = rest.split_whitespace();
        let host = Hostname::parse(words.next().filter(|host| *host != "-").unwrap_or_default());
        let path = match words.next().expect("a path") {
            path if path.starts_with('=') => PathRule::Exact(path[1..].to_owned()),
            path if path.starts_with('.') => PathRule::Method(path[1..].to_owned()),
            path if path.starts_with('~') => {
                PathRule::Regex(Regex::new(&format!("^(?:{})$", &path[1..])).expect("a pattern"))
            }
            path => PathRule::Prefix(path.trim_end_matches('/').to_owned()),
        };
        let mut found = CompiledMatch { path, method: None, headers: Vec::new(), query: Vec::new() };
        for word in words {
            let pair = |text: &str| {
                let (name, value) = text.split_once('=').expect("a pair");
                (name.to_owned(), TextRule::Exact(value.to_owned()))
            };
            match word.split_at_checked(2) {
                Some(("h:", rest)) => {
                    let (name, value) = pair(rest);
                    found.headers.push((name.parse().expect("a header"), value));
                }
                Some(("q:", rest)) => found.query.push(pair(rest)),
                _ => found.method = Some(word.parse().expect("a method")),
            }
        }
        let rule = CompiledRule {
            route: RouteKey { kind: Kind::Http, key: ObjectKey::new("ns", name) },
            index: 0,
            matches: vec![found],
            request_headers: Vec::new(),
            response_headers: Vec::new(),
            path: None,
            hostname: None,
            redirect: None,
            cors: None,
            mirrors: Vec::new(),
            backends: Backends::default(),
            request_timeout: None,
            backend_timeout: None,
            retries: None,
        };
        (host, Aged { rule: Arc::new(rule), created: created.parse().expect("a number") })
    }

    fn pages(rules: Vec<Aged>) -> Content {
        Content { rules: Some(Arc::new(HostRules::new(rules))), stream: None }
    }

    fn plain(hostname: Hostname) -> Entry {
        Entry { hostname, tls: None }
    }

    fn table(listener: &str, lines: &[&str]) -> Table {
        let mut by_host: HashMap<Hostname, Vec<Aged>> = HashMap::new();
        for line in lines {
            let (host, aged) = rule(line);
            by_host.entry(host).or_default().push(aged);
        }
        let mut table = Table::default();
        for (host, rules) in by_host {
            let place = Place { port: 80, listener: Hostname::parse(listener), host };
            table.put(&place, pages(rules));
        }
        table
    }

    fn ask(table: &Table, request: &str) -> String {
        let mut words = request.split_whitespace();
        let (method, host, target) = (words.next(), words.next(), words.next());
        let target = target.expect("a path");
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let mut headers = HeaderMap::new();
        for pair in words {
            let (name, value) = pair.split_once('=').expect("a header");
            headers.insert(name.parse::<http::HeaderName>().expect("a name"), value.parse().expect("a value"));
        }
        let method = method.expect("a method").parse().expect("a method");
        let found = table.find(80, host.expect("a host"), &method, path, query, &headers);
        found.map_or_else(|| "nothing".to_owned(), |found| found.rule.route.key.name.clone())
    }

    const ROUTES: &[&str] = &[
        "root: - /",
        "foo: - /foo",
        "foo-slash-bar: - /foo/bar/",
        "foo-exact: - =/foo",
        "pattern: - ~/v[0-9]+/.*",
        "v1: - /v1",
        "get: - /m GET",
        "any-method: - /m h:x=1 h:y=2 q:a=1",
        "one-header: - /h h:x=1",
        "two-headers: - /h h:x=1 h:y=2",
        "header-and-query: - /h h:x=1 q:a=1",
        "query: - /h q:a=1",
        "late@20: - /same",
        "early@10: - /same",
        "a-name@5: - /tie",
        "b-name@5: - /tie",
        "exact-host: a.example.com /",
        "exact-host-foo: a.example.com /foo",
        "wild: *.example.com /wild",
        "wild-foo: *.example.com /foo",
        "wild-deep: *.b.example.com /",
        "method: grpc.test .Echo",
        "service: grpc.test /shop.Cart",
        "call: grpc.test =/shop.Cart/Add",
        "any-call: grpc.test /",
    ];

    #[rstest]
    #[case("GET x.test /", "root")]
    #[case("GET x.test /other", "root")]
    #[case("GET x.test /foo", "foo-exact")]
    #[case("GET x.test /foo/", "foo")]
    #[case("GET x.test /foobar", "root")]
    #[case("GET x.test /foo/baz", "foo")]
    #[case("GET x.test /foo/bar", "foo-slash-bar")]
    #[case("GET x.test /foo/bar/deep/er?q=1", "foo-slash-bar")]
    #[case("GET x.test /FOO", "root")]
    #[case("GET x.test /v1", "v1")]
    #[case("GET x.test /v1/x", "pattern")]
    #[case("GET x.test /m x=1 y=2", "get")]
    #[case("POST x.test /m?a=1 x=1 y=2", "any-method")]
    #[case("POST x.test /m", "root")]
    #[case("GET x.test /h x=1 y=2", "two-headers")]
    #[case("GET x.test /h?a=1 x=1", "header-and-query")]
    #[case("GET x.test /h?a=1 x=1 y=2", "two-headers")]
    #[case("GET x.test /h?a=1", "query")]
    #[case("GET x.test /h x=2", "root")]
    #[case("GET x.test /same", "early")]
    #[case("GET x.test /tie", "a-name")]
    #[case("GET a.example.com /wild", "exact-host")]
    #[case("GET a.example.com /foo/x", "exact-host-foo")]
    #[case("GET c.example.com /wild/x", "wild")]
    #[case("GET c.example.com /foo", "wild-foo")]
    #[case("GET c.example.com /nowhere", "root")]
    #[case("GET x.b.example.com /wild", "wild-deep")]
    #[case("POST grpc.test /shop.Cart/Add", "call")]
    #[case("POST grpc.test /shop.Cart/Echo", "service")]
    #[case("POST grpc.test /shop.Other/Echo", "method")]
    #[case("POST grpc.test /shop.Other/Echo/more", "any-call")]
    #[case("POST grpc.test /shop.Other/Add", "any-call")]
    fn the_rule_with_precedence_is_found(#[case] request: &str, #[case] expected: &str) {
        assert_eq!(ask(&table("", ROUTES), request), expected);
    }

    #[test]
    fn the_most_specific_listener_takes_the_request_even_without_a_route_for_it() {
        let mut table = table("", &["any: - /"]);
        let special = Hostname::parse("special.example.com");
        table.put(&Place { port: 80, listener: special.clone(), host: special.clone() }, Content::default());
        assert_eq!(ask(&table, "GET special.example.com /"), "nothing");
        assert_eq!(ask(&table, "GET other.example.com /"), "any");
        table.keep_listeners(80, Way::Plain, &[plain(Hostname::Any)]);
        assert_eq!(ask(&table, "GET special.example.com /"), "any");
        table.keep_listeners(80, Way::Plain, &[plain(special)]);
        assert_eq!(ask(&table, "GET other.example.com /"), "nothing");
        table.keep_listeners(80, Way::Plain, &[]);
        assert_eq!(table.ports().count(), 0);
    }
}
