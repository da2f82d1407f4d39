//! Host names of listeners and routes: which meet, and which is looked at first.

use std::collections::HashMap;

/// A host name as listeners and routes write it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Hostname {
    /// Exactly this one.
    Exact(String),
    /// Any name with one or more labels before this suffix, which has no leading dot.
    Below(String),
    /// Any name.
    Any,
}

impl Hostname {
    pub(super) fn parse(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        match text.strip_prefix("*.") {
            Some(suffix) => Self::Below(suffix.to_owned()),
            None if text.is_empty() || text == "*" => Self::Any,
            None => Self::Exact(text),
        }
    }

    /// Says what is wrong with a host name of a route: an address, or a star anywhere but in its first place.
    pub(super) fn check(text: &str) -> Result<(), String> {
        if text.parse::<std::net::IpAddr>().is_ok() {
            return Err(format!("{text:?} is an address, not a host name"));
        }
        let rest = text.strip_prefix("*.").unwrap_or(text);
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if rest.split('.').all(label) { Ok(()) } else { Err(format!("{text:?} is not a host name")) }
    }

    /// What both admit; none if they never meet.
    pub(super) fn intersect(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Any, found) | (found, Self::Any) => Some(found.clone()),
            (Self::Exact(one), Self::Exact(two)) => (one == two).then(|| self.clone()),
            (Self::Exact(name), Self::Below(suffix)) | (Self::Below(suffix), Self::Exact(name)) => {
                is_below(name, suffix).then(|| Self::Exact(name.clone()))
            }
            (Self::Below(one), Self::Below(two)) => {
                if one == two || is_below(one, two) {
                    Some(self.clone())
                } else {
                    is_below(two, one).then(|| other.clone())
                }
            }
        }
    }
}

fn is_below(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

/// Values by host name.
#[derive(Debug, Clone)]
pub(super) struct HostIndex<T> {
    exact: HashMap<String, T>,
    below: HashMap<String, T>,
    any: Option<T>,
}

impl<T> Default for HostIndex<T> {
    fn default() -> Self {
        Self { exact: HashMap::new(), below: HashMap::new(), any: None }
    }
}

impl<T> HostIndex<T> {
    /// The values whose names admit `host` (lower case, without a port), the most specific first.
    pub(super) fn admitting<'a, 'h>(&'a self, host: &'h str) -> impl Iterator<Item = &'a T> + use<'a, 'h, T> {
        let suffixes = host.match_indices('.').filter_map(move |(dot, _)| host.get(dot + 1..));
        let below = suffixes.filter_map(|suffix| self.below.get(suffix));
        self.exact.get(host).into_iter().chain(below).chain(self.any.as_ref())
    }

    pub(super) fn get(&self, name: &Hostname) -> Option<&T> {
        match name {
            Hostname::Exact(name) => self.exact.get(name),
            Hostname::Below(suffix) => self.below.get(suffix),
            Hostname::Any => self.any.as_ref(),
        }
    }

    pub(super) fn get_mut(&mut self, name: &Hostname) -> Option<&mut T> {
        match name {
            Hostname::Exact(name) => self.exact.get_mut(name),
            Hostname::Below(suffix) => self.below.get_mut(suffix),
            Hostname::Any => self.any.as_mut(),
        }
    }

    pub(super) fn insert(&mut self, name: &Hostname, value: T) {
        match name {
            Hostname::Exact(name) => drop(self.exact.insert(name.clone(), value)),
            Hostname::Below(suffix) => drop(self.below.insert(suffix.clone(), value)),
            Hostname::Any => self.any = Some(value),
        }
    }

    pub(super) fn remove(&mut self, name: &Hostname) {
        match name {
            Hostname::Exact(name) => drop(self.exact.remove(name)),
            Hostname::Below(suffix) => drop(self.below.remove(suffix)),
            Hostname::Any => self.any = None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.below.is_empty() && self.any.is_none()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a.example.com", "a.example.com", Some("a.example.com"))]
    #[case("A.example.com", "a.EXAMPLE.com", Some("a.example.com"))]
    #[case("a.example.com", "b.example.com", None)]
    #[case("*.example.com", "a.example.com", Some("a.example.com"))]
    #[case("*.example.com", "a.b.example.com", Some("a.b.example.com"))]
    #[case("*.example.com", "example.com", None)]
    #[case("*.example.com", "aexample.com", None)]
    #[case("*.example.com", "*.b.example.com", Some("*.b.example.com"))]
    #[case("*.example.com", "*.example.com", Some("*.example.com"))]
    #[case("*.example.com", "*.example.org", None)]
    #[case("", "a.example.com", Some("a.example.com"))]
    #[case("", "*.example.com", Some("*.example.com"))]
    #[case("", "", Some(""))]
    fn listener_and_route_meet_in_the_narrower_name(
        #[case] listener: &str,
        #[case] route: &str,
        #[case] expected: Option<&str>,
    ) {
        let (listener, route) = (Hostname::parse(listener), Hostname::parse(route));
        assert_eq!(listener.intersect(&route), expected.map(Hostname::parse));
        assert_eq!(route.intersect(&listener), expected.map(Hostname::parse));
    }

    #[rstest]
    #[case("a.b.example.com", &["a.b.example.com", "*.b.example.com", "*.example.com", "*.com", ""])]
    #[case("b.example.com", &["*.example.com", "*.com", ""])]
    #[case("example.com", &["*.com", ""])]
    #[case("localhost", &[""])]
    fn names_are_looked_at_from_the_most_specific_on(#[case] host: &str, #[case] expected: &[&str]) {
        let mut index = HostIndex::default();
        for name in ["", "*.com", "*.example.com", "*.b.example.com", "a.b.example.com"] {
            index.insert(&Hostname::parse(name), name);
        }
        assert_eq!(index.admitting(host).copied().collect::<Vec<_>>(), expected);
    }
}
