//! Sets of IPv4 addresses as ordered spans that do not touch.

use std::net::Ipv4Addr;

use crate::network::Cidr;

/// A set of addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Spans(Vec<(u32, u32)>);

impl Spans {
    pub(super) fn of(range: Cidr) -> Self {
        let first = u32::from(range.first());
        let host = u32::MAX.checked_shr(u32::from(range.prefix())).unwrap_or(0);
        Self(vec![(first, first | host)])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, address: Ipv4Addr) -> bool {
        let address = u32::from(address);
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&address))
    }

    pub(super) fn add(&mut self, other: &Self) {
        let mut all = std::mem::take(&mut self.0);
        all.extend(&other.0);
        self.0 = joined(all);
    }

    #[must_use]
    pub(super) fn without(self, ranges: &[Cidr]) -> Self {
        let mut left = self.0;
        for (first, last) in ranges.iter().flat_map(|range| Self::of(*range).0) {
            left = left
                .into_iter()
                .flat_map(|(from, to)| {
                    let before = first.checked_sub(1).map(|end| (from, end.min(to)));
                    let after = last.checked_add(1).map(|begin| (begin.max(from), to));
                    [before, after].into_iter().flatten().filter(|(from, to)| from <= to)
                })
                .collect();
        }
        Self(left)
    }

    /// First and last address of each span.
    pub(super) fn each(&self) -> impl Iterator<Item = (Ipv4Addr, Ipv4Addr)> {
        self.0.iter().map(|(first, last)| ((*first).into(), (*last).into()))
    }
}

impl FromIterator<Ipv4Addr> for Spans {
    fn from_iter<T: IntoIterator<Item = Ipv4Addr>>(addresses: T) -> Self {
        Self(joined(addresses.into_iter().map(|address| (address.into(), address.into())).collect()))
    }
}

fn joined(mut spans: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    spans.sort_unstable();
    let mut joined: Vec<(u32, u32)> = Vec::with_capacity(spans.len());
    for (first, last) in spans {
        match joined.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => joined.push((first, last)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn text(spans: &Spans) -> String {
        spans.each().map(|(first, last)| format!("{first}-{last}")).collect::<Vec<_>>().join(" ")
    }

    #[rstest]
    #[case("10.0.0.0/8", &[], "10.0.0.0-10.255.255.255")]
    #[case("0.0.0.0/0", &[], "0.0.0.0-255.255.255.255")]
    #[case("192.0.2.7/32", &[], "192.0.2.7-192.0.2.7")]
    #[case("192.0.2.0/24", &["192.0.2.0/28"], "192.0.2.16-192.0.2.255")]
    #[case("192.0.2.0/24", &["192.0.2.16/28", "192.0.2.240/28"], "192.0.2.0-192.0.2.15 192.0.2.32-192.0.2.239")]
    #[case("0.0.0.0/0", &["10.0.0.0/8", "255.255.255.255/32"], "0.0.0.0-9.255.255.255 11.0.0.0-255.255.255.254")]
    #[case("192.0.2.0/24", &["0.0.0.0/0"], "")]
    #[case("192.0.2.0/24", &["198.51.100.0/24"], "192.0.2.0-192.0.2.255")]
    fn a_range_without_others(#[case] range: &str, #[case] except: &[&str], #[case] expected: &str) {
        let except: Vec<Cidr> = except.iter().map(|range| range.parse().expect("a range")).collect();
        assert_eq!(text(&Spans::of(range.parse().expect("a range")).without(&except)), expected);
    }

    #[test]
    fn neighbours_become_one_span() {
        let addresses = [3, 1, 2, 9, 2].map(Ipv4Addr::from);
        assert_eq!(text(&addresses.into_iter().collect()), "0.0.0.1-0.0.0.3 0.0.0.9-0.0.0.9");
    }
}
