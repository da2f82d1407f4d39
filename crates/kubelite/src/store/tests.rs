//! The store on a disk that is slow, or refuses.

use std::{
    path::Path,
    sync::mpsc::{Receiver, Sender, channel},
};

use serde_json::json;

use super::{log::Row, *};

/// Answers each append with what it is told, and waits until it is told.
struct Told {
    asked: Sender<usize>,
    answers: Receiver<Result<(), String>>,
}

impl Log for Told {
    fn compacted(&mut self) -> Result<u64, OpenError> {
        Ok(0)
    }

    fn load(&mut self, _each: &mut dyn FnMut(Row) -> Result<(), OpenError>) -> Result<(), OpenError> {
        Ok(())
    }

    fn append(&mut self, rows: &[Row], _forgotten: &[u64], _floor: u64) -> Result<(), String> {
        self.asked.send(rows.len()).map_err(|error| error.to_string())?;
        self.answers.recv().unwrap_or_else(|error| Err(error.to_string()))
    }

    fn forget(&mut self, _revisions: &[u64], _floor: u64) -> Result<(), String> {
        Ok(())
    }

    fn backup(&mut self, _file: &Path) -> Result<(), String> {
        Ok(())
    }
}

fn store() -> (Arc<Store>, Receiver<usize>, Sender<Result<(), String>>) {
    let ((asked, asks), (answer, answers)) = (channel(), channel());
    let store = Store::start(Told { asked, answers }, None, History::default(), None).unwrap();
    (Arc::new(store), asks, answer)
}

fn write(name: &str, expected: Option<u64>, text: &str) -> Write {
    let draft = Draft::new(json!({"apiVersion": "v1", "metadata": {"name": name}, "text": text})).unwrap();
    Write { shelf: "things".into(), path: name.into(), expected, draft, remove: false }
}

async fn next(asks: Receiver<usize>) -> (usize, Receiver<usize>) {
    tokio::task::spawn_blocking(move || (asks.recv().unwrap(), asks)).await.unwrap()
}

#[tokio::test]
async fn nothing_is_seen_or_acknowledged_before_the_disk_has_it_and_reads_do_not_wait() {
    let (store, asks, answer) = store();
    let task = |write| {
        let store = store.clone();
        tokio::spawn(async move { store.write(write).await })
    };
    let first = task(write("a", None, "one"));
    let (rows, asks) = next(asks).await;
    assert_eq!((rows, store.revision(), first.is_finished()), (1, 0, false));
    assert!(store.shelf("things").get("a").is_none());
    // What comes meanwhile goes together.
    let others = [task(write("b", None, "one")), task(write("c", None, "one"))];
    while store.commands.capacity() > store.commands.max_capacity() - 2 {
        tokio::task::yield_now().await;
    }
    answer.send(Ok(())).unwrap();
    assert_eq!(first.await.unwrap().unwrap().revision, 1);
    let (rows, _asks) = next(asks).await;
    assert_eq!((rows, store.revision()), (2, 1));
    answer.send(Ok(())).unwrap();
    for other in others {
        other.await.unwrap().unwrap();
    }
    assert_eq!(store.revision(), 3);
}

#[tokio::test]
async fn what_the_disk_refuses_has_not_happened_and_the_next_write_goes_on() {
    let (store, _asks, answer) = store();
    answer.send(Ok(())).unwrap();
    let first = store.write(write("a", None, "one")).await.unwrap();
    answer.send(Err("database or disk is full".into())).unwrap();
    let refused = store.write(write("a", Some(first.revision), "two")).await.unwrap_err();
    assert_eq!(refused.to_string(), "the store could not write: database or disk is full");
    let shelf = store.shelf("things");
    assert_eq!((shelf.get("a").unwrap().value(), store.revision()), (first.value(), 1));
    answer.send(Ok(())).unwrap();
    let second = store.write(write("a", Some(first.revision), "three")).await.unwrap();
    assert_eq!((second.revision, shelf.get("a").unwrap().value()["text"].clone()), (2, json!("three")));
    let Since::Events(events) = shelf.since(0, 10) else { panic!("history is there") };
    assert_eq!(events.iter().map(|event| event.object.revision).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn history_keeps_to_its_bytes_and_the_largest_part_of_it_goes_first() {
    let history = History { bytes: 64 * 1024, ..History::default() };
    let store = Store::open(None, history, None).unwrap();
    let small = |revision| Write { shelf: "small".into(), ..write("a", revision, "x") };
    let mut kept = store.write(small(None)).await.unwrap().revision;
    kept = store.write(small(Some(kept))).await.unwrap().revision;
    let (mut last, text) = (None, "x".repeat(4000));
    for _ in 0..60 {
        last = Some(store.write(write("a", last, &text)).await.unwrap().revision);
    }
    let things = store.shelf("things");
    assert!(things.held() <= 64 * 1024 && things.held() > 20_000, "{}", things.held());
    assert!(matches!(things.since(kept, 1), Since::Expired));
    assert!(matches!(store.shelf("small").since(0, 10), Since::Events(events) if events.len() == 2));
}

#[tokio::test]
async fn a_list_can_be_had_as_it_was() {
    let store = Store::open(None, History::default(), None).unwrap();
    let (a, b) = (store.write(write("a", None, "1")).await.unwrap(), store.write(write("b", None, "1")).await.unwrap());
    let gone = Write { remove: true, ..write("a", Some(a.revision), "1") };
    store.write(write("b", Some(b.revision), "2")).await.unwrap();
    store.write(gone).await.unwrap();
    store.write(write("c", None, "1")).await.unwrap();
    let shelf = store.shelf("things");
    let names = |after: Option<&str>, at| -> Vec<(String, u64)> {
        let objects = shelf.list_at("", after, at).unwrap();
        objects.iter().map(|object| (object.name().to_owned(), object.revision)).collect()
    };
    let expect = |all: &[(&str, u64)]| -> Vec<(String, u64)> {
        all.iter().map(|(name, at)| ((*name).to_owned(), *at)).collect()
    };
    assert_eq!(names(None, 0), expect(&[]));
    assert_eq!(names(None, 1), expect(&[("a", 1)]));
    assert_eq!(names(None, 2), expect(&[("a", 1), ("b", 2)]));
    assert_eq!(names(Some("a"), 3), expect(&[("b", 3)]));
    assert_eq!(names(None, 4), expect(&[("b", 3)]));
    assert_eq!(names(None, 5), expect(&[("b", 3), ("c", 5)]));
}
