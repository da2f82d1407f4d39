//! Data folders that cannot be used: refused by name with the way out, and left as they are.

use crate::server::{Place, Server, possible};
use nix::sys::signal::Signal;
use std::path::Path;
use std::process::{Command, Output};

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr.clone()).expect("text");
    let error = said.lines().find_map(|line| line.strip_prefix("error: "));
    error.unwrap_or_else(|| panic!("no error in {said:?}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_of_a_newer_version_is_refused_and_left_as_it_is() {
    let place = Place::new();
    let store = place.data().join("store");
    std::fs::create_dir_all(&store).expect("made");
    let server = kubelite::Server::open(kubelite::Options::folder(&store)).await.expect("opens");
    server.shutdown().await;
    let file = store.join("objects.db");
    let database = rusqlite::Connection::open(&file).expect("opens");
    database.execute("UPDATE meta SET value = 99 WHERE key = 'format'", []).expect("written");
    drop(database);
    let before = std::fs::read(&file).expect("read");
    let output = tokio::task::spawn_blocking(move || (place.command(&[]).output().expect("runs"), place));
    let (output, _place) = output.await.expect("runs");
    let error = refused(&output);
    assert!(error.contains("data format 99") && error.contains(&store.display().to_string()), "{error}");
    assert!(error.contains("newer"), "{error}");
    assert_eq!(std::fs::read(&file).expect("read"), before);
}

#[test]
fn a_range_for_services_that_something_else_has_is_named_with_the_way_out() {
    if !possible() {
        return;
    }
    let place = Place::new();
    let turn = Server::turn();
    std::fs::create_dir_all(place.data()).expect("made");
    std::fs::write(place.data().join("service-range"), "127.0.0.0/16").expect("written");
    let output = place.command(&["--no-platform"]).output().expect("runs");
    drop(turn);
    let error = refused(&output);
    assert!(error.contains("127.0.0.0/16") && error.contains("are used by something else"), "{error}");
    assert!(error.contains("--remove-on-exit") && error.contains(&place.data().display().to_string()), "{error}");
}

/// A small disk of its own at a folder.
struct Disk<'p>(&'p Path);

impl<'p> Disk<'p> {
    fn new(at: &'p Path, megabytes: u32) -> Self {
        std::fs::create_dir_all(at).expect("made");
        let disk = Self(at);
        disk.mount(&["-t", "tmpfs", "-o", &format!("size={megabytes}m,mode=0700"), "tmpfs"]);
        disk
    }

    fn mount(&self, words: &[&str]) {
        let done = Command::new("mount").args(words).arg(self.0).status().expect("mount runs");
        assert!(done.success(), "mount {words:?}");
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_or_read_only_is_told_and_nothing_is_lost() {
    if !possible() {
        return;
    }
    let mut server = Server::prepare();
    let data = server.place.data();
    let disk = Disk::new(&data, 64);
    tokio::task::block_in_place(|| server.start_again(&[]));
    full(&server).await;

    // Read-only: told at the start, and all is there when it is writable again.
    tokio::task::block_in_place(|| server.end(Signal::SIGTERM));
    disk.mount(&["-o", "remount,ro"]);
    let output = tokio::task::block_in_place(|| server.place.command(&[]).output().expect("runs"));
    let error = refused(&output);
    assert!(error.contains("Read-only file system") && error.contains(&data.display().to_string()), "{error}");
    disk.mount(&["-o", "remount,rw"]);
    tokio::task::block_in_place(|| server.start_again(&[]));
    let cluster = crate::cluster::Cluster(server.client().await);
    let kept = cluster.all::<model::Project>("default").await;
    let names: Vec<_> = kept.iter().filter_map(|project| project.metadata.name.as_deref()).collect();
    assert!(names.contains(&"kept") && names.contains(&"more"), "{names:?}");
    tokio::task::block_in_place(|| server.end(Signal::SIGTERM));
    drop(disk);
    tokio::task::block_in_place(|| drop(server));
}

/// A disk without room refuses writes and says so; reads go on; with room, all goes on.
async fn full(server: &Server) {
    let cluster = crate::cluster::Cluster(server.client().await);
    let project = |name: &str, size: usize| {
        let mut project = crate::shop::project(name).swap_remove(0);
        project["metadata"]["annotations"] = serde_json::json!({"note": "x".repeat(size)});
        project
    };
    cluster.apply_one(project("kept", 10)).await;
    let ballast = server.place.data().join("ballast");
    let mut file = std::fs::File::create(&ballast).expect("made");
    let piece = vec![0_u8; 64 * 1024];
    while std::io::Write::write_all(&mut file, &piece).is_ok() {}
    drop(file);
    // The store's file may have room of its own for a while.
    let mut size = 200_000;
    let error = loop {
        size += 1;
        if let Err(error) = cluster.try_apply(&project("more", size)).await {
            break error.to_string();
        }
        assert!(size < 200_500, "a disk without room takes writes");
    };
    assert!(error.contains("full"), "{error}");
    let kept = cluster.api::<model::Project>("default").get("kept").await.expect("reads go on");
    assert_eq!(kept.metadata.annotations.expect("annotations")["note"], "x".repeat(10));
    std::fs::remove_file(&ballast).expect("removed");
    cluster.try_apply(&project("more", 20)).await.expect("there is room again");
}
