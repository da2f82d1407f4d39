//! The choice of the Service range: one that no route, no network of the engine and no other installation uses.

use std::net::Ipv4Addr;

use super::cidr::Cidr;
use super::error::NetworkError;

/// Ranges tried for Services, in order.
pub(crate) const SERVICE_RANGES: [([u8; 4], u8); 4] =
    [([10, 96, 0, 0], 16), ([10, 208, 0, 0], 16), ([172, 30, 0, 0], 16), ([198, 19, 0, 0], 16)];
/// Ranges that the networks of pods are cut from, in order.
pub(crate) const POD_RANGES: [([u8; 4], u8); 3] = [([10, 200, 0, 0], 13), ([10, 168, 0, 0], 13), ([172, 24, 0, 0], 14)];
/// The prefix of one namespace's network: 253 pods.
pub(crate) const POD_PREFIX: u8 = 24;

/// A range of the table.
pub(crate) fn range((address, prefix): ([u8; 4], u8)) -> Cidr {
    Cidr::new(Ipv4Addr::from(address), prefix)
}

/// Chooses the Service range.
///
/// `asked` goes before everything. Otherwise, where Services have addresses already, the range that most of them lie in
/// is kept, so that addresses survive a restart. Otherwise the first of the table that overlaps nothing in `taken`.
pub(crate) fn service_range(asked: Option<Cidr>, assigned: &[Ipv4Addr], taken: &[Cidr]) -> Result<Cidr, NetworkError> {
    if let Some(range) = asked {
        return match taken.iter().find(|other| other.overlaps(range)) {
            Some(other) => Err(NetworkError::RangeInUse { what: "Service", range, with: other.to_string() }),
            None => Ok(range),
        };
    }
    let table = SERVICE_RANGES.map(range);
    let free = |range: &&Cidr| !taken.iter().any(|other| other.overlaps(**range));
    let inside = |range: &Cidr| assigned.iter().filter(|address| range.contains(**address)).count();
    let kept = table.iter().filter(|range| inside(range) > 0).filter(free).max_by_key(|range| inside(range));
    if let Some(kept) = kept.or_else(|| table.iter().find(free)) {
        return Ok(*kept);
    }
    let tried = table.map(|range| range.to_string()).join(", ");
    Err(NetworkError::NoFreeRange { what: "Services".into(), tried })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().expect("a range")
    }

    #[test]
    fn the_first_free_range_is_chosen_and_kept_while_services_are_in_it() {
        let choose = |assigned: &[[u8; 4]], taken: &[&str]| {
            let assigned: Vec<_> = assigned.iter().copied().map(Ipv4Addr::from).collect();
            let taken: Vec<_> = taken.iter().map(|text| cidr(text)).collect();
            service_range(None, &assigned, &taken).map(|range| range.to_string()).map_err(|error| error.to_string())
        };
        assert_eq!(choose(&[], &[]), Ok("10.96.0.0/16".into()));
        assert_eq!(choose(&[], &["10.0.0.0/9"]), Ok("10.208.0.0/16".into()));
        assert_eq!(choose(&[[10, 208, 0, 20]], &[]), Ok("10.208.0.0/16".into()));
        assert_eq!(choose(&[[10, 208, 0, 20]], &["10.208.9.0/24"]), Ok("10.96.0.0/16".into()));
        let full = choose(&[], &["10.0.0.0/8", "172.16.0.0/12", "198.18.0.0/15"]).unwrap_err();
        assert!(full.contains("10.96.0.0/16, 10.208.0.0/16, 172.30.0.0/16, 198.19.0.0/16"), "{full}");
    }

    #[test]
    fn a_range_asked_for_is_taken_or_refused_and_never_replaced() {
        let asked = cidr("10.96.0.0/16");
        assert_eq!(service_range(Some(asked), &[], &[cidr("10.97.0.0/16")]).ok(), Some(asked));
        let refused = service_range(Some(asked), &[], &[cidr("10.96.4.0/24")]).unwrap_err().to_string();
        assert!(refused.contains("10.96.0.0/16") && refused.contains("10.96.4.0/24"), "{refused}");
    }
}
