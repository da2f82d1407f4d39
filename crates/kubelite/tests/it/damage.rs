//! Damaged files: a store is refused by name, or it holds what was acknowledged. Nothing in between.

use std::path::Path;

use kubelite::{Options, Server};
use serde_json::{Value, json};

use crate::support::{fetch, post, raw};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const FILES: [&str; 3] = ["objects.db", "objects.db-wal", "objects.head"];

/// Numbers that are the same on every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % u64::try_from(end.max(1)).unwrap()) as usize
    }
}

async fn objects(server: &Server) -> Value {
    let mut list = fetch(&server.client(), MAPS).await.1;
    list["items"].take()
}

/// A store with some history: what a crash would leave of it, and what it acknowledged.
async fn image(into: &Path) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::open(Options::folder(folder.path())).await.unwrap();
    let client = server.client();
    let map = |number: usize, text: &str| json!({"metadata": {"name": format!("m-{number}")}, "data": {"k": text.repeat(40 * number)}});
    for number in 0..24 {
        post(&client, MAPS, &map(number, "first ")).await;
    }
    // Half of it into the database, the rest stays in the write-ahead log.
    rusqlite::Connection::open(folder.path().join("objects.db"))
        .unwrap()
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    for number in (0..24).step_by(3) {
        let path = format!("{MAPS}/m-{number}");
        assert_eq!(raw(&client, "PUT", &path, "application/json", &map(number, "second ")).await.0, 200);
    }
    for number in (1..24).step_by(6) {
        let path = format!("{MAPS}/m-{number}");
        assert_eq!(raw(&client, "DELETE", &path, "application/json", &Value::Null).await.0, 200);
    }
    for name in FILES {
        std::fs::copy(folder.path().join(name), into.join(name)).unwrap();
    }
    copy_keys(folder.path(), into);
    let known = objects(&server).await;
    server.shutdown().await;
    known
}

/// Making keys would take longer than everything else here.
fn copy_keys(from: &Path, into: &Path) {
    std::fs::create_dir_all(into.join("pki")).unwrap();
    for entry in std::fs::read_dir(from.join("pki")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), into.join("pki").join(entry.file_name())).unwrap();
    }
}

fn damage(bytes: &mut Vec<u8>, dice: &mut Dice) -> &'static str {
    let at = dice.below(bytes.len());
    let page = at / 4096 * 4096;
    let end = (page + 4096).min(bytes.len());
    match dice.below(4) {
        0 => {
            bytes[at] ^= 1 << dice.below(8);
            "a flipped bit"
        }
        1 => {
            bytes[page..end].fill(0);
            "a page of zeros"
        }
        2 => {
            bytes.truncate(at);
            "a torn end"
        }
        _ => {
            // An older page where a newer one should be, or one in another's place.
            let other = dice.below(bytes.len() / 4096) * 4096;
            let copy = bytes[other..(other + 4096).min(bytes.len())].to_vec();
            let length = copy.len().min(end - page);
            bytes[page..page + length].copy_from_slice(&copy[..length]);
            "a misplaced page"
        }
    }
}

#[tokio::test]
async fn a_damaged_store_is_refused_by_name_or_holds_all_that_was_acknowledged() {
    let image_folder = tempfile::tempdir().unwrap();
    let known = image(image_folder.path()).await;
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let (mut refused, mut recovered) = (0, 0);
    for case in 0..120 {
        let folder = tempfile::tempdir().unwrap();
        for name in FILES {
            std::fs::copy(image_folder.path().join(name), folder.path().join(name)).unwrap();
        }
        copy_keys(image_folder.path(), folder.path());
        let name = FILES[if case % 12 == 0 { 2 } else { case % 2 }];
        let file = folder.path().join(name);
        let mut bytes = std::fs::read(&file).unwrap();
        let what = damage(&mut bytes, &mut dice);
        std::fs::write(&file, &bytes).unwrap();
        match Server::open(Options::folder(folder.path())).await {
            Ok(server) => {
                assert_eq!(objects(&server).await, known, "case {case}: {what} in {name}");
                recovered += 1;
                server.shutdown().await;
            }
            Err(error) => {
                assert_ne!(name, "objects.head", "case {case}: {what}: {error}");
                let told = error.to_string();
                assert!(told.contains("damaged at"), "case {case}: {what} in {name}: {told}");
                assert_eq!(std::fs::read(&file).unwrap(), bytes, "case {case}: {name} was changed");
                refused += 1;
            }
        }
    }
    println!("{refused} refused, {recovered} recovered");
    assert!(refused > 50 && recovered > 5);
}

#[tokio::test]
async fn the_whole_image_opens_and_one_that_lost_its_log_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let known = image(folder.path()).await;
    std::fs::copy(folder.path().join("objects.db-wal"), folder.path().join("kept")).unwrap();
    std::fs::remove_file(folder.path().join("objects.db-wal")).unwrap();
    let refused = Server::open(Options::folder(folder.path())).await.unwrap_err().to_string();
    assert!(refused.contains("was acknowledged, but the log ends with"), "{refused}");
    std::fs::copy(folder.path().join("kept"), folder.path().join("objects.db-wal")).unwrap();
    let server = Server::open(Options::folder(folder.path())).await.unwrap();
    assert_eq!(objects(&server).await, known);
}
