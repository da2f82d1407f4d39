//! The program `nft`: whether it is there, what it may do here, and one script at a time.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::script::Family;

/// The longest that one script may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where it lies besides `PATH`, which often has no folders of the system's programs.
const FOLDERS: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/local/sbin"];
/// Says 1 where bridges hand packets on to the filters of routed ones.
const HANDED_ON: &str = "/proc/sys/net/bridge/bridge-nf-call-iptables";

/// What this computer lets a filter see.
#[derive(Debug, Clone)]
pub(crate) struct Means {
    pub(super) nft: Option<Nft>,
    /// The families of tables that are needed for all that can be filtered.
    pub(super) families: Vec<Family>,
    /// Why what pods send to the world outside is not filtered.
    pub(super) no_outside: Option<String>,
    /// Why what pods of one namespace send each other directly is not filtered.
    pub(super) no_inside: Option<String>,
}

/// The program.
#[derive(Debug, Clone)]
pub(super) struct Nft(PathBuf);

impl Means {
    /// None, as for a network that has no containers.
    pub(crate) fn none(why: &str) -> Self {
        Self { nft: None, families: Vec::new(), no_outside: Some(why.into()), no_inside: Some(why.into()) }
    }

    /// Whether all that policies ask for can be filtered.
    #[cfg(test)]
    pub(crate) fn is_complete(&self) -> bool {
        self.no_inside.is_none() && self.no_outside.is_none()
    }

    /// Asks program and kernel; changes nothing.
    pub(crate) async fn find() -> Self {
        let Some(nft) = Nft::find() else {
            return Self::none(
                "the program nft is not installed on this computer; install it (package nftables) and start this server again",
            );
        };
        if let Err(words) = nft.check(Family::Ip).await {
            return Self::none(&format!(
                "nft cannot filter on this computer ({words}); it needs a kernel with nf_tables and CAP_NET_ADMIN: provide them and start this server again"
            ));
        }
        let mut means = Self { nft: Some(nft.clone()), families: vec![Family::Ip], no_outside: None, no_inside: None };
        let handed_on = tokio::fs::read_to_string(HANDED_ON).await.is_ok_and(|text| text.trim() == "1");
        if !handed_on {
            match nft.check(Family::Bridge).await {
                Ok(()) => means.families.push(Family::Bridge),
                Err(words) => {
                    means.no_inside = Some(format!(
                        "this kernel does not filter on bridges ({words}); load br_netfilter, set net.bridge.bridge-nf-call-iptables to 1 and start this server again"
                    ));
                }
            }
        }
        means
    }
}

impl Nft {
    fn find() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain(FOLDERS.map(PathBuf::from));
        folders.map(|folder| folder.join("nft")).find(|file| file.is_file()).map(Self)
    }

    /// Whether the kernel takes a table of that family with all that is used.
    async fn check(&self, family: Family) -> Result<(), String> {
        self.feed(&["--check", "--file", "-"], &super::script::sample(family)).await
    }

    /// Carries a script out, all of it or nothing.
    pub(super) async fn run(&self, script: &str) -> Result<(), String> {
        self.feed(&["--file", "-"], script).await
    }

    async fn feed(&self, arguments: &[&str], script: &str) -> Result<(), String> {
        let work = async {
            let mut child = Command::new(&self.0)
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .kill_on_drop(true)
                .spawn()?;
            if let Some(mut input) = child.stdin.take() {
                // A program that ends early says why on its way out.
                let _ = input.write_all(script.as_bytes()).await;
            }
            child.wait_with_output().await
        };
        match tokio::time::timeout(PATIENCE, work).await {
            Err(_) => Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
            Ok(Err(error)) => Err(error.to_string()),
            Ok(Ok(output)) if output.status.success() => Ok(()),
            Ok(Ok(output)) => {
                let words = String::from_utf8_lossy(&output.stderr);
                let line = words.lines().find(|line| line.contains("Error")).or(words.lines().next());
                Err(line.map_or_else(|| output.status.to_string(), |line| line.trim().to_owned()))
            }
        }
    }
}
