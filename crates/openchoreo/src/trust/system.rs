//! The store that most programs of a Linux system read.

use super::{Certificate, Machine, Outcome, Told, run};
use std::path::Path;

/// Where certificates are put, and what is run then.
struct Store {
    folder: &'static str,
    program: &'static str,
    args: &'static [&'static str],
}

/// The first whose folder and program are there is the system's.
const STORES: &[Store] = &[
    Store { folder: "/usr/local/share/ca-certificates", program: "update-ca-certificates", args: &[] },
    Store { folder: "/etc/pki/ca-trust/source/anchors", program: "update-ca-trust", args: &["extract"] },
    Store { folder: "/etc/ca-certificates/trust-source/anchors", program: "trust", args: &["extract-compat"] },
    Store { folder: "/etc/pki/trust/anchors", program: "update-ca-certificates", args: &[] },
];

/// Puts the certificate into the system's store, or takes it out.
pub(super) fn tell(machine: &Machine, certificate: &Certificate, remove: bool) -> Told {
    let found = STORES.iter().find_map(|store| {
        let folder = machine.at(store.folder);
        Some((store, folder.is_dir().then_some(folder)?, machine.program(store.program)?))
    });
    let outcome = match found {
        None => Outcome::Not(format!(
            "no store found (ca-certificates is not installed?); give {} to the programs that are to trust it",
            certificate.file.display()
        )),
        Some((store, folder, program)) => {
            let file = folder.join(format!("{}.crt", certificate.name));
            match change(certificate, &file, remove) {
                Ok(false) => Outcome::Already,
                Ok(true) => match run(&program, store.args) {
                    Ok(()) => Outcome::Done,
                    Err(why) => Outcome::Not(format!("{} failed: {why}. Run it as root", program.display())),
                },
                Err(error) => {
                    let change = if remove {
                        format!("rm {}", file.display())
                    } else {
                        format!("cp {} {}", certificate.file.display(), file.display())
                    };
                    let update = [&[store.program], store.args].concat().join(" ");
                    Outcome::Not(format!("not permitted ({error}): sudo {change} && sudo {update}"))
                }
            }
        }
    };
    Told { store: "system".into(), outcome }
}

/// Says whether anything changed.
fn change(certificate: &Certificate, file: &Path, remove: bool) -> std::io::Result<bool> {
    if remove {
        return match std::fs::remove_file(file) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        };
    }
    let wanted = std::fs::read(&certificate.file)?;
    if std::fs::read(file).is_ok_and(|there| there == wanted) {
        return Ok(false);
    }
    std::fs::write(file, wanted)?;
    Ok(true)
}
