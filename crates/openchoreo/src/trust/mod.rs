//! `openchoreo trust`: tells the programs of this computer to trust the gateway's local certificates, and takes it back.
//!
//! ```text
//!  data folder ─▶ ca.crt ─▶ system's store (curl, wget, most programs)
//!                       └─▶ NSS databases of the user (Chromium, Firefox)
//! ```
//!
//! Nothing is trusted unless this is run. Every store is told of by name: done, was so already, or the command that does it
//! with more rights.

mod browsers;
mod system;

use crate::cli::TrustOptions;
use crate::data_dir;
use anyhow::{Context, Result, bail};
use node::gateway::LocalAuthority;
use std::path::{Path, PathBuf};

/// The folder of the local authority inside the data folder.
pub(crate) const FOLDER: &str = "gateway";

/// What became of one store.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It trusts the certificate now, or does not any more.
    Done,
    /// It was so before.
    Already,
    /// It could not be changed: why, and what to do.
    Not(String),
}

/// A store and what became of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) store: String,
    pub(crate) outcome: Outcome,
}

/// Where stores are looked for: `/` and the user's home, or folders of a test.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) root: PathBuf,
    pub(crate) home: Option<PathBuf>,
    /// Folders with programs, in order.
    pub(crate) path: Vec<PathBuf>,
}

impl Machine {
    fn this() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut path: Vec<_> = std::env::split_paths(&path).collect();
        // Where programs for administrators are, which not every user's PATH has.
        path.extend(["/usr/sbin", "/sbin"].map(PathBuf::from));
        Self { root: "/".into(), home: std::env::var_os("HOME").map(PathBuf::from), path }
    }

    /// A program by its name.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        self.path.iter().map(|folder| folder.join(name)).find(|file| file.is_file())
    }

    /// A path of the system.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}

/// The certificate, and the name that it has in all stores.
#[derive(Debug)]
pub(crate) struct Certificate {
    pub(crate) file: PathBuf,
    pub(crate) name: String,
}

/// Runs the command.
#[allow(clippy::print_stdout, reason = "what was done is the command's output")]
pub(crate) fn main(options: &TrustOptions) -> Result<()> {
    let folder = data_dir::place(options.data_dir.as_deref())?;
    let authority = LocalAuthority::open(&folder.join(FOLDER)).context("there is no certificate to trust")?;
    let certificate = Certificate {
        file: authority.certificate_path().to_owned(),
        name: format!("openchoreo-local-{}", authority.fingerprint()),
    };
    println!("certificate {}", certificate.file.display());
    println!(
        "vouches for names below .localhost, .test, .internal, .local, .home.arpa, and for loopback addresses only"
    );
    let all = tell(&Machine::this(), &certificate, options.remove);
    let mut good = false;
    for told in &all {
        let words = match (&told.outcome, options.remove) {
            (Outcome::Done, false) => "trusts it now",
            (Outcome::Done, true) => "does not trust it any more",
            (Outcome::Already, false) => "trusts it already",
            (Outcome::Already, true) => "does not trust it",
            (Outcome::Not(why), _) => why,
        };
        good |= !matches!(told.outcome, Outcome::Not(_));
        println!("{:<12}{words}", told.store);
    }
    if !good {
        bail!("no store could be changed; the lines above say what to do");
    }
    Ok(())
}

/// Changes every store there is.
fn tell(machine: &Machine, certificate: &Certificate, remove: bool) -> Vec<Told> {
    let mut all = vec![system::tell(machine, certificate, remove)];
    all.extend(browsers::tell(machine, certificate, remove));
    all
}

/// Runs a program; its words where it fails.
fn run(program: &Path, args: &[&str]) -> Result<(), String> {
    let done = std::process::Command::new(program).args(args).output().map_err(|error| error.to_string())?;
    if done.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&done.stderr);
    Err(words.lines().next().map_or_else(|| format!("it ended with {}", done.status), str::to_owned))
}

#[cfg(test)]
mod tests;
