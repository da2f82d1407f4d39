//! No packet goes from the pods of one namespace to those of another: policy routing of our own.
//!
//! Engines promise to isolate their networks, but netavark before 1.7 takes the rule for all networks away with the last
//! container of one. These rules need no firewall program and nobody else touches them:
//!
//! ```text
//!  from pods to pods, sent by this computer (the proxy, the gateway) ─▶ main routing table
//!  from pods to pods, forwarded                                      ─▶ prohibited
//! ```
//!
//! Pods of one namespace meet on their bridge, which is not routed; virtual IPs and this computer's own addresses are
//! found in the local table before.

use std::net::{IpAddr, Ipv4Addr};

use futures::TryStreamExt as _;
use nix::errno::Errno;
use rtnetlink::packet_route::rule::{RuleAction, RuleAttribute, RuleMessage};
use rtnetlink::{IpVersion, RuleAddRequest};
use sha2::{Digest as _, Sha256};

use super::cidr::Cidr;
use super::error::NetworkError;
use super::kernel::{Kernel, errno, refused};

/// Priorities of the rules for what this computer sends; before all prohibitions, of other installations too.
const SENT: u32 = 11_000;
/// Priorities of the prohibitions.
const FORWARDED: u32 = 12_000;
const PLACES: u32 = 1_000;

/// One of our rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OurRule {
    from: Cidr,
    to: Cidr,
    prohibits: bool,
}

/// The rules of one installation.
#[derive(Debug)]
pub(super) struct Isolation {
    ranges: Vec<Cidr>,
    place: u32,
}

impl Isolation {
    pub(super) fn new(ranges: Vec<Cidr>, instance: &str) -> Self {
        Self { ranges, place: place(instance) }
    }

    /// Makes the rules what they should be; what is there stays in force meanwhile.
    pub(super) async fn ensure(&self, kernel: &Kernel) -> Result<(), NetworkError> {
        let wanted = self.rules();
        let present = self.present(kernel).await?;
        for rule in wanted.iter().filter(|rule| !present.iter().any(|(there, _)| there == *rule)) {
            match self.request(kernel, *rule).execute().await {
                Err(error) if errno(&error) != Some(Errno::EEXIST) => {
                    return Err(refused(&format!("keep the pods of {} and {} apart", rule.from, rule.to), &error));
                }
                _ => {}
            }
        }
        for (_, message) in present.into_iter().filter(|(there, _)| !wanted.contains(there)) {
            delete(kernel, message).await?;
        }
        Ok(())
    }

    /// Takes the rules away.
    pub(super) async fn remove(&self, kernel: &Kernel) -> Result<(), NetworkError> {
        // The prohibitions first, so that what this computer sends is never prohibited.
        let mut present = self.present(kernel).await?;
        present.sort_by_key(|(rule, _)| !rule.prohibits);
        for (_, message) in present {
            delete(kernel, message).await?;
        }
        Ok(())
    }

    /// All rules, those for what this computer sends first.
    fn rules(&self) -> Vec<OurRule> {
        let pairs = |prohibits| {
            self.ranges
                .iter()
                .flat_map(move |from| self.ranges.iter().map(move |to| OurRule { from: *from, to: *to, prohibits }))
        };
        pairs(false).chain(pairs(true)).collect()
    }

    fn request(&self, kernel: &Kernel, rule: OurRule) -> RuleAddRequest<Ipv4Addr> {
        let request = kernel.handle().rule().add().v4();
        let request = request
            .source_prefix(rule.from.first(), rule.from.prefix())
            .destination_prefix(rule.to.first(), rule.to.prefix());
        if rule.prohibits {
            request.priority(FORWARDED + self.place).action(RuleAction::Prohibit)
        } else {
            request.priority(SENT + self.place).action(RuleAction::ToTable).input_interface("lo".into())
        }
    }

    /// The rules at our priorities.
    pub(super) async fn present(&self, kernel: &Kernel) -> Result<Vec<(OurRule, RuleMessage)>, NetworkError> {
        let _alone = kernel.listing().await;
        let mut listed = kernel.handle().rule().get(IpVersion::V4).execute();
        let mut present = Vec::new();
        while let Some(message) = listed.try_next().await.map_err(|error| refused("list routing rules", &error))? {
            let (mut from, mut to, mut priority) = (None, None, 0);
            for attribute in &message.attributes {
                match attribute {
                    RuleAttribute::Source(IpAddr::V4(address)) => {
                        from = Some(Cidr::new(*address, message.header.src_len));
                    }
                    RuleAttribute::Destination(IpAddr::V4(address)) => {
                        to = Some(Cidr::new(*address, message.header.dst_len));
                    }
                    RuleAttribute::Priority(found) => priority = *found,
                    _ => {}
                }
            }
            if let (Some(from), Some(to), true) =
                (from, to, [SENT, FORWARDED].map(|base| base + self.place).contains(&priority))
            {
                let prohibits = message.header.action == RuleAction::Prohibit;
                present.push((OurRule { from, to, prohibits }, message));
            }
        }
        Ok(present)
    }
}

fn place(instance: &str) -> u32 {
    Sha256::digest(instance).iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) % PLACES
}

/// The priorities of the routing rules that an installation has while its network is there.
#[must_use]
pub fn rule_priorities(instance: &str) -> [u32; 2] {
    [SENT, FORWARDED].map(|base| base + place(instance))
}

async fn delete(kernel: &Kernel, message: RuleMessage) -> Result<(), NetworkError> {
    match kernel.handle().rule().del(message).execute().await {
        Err(error) if errno(&error) != Some(Errno::ENOENT) => Err(refused("remove a routing rule", &error)),
        _ => Ok(()),
    }
}
