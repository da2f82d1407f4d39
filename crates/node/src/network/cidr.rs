//! IPv4 address ranges: containment, overlap, and the choice of one that is free.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use thiserror::Error;

/// A range of IPv4 addresses in CIDR notation; the host part is always zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    base: u32,
    prefix: u8,
}

/// Why a text is not a range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is not an IPv4 range: expected an address and a prefix length such as 10.96.0.0/16")]
pub struct CidrError {
    text: String,
}

impl Cidr {
    /// The range that `address` with a prefix of `prefix` bits lies in. A prefix above 32 counts as 32.
    pub fn new(address: Ipv4Addr, prefix: u8) -> Self {
        let prefix = prefix.min(32);
        Self { base: u32::from(address) & mask(prefix), prefix }
    }

    /// The first address.
    pub fn first(self) -> Ipv4Addr {
        self.base.into()
    }

    /// The address `offset` places after the first, if it is in the range.
    pub fn nth(self, offset: u32) -> Option<Ipv4Addr> {
        let address = self.base.checked_add(offset)?.into();
        self.contains(address).then_some(address)
    }

    /// How many addresses the range has; the whole of IPv4 counts as one less.
    pub fn size(self) -> u32 {
        u32::try_from(1_u64 << (32 - self.prefix)).unwrap_or(u32::MAX)
    }

    /// The length of the prefix in bits.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether `address` lies in the range.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.prefix) == self.base
    }

    /// Whether the two ranges have an address in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.contains(other.first()) || other.contains(self.first())
    }

    /// The ranges of `prefix` bits inside this one, in order.
    pub fn split(self, prefix: u8) -> impl Iterator<Item = Cidr> {
        let prefix = prefix.clamp(self.prefix, 32);
        let count = 1_u64 << (prefix - self.prefix);
        let step = 1_u64 << (32 - prefix);
        let base = u64::from(self.base);
        (0..count).filter_map(move |index| {
            let first = u32::try_from(base + index * step).ok()?;
            Some(Cidr { base: first, prefix })
        })
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first(), self.prefix)
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let wrong = || CidrError { text: text.to_owned() };
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let address = address.parse().map_err(|_| wrong())?;
        let prefix = prefix.parse().ok().filter(|prefix| *prefix <= 32).ok_or_else(wrong)?;
        Ok(Self::new(address, prefix))
    }
}

/// The first of `candidates` that overlaps none of `taken`.
pub(super) fn first_free(candidates: impl IntoIterator<Item = Cidr>, taken: &[Cidr]) -> Option<Cidr> {
    candidates.into_iter().find(|candidate| !taken.iter().any(|other| other.overlaps(*candidate)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().expect("a range")
    }

    #[rstest]
    #[case("10.0.0.0/8", "10.200.0.0/16", true)]
    #[case("10.200.0.0/16", "10.0.0.0/8", true)]
    #[case("10.200.0.0/16", "10.201.0.0/16", false)]
    #[case("0.0.0.0/0", "192.0.2.0/24", true)]
    #[case("192.0.2.7/32", "192.0.2.0/24", true)]
    fn ranges_overlap_when_one_holds_the_other(#[case] a: &str, #[case] b: &str, #[case] expected: bool) {
        assert_eq!(cidr(a).overlaps(cidr(b)), expected);
    }

    #[rstest]
    #[case("10.0.0.0")]
    #[case("10.0.0.0/33")]
    #[case("10.0.0/8")]
    #[case("fd00::/8")]
    #[case("/")]
    fn what_is_not_a_range_is_refused(#[case] text: &str) {
        assert!(text.parse::<Cidr>().unwrap_err().to_string().contains(text));
    }

    #[test]
    fn the_first_range_that_overlaps_nothing_is_chosen() {
        let taken = [cidr("10.200.0.0/24"), cidr("10.200.2.128/25"), cidr("10.200.1.7/32")];
        assert_eq!(first_free(cidr("10.200.0.0/16").split(24), &taken), Some(cidr("10.200.3.0/24")));
        assert_eq!(first_free(cidr("10.200.0.0/23").split(24), &taken), None);
    }

    proptest! {
        #[test]
        fn parts_of_a_range_are_disjoint_and_inside(base: u32, prefix in 8_u8..=24, more in 0_u8..=6) {
            let whole = Cidr::new(base.into(), prefix);
            let parts: Vec<_> = whole.split(prefix + more).collect();
            prop_assert_eq!(parts.len(), 1 << more);
            for pair in parts.windows(2) {
                prop_assert!(!pair[0].overlaps(pair[1]));
            }
            prop_assert!(parts.iter().all(|part| whole.contains(part.first())));
            prop_assert_eq!(parts.iter().map(|part| part.size()).sum::<u32>(), whole.size());
        }
    }
}
