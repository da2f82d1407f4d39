//! Stores of a machine made of folders, with programs that write down how they were called.

use super::*;
use std::os::unix::fs::PermissionsExt;

struct Stage {
    folder: tempfile::TempDir,
    machine: Machine,
    certificate: Certificate,
}

fn stage(programs: &[(&str, &str)], folders: &[&str]) -> Stage {
    let folder = tempfile::tempdir().expect("a folder");
    let bin = folder.path().join("bin");
    std::fs::create_dir_all(&bin).expect("made");
    for (name, script) in programs {
        let file = bin.join(name);
        let log = folder.path().join("calls");
        std::fs::write(&file, format!("#!/bin/sh\necho {name} \"$@\" >> {}\n{script}\n", log.display()))
            .expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("chmod");
    }
    for path in folders {
        std::fs::create_dir_all(folder.path().join(path)).expect("made");
    }
    let file = folder.path().join("ca.crt");
    std::fs::write(&file, "a certificate").expect("written");
    let machine = Machine { root: folder.path().to_owned(), home: Some(folder.path().join("home")), path: vec![bin] };
    Stage { machine, certificate: Certificate { file, name: "openchoreo-local-x".into() }, folder }
}

impl Stage {
    fn told(&self, remove: bool) -> Vec<(String, Outcome)> {
        tell(&self.machine, &self.certificate, remove).into_iter().map(|told| (told.store, told.outcome)).collect()
    }

    fn calls(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("calls")).unwrap_or_default()
    }
}

#[test]
fn the_system_s_store_gets_the_certificate_once_and_gives_it_back() {
    let stage = stage(&[("update-ca-certificates", "")], &["usr/local/share/ca-certificates"]);
    let file = stage.folder.path().join("usr/local/share/ca-certificates/openchoreo-local-x.crt");
    assert_eq!(stage.told(false), [("system".to_owned(), Outcome::Done)]);
    assert_eq!(std::fs::read_to_string(&file).expect("there"), "a certificate");
    assert_eq!(stage.told(false), [("system".to_owned(), Outcome::Already)]);
    assert_eq!(stage.told(true), [("system".to_owned(), Outcome::Done)]);
    assert!(!file.exists());
    assert_eq!(stage.told(true), [("system".to_owned(), Outcome::Already)]);
    assert_eq!(stage.calls(), "update-ca-certificates\nupdate-ca-certificates\n");
}

#[test]
fn other_systems_have_other_stores() {
    let stage = stage(&[("update-ca-trust", "")], &["etc/pki/ca-trust/source/anchors"]);
    assert_eq!(stage.told(false), [("system".to_owned(), Outcome::Done)]);
    assert_eq!(stage.calls(), "update-ca-trust extract\n");
}

#[test]
fn a_machine_without_a_store_says_which_file_to_use() {
    let stage = stage(&[], &[]);
    let told = stage.told(false);
    let [(store, Outcome::Not(why))] = told.as_slice() else { panic!("{told:?}") };
    assert!(store == "system" && why.contains("no store found") && why.contains("ca.crt"), "{why}");
}

#[test]
fn a_store_that_may_not_be_written_is_told_with_the_commands_that_do_it() {
    // A folder that is a file cannot be written to by anybody, whoever runs the test.
    let stage = stage(&[("update-ca-certificates", "")], &["usr/local/share/ca-certificates"]);
    let blocked = stage.folder.path().join("usr/local/share/ca-certificates/openchoreo-local-x.crt");
    std::fs::create_dir(&blocked).expect("made");
    let told = stage.told(false);
    let [(_, Outcome::Not(why))] = told.as_slice() else { panic!("{told:?}") };
    let commands =
        format!("sudo cp {} {} && sudo update-ca-certificates", stage.certificate.file.display(), blocked.display());
    assert!(why.contains("not permitted") && why.ends_with(&commands), "{why}");
}

#[test]
fn browsers_are_told_by_certutil_where_it_is_there() {
    let profile = "home/.mozilla/firefox/abc.default";
    let listing = "case \"$1\" in -L) exit 1;; esac";
    let with = stage(&[("certutil", listing)], &["home/.pki/nssdb", profile]);
    for folder in ["home/.pki/nssdb", profile] {
        std::fs::write(with.folder.path().join(folder).join("cert9.db"), "").expect("written");
    }
    let stores: Vec<_> = with.told(false).into_iter().skip(1).collect();
    assert_eq!(stores, [("chromium".to_owned(), Outcome::Done), ("firefox".to_owned(), Outcome::Done)]);
    let database = with.folder.path().join("home/.pki/nssdb").display().to_string();
    let call =
        format!("certutil -A -d sql:{database} -t C,, -n openchoreo-local-x -i {}", with.certificate.file.display());
    assert!(with.calls().contains(&call), "{}", with.calls());

    let without = stage(&[], &["home/.pki/nssdb"]);
    std::fs::write(without.folder.path().join("home/.pki/nssdb/cert9.db"), "").expect("written");
    let told = without.told(false);
    let (_, Outcome::Not(why)) = &told[1] else { panic!("{told:?}") };
    assert!(why.contains("certutil is missing") && why.contains("libnss3-tools"), "{why}");
}
