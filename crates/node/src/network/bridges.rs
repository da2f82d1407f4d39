//! Container bridges keep their hardware address.
//!
//! A bridge that was never given a hardware address takes that of one of its ports, and another one when that port
//! leaves. Engines that give it none (netavark in Podman 4) thereby change the address of the gateway under the pods that
//! stay: what they send goes to an address that nobody has until their neighbour entry is asked for again, up to half a
//! minute later, and an answer on its way is lost for as long. Setting the address that the bridge has right now makes it
//! stay.

use std::net::IpAddr;

use futures::{StreamExt as _, TryStreamExt as _};
use rtnetlink::packet_core::NetlinkPayload;
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::address::{AddressAttribute, AddressMessage};
use rtnetlink::packet_route::link::{InfoKind, LinkAttribute, LinkInfo};
use rtnetlink::{Handle, LinkUnspec, MulticastGroup, new_multicast_connection};
use tokio_util::task::AbortOnDropHandle;

use super::cidr::Cidr;
use super::error::NetworkError;
use super::kernel::{is_missing, refused};

/// Looks after the bridges of pods until dropped.
#[derive(Debug)]
pub(super) struct Bridges {
    _task: AbortOnDropHandle<()>,
}

impl Bridges {
    /// Pins the bridges that hold an address of `ranges` and returns when those are done that are there by now. Others
    /// follow as soon as the kernel tells of them.
    pub(super) async fn start(ranges: Vec<Cidr>) -> Result<Self, NetworkError> {
        let opened = new_multicast_connection(&[MulticastGroup::Ipv4Ifaddr]);
        let (connection, handle, mut events) = opened.map_err(|error| NetworkError::Kernel {
            action: "listen to changes of interfaces".into(),
            reason: error.to_string(),
        })?;
        let connection = AbortOnDropHandle::new(tokio::spawn(connection));
        let mut there = Vec::new();
        let mut listed = handle.address().get().execute();
        while let Some(address) = listed.try_next().await.map_err(|error| refused("list addresses", &error))? {
            there.extend(holder(&address, &ranges));
        }
        for index in there {
            pin(&handle, index).await?;
        }
        let task = tokio::spawn(async move {
            let _connection = connection;
            while let Some((message, _)) = events.next().await {
                let NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewAddress(address)) = message.payload else {
                    continue;
                };
                let Some(index) = holder(&address, &ranges) else { continue };
                if let Err(error) = pin(&handle, index).await {
                    tracing::warn!(%error, "requests may wait long while pods of this network come and go");
                }
            }
        });
        Ok(Self { _task: AbortOnDropHandle::new(task) })
    }
}

/// The interface that holds this address, where it is one of `ranges`.
fn holder(address: &AddressMessage, ranges: &[Cidr]) -> Option<u32> {
    let ours = address.attributes.iter().any(|attribute| match attribute {
        AddressAttribute::Address(IpAddr::V4(address)) => ranges.iter().any(|range| range.contains(*address)),
        _ => false,
    });
    ours.then_some(address.header.index)
}

/// Sets the hardware address that the bridge has. Anything but a bridge is left alone, and so is what is gone by now.
async fn pin(handle: &Handle, index: u32) -> Result<(), NetworkError> {
    let action = || format!("pin the hardware address of interface {index}");
    let link = match handle.link().get().match_index(index).execute().try_next().await {
        Ok(Some(link)) => link,
        Ok(None) => return Ok(()),
        Err(error) if is_missing(&error) => return Ok(()),
        Err(error) => return Err(refused(&action(), &error)),
    };
    let bridge = |attribute: &LinkAttribute| matches!(attribute, LinkAttribute::LinkInfo(infos) if infos.contains(&LinkInfo::Kind(InfoKind::Bridge)));
    if !link.attributes.iter().any(bridge) {
        return Ok(());
    }
    let present = link.attributes.into_iter().find_map(|attribute| match attribute {
        LinkAttribute::Address(address) => Some(address),
        _ => None,
    });
    let Some(address) = present else { return Ok(()) };
    let set = LinkUnspec::new_with_index(index).address(address).build();
    match handle.link().set(set).execute().await {
        Err(error) if !is_missing(&error) => Err(refused(&action(), &error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::*;

    /// A bridge, and its ports, taken away at the end.
    struct Lab {
        name: &'static str,
    }

    impl Lab {
        fn ip(words: &str) {
            let done = Command::new("ip").args(words.split(' ')).status().expect("the program ip");
            assert!(done.success(), "ip {words}");
        }

        /// A port with an address below all that are made by chance, so that the bridge would take it.
        fn port(&self, number: u8) {
            let Self { name } = self;
            Self::ip(&format!("link add {name}p{number} type veth peer name {name}q{number}"));
            Self::ip(&format!("link set {name}p{number} address 02:00:00:00:00:0{number} master {name} up"));
        }

        fn address(&self) -> String {
            std::fs::read_to_string(format!("/sys/class/net/{}/address", self.name)).expect("it is there")
        }

        /// Whether the address was set, as the kernel says (`NET_ADDR_SET`).
        fn is_pinned(&self) -> bool {
            std::fs::read_to_string(format!("/sys/class/net/{}/addr_assign_type", self.name))
                .is_ok_and(|how| how.trim() == "3")
        }
    }

    impl Drop for Lab {
        fn drop(&mut self) {
            for number in 1..=2 {
                let _ = Command::new("ip").args(["link", "del", &format!("{}p{number}", self.name)]).output();
            }
            let _ = Command::new("ip").args(["link", "del", self.name]).output();
        }
    }

    fn possible() -> bool {
        let ip = ["/sbin/ip", "/usr/sbin/ip", "/bin/ip"].iter().any(|path| Path::new(path).exists());
        let possible = nix::unistd::geteuid().is_root() && ip;
        if !possible {
            println!("skipped: interfaces need root and the program ip");
        }
        possible
    }

    #[tokio::test]
    async fn a_bridge_of_pods_keeps_its_address_when_the_port_that_gave_it_leaves() {
        if !possible() {
            return;
        }
        let range: Cidr = "198.18.93.0/24".parse().expect("a range");
        // One that is there before, and one that comes later.
        let (before, after) = (Lab { name: "octestb1" }, Lab { name: "octestb2" });
        Lab::ip("link add octestb1 type bridge");
        Lab::ip("addr add 198.18.93.1/25 dev octestb1");
        before.port(1);
        let had = before.address();
        let _bridges = Bridges::start(vec![range]).await.expect("it listens");
        assert!(before.is_pinned());
        Lab::ip("link add octestb2 type bridge");
        // The kernel tells of the second address only when the first one's word has been taken.
        Lab::ip("addr add 198.18.93.129/25 dev octestb2");
        while !after.is_pinned() {
            tokio::task::yield_now().await;
        }
        let given = after.address();
        after.port(2);
        for lab in [&before, &after] {
            let (name, number) = (lab.name, if lab.name == "octestb1" { 1 } else { 2 });
            Lab::ip(&format!("link del {name}p{number}"));
        }
        assert_eq!((before.address(), after.address()), (had, given));
    }
}
