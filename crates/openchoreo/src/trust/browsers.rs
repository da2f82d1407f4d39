//! The databases of browsers that keep certificates of their own: NSS, in the user's home.

use super::{Certificate, Machine, Outcome, Told, run};
use std::path::{Path, PathBuf};

/// Puts the certificate into each database, or takes it out.
pub(super) fn tell(machine: &Machine, certificate: &Certificate, remove: bool) -> Vec<Told> {
    let databases = databases(machine);
    let Some(program) = machine.program("certutil") else {
        let missing = |(store, folder): (String, PathBuf)| Told {
            store,
            outcome: Outcome::Not(format!(
                "{} is left as it is: certutil is missing (apt-get install libnss3-tools, dnf install nss-tools)",
                folder.display()
            )),
        };
        return databases.into_iter().map(missing).collect();
    };
    let change = |(store, folder): (String, PathBuf)| {
        let database = format!("sql:{}", folder.display());
        let there = run(&program, &["-L", "-d", &database, "-n", &certificate.name]).is_ok();
        let done = match (there, remove) {
            (true, false) | (false, true) => return Told { store, outcome: Outcome::Already },
            (false, false) => {
                let file = certificate.file.display().to_string();
                run(&program, &["-A", "-d", &database, "-t", "C,,", "-n", &certificate.name, "-i", &file])
            }
            (true, true) => run(&program, &["-D", "-d", &database, "-n", &certificate.name]),
        };
        let outcome = match done {
            Ok(()) => Outcome::Done,
            Err(why) => Outcome::Not(format!("{} cannot be changed: {why}", folder.display())),
        };
        Told { store, outcome }
    };
    databases.into_iter().map(change).collect()
}

/// Chromium's database, and one per profile of Firefox.
fn databases(machine: &Machine) -> Vec<(String, PathBuf)> {
    let Some(home) = &machine.home else { return Vec::new() };
    let is_database = |folder: &Path| folder.join("cert9.db").is_file();
    let mut found = Vec::new();
    let chromium = home.join(".pki/nssdb");
    if is_database(&chromium) {
        found.push(("chromium".to_owned(), chromium));
    }
    for place in [".mozilla/firefox", "snap/firefox/common/.mozilla/firefox"] {
        let Ok(profiles) = std::fs::read_dir(home.join(place)) else { continue };
        let mut profiles: Vec<_> =
            profiles.flatten().map(|entry| entry.path()).filter(|path| is_database(path)).collect();
        profiles.sort();
        found.extend(profiles.into_iter().map(|profile| ("firefox".to_owned(), profile)));
    }
    found
}
