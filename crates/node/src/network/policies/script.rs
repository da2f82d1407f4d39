//! A filter as a script for `nft`: one table, replaced as a whole.

use std::fmt::{self, Write as _};
use std::net::Ipv4Addr;

use super::filter::{Chain, Door, Filter, Pass, Way};
use super::spans::Spans;
use crate::network::services::Protocol;

/// Where packets are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// What this computer routes; what its bridges pass on too, where the kernel hands that to this family.
    Ip,
    /// What its bridges pass on.
    Bridge,
}

impl Family {
    fn name(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Bridge => "bridge",
        }
    }

    /// How a connection is turned away. Bridges cannot answer.
    fn refusal(self) -> &'static str {
        match self {
            Self::Ip => "reject",
            Self::Bridge => "drop",
        }
    }
}

/// The script that makes the table carry out the filter. An empty filter needs no table.
pub(super) fn script(family: Family, table: &str, filter: &Filter) -> String {
    let mut text = removal(family, table);
    if !filter.is_empty() {
        // Writing to memory cannot fail.
        let _ = write_table(&mut text, family, table, filter);
    }
    text
}

/// The script that takes the table away, whether it is there or not.
pub(super) fn removal(family: Family, table: &str) -> String {
    let family = family.name();
    format!("table {family} {table}\ndelete table {family} {table}\n")
}

/// A script with all that scripts use, to ask whether it would be taken.
pub(super) fn sample(family: Family) -> String {
    let (name, refusal) = (family.name(), family.refusal());
    format!(
        "table {name} pods-sample {{
	chain out-0 {{ ip daddr . tcp dport {{ 192.0.2.1 . 80 }} return; {refusal}; }}
	chain forward {{
		type filter hook forward priority filter; policy accept;
		ct state established,related accept
		ip saddr vmap {{ 192.0.2.1 : jump out-0 }}
	}}
}}
"
    )
}

fn write_table(text: &mut String, family: Family, table: &str, filter: &Filter) -> fmt::Result {
    writeln!(text, "table {} {table} {{", family.name())?;
    for (number, chain) in filter.chains.iter().enumerate() {
        writeln!(text, "\tchain {} {{", name(chain, number))?;
        for pass in &chain.passes {
            for condition in conditions(chain.way, pass) {
                writeln!(text, "\t\t{condition}return")?;
            }
        }
        writeln!(text, "\t\t{}\n\t}}", family.refusal())?;
    }
    writeln!(text, "\tchain forward {{\n\t\ttype filter hook forward priority filter; policy accept;")?;
    writeln!(text, "\t\tct state established,related accept")?;
    for strangers in &filter.strangers {
        for way in &strangers.ways {
            let (own, range) = (own(*way), strangers.range);
            let but = match set(&strangers.known) {
                Some(known) => format!("ip {own} != {known} "),
                None => String::new(),
            };
            // Silence, so that the client asks again when the pod is known.
            writeln!(text, "\t\tip {own} {range} {but}drop")?;
        }
    }
    for (way, table) in [(Way::Out, &filter.out), (Way::In, &filter.into)] {
        let jumps = table.iter().filter_map(|(address, number)| {
            Some(format!("{address} : jump {}", name(filter.chains.get(*number)?, *number)))
        });
        let jumps: Vec<String> = jumps.collect();
        if !jumps.is_empty() {
            writeln!(text, "\t\tip {} vmap {{ {} }}", own(way), jumps.join(", "))?;
        }
    }
    writeln!(text, "\t}}\n}}")
}

fn name(chain: &Chain, number: usize) -> String {
    match chain.way {
        Way::Out => format!("out-{number}"),
        Way::In => format!("in-{number}"),
    }
}

/// The address of the pod that a policy is about.
fn own(way: Way) -> &'static str {
    match way {
        Way::Out => "saddr",
        Way::In => "daddr",
    }
}

/// The matches of a pass, each followed by a space: one for each protocol.
fn conditions(way: Way, pass: &Pass) -> Vec<String> {
    let other = if way == Way::Out { "daddr" } else { "saddr" };
    let peers = match &pass.peers {
        None => String::new(),
        Some(peers) => set(peers).map(|set| format!("ip {other} {set} ")).unwrap_or_default(),
    };
    let each = |of: &dyn Fn(Protocol) -> Option<String>| -> Vec<String> {
        let all = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp].into_iter();
        all.filter_map(|protocol| Some(format!("{peers}{} ", of(protocol)?))).collect()
    };
    match &pass.ports {
        Door::All => vec![peers],
        Door::Ports(ports) => each(&|protocol| {
            let own = ports.iter().filter(|(of, _, _)| *of == protocol).map(|(_, first, last)| (*first, *last));
            let own: Vec<(u16, u16)> = own.collect();
            let name = lower(protocol);
            if own == [(0, u16::MAX)] {
                return Some(format!("meta l4proto {name}"));
            }
            let spans = own.iter().map(|(first, last)| span(*first, *last)).collect::<Vec<_>>().join(", ");
            (!own.is_empty()).then(|| format!("{name} dport {{ {spans} }}"))
        }),
        Door::Named(doors) => each(&|protocol| {
            let own = doors.iter().filter(|(_, of, _)| *of == protocol);
            let own: Vec<String> = own.map(|(address, _, port)| format!("{address} . {port}")).collect();
            (!own.is_empty()).then(|| format!("ip daddr . {} dport {{ {} }}", lower(protocol), own.join(", ")))
        }),
    }
}

fn lower(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Sctp => "sctp",
    }
}

/// A set of addresses; none where it is empty, which the language cannot say.
fn set(spans: &Spans) -> Option<String> {
    let each: Vec<String> = spans.each().map(|(first, last): (Ipv4Addr, Ipv4Addr)| span(first, last)).collect();
    (!each.is_empty()).then(|| format!("{{ {} }}", each.join(", ")))
}

fn span<T: Copy + PartialEq + fmt::Display>(first: T, last: T) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

#[cfg(test)]
mod tests {
    use super::super::filter::tests::stage;
    use super::*;
    use serde_json::json;

    #[test]
    fn the_script_replaces_the_table_as_a_whole() {
        let known = stage(&[
            (
                "shop",
                json!({"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [
                    {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": "sql"}, {"port": 80}, {"protocol": "UDP", "port": 53}]},
                    {"from": [{"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.0/28"]}}]},
                ]}),
            ),
            (
                "shop",
                json!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"], "egress": [
                    {"ports": [{"port": 8000, "endPort": 8010}, {"protocol": "SCTP"}]},
                ]}),
            ),
        ]);
        let expected = "\
table ip t
delete table ip t
table ip t {
	chain out-0 {
		tcp dport { 8000-8010 } return
		meta l4proto sctp return
		reject
	}
	chain in-1 {
		ip saddr { 10.1.0.2 } tcp dport { 80 } return
		ip saddr { 10.1.0.2 } udp dport { 53 } return
		ip saddr { 10.1.0.2 } ip daddr . tcp dport { 10.1.0.3 . 5432 } return
		ip saddr { 192.0.2.16-192.0.2.255 } return
		reject
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
		ct state established,related accept
		ip saddr 10.1.0.0/24 ip saddr != { 10.1.0.2-10.1.0.3 } drop
		ip daddr 10.1.0.0/24 ip daddr != { 10.1.0.2-10.1.0.3 } drop
		ip saddr vmap { 10.1.0.2 : jump out-0 }
		ip daddr vmap { 10.1.0.3 : jump in-1 }
	}
}
";
        assert_eq!(script(Family::Ip, "t", &Filter::of(&known)), expected);
    }

    #[test]
    fn without_policies_there_is_no_table() {
        let text = script(Family::Bridge, "t", &Filter::of(&stage(&[])));
        assert_eq!(text, "table bridge t\ndelete table bridge t\n");
    }
}
