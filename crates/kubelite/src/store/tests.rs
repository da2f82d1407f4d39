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
    Write { shelf: "things".into(), path: name.into(), expected, draft, remove: false, under_way: None }
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

/// Tells on which thread each append and each clean-up is done; the append then waits until it may.
struct Traced {
    told: Sender<(String, usize)>,
    may: Arc<std::sync::Mutex<()>>,
}

impl Log for Traced {
    fn compacted(&mut self) -> Result<u64, OpenError> {
        Ok(0)
    }

    fn load(&mut self, _each: &mut dyn FnMut(Row) -> Result<(), OpenError>) -> Result<(), OpenError> {
        Ok(())
    }

    fn append(&mut self, rows: &[Row], _forgotten: &[u64], _floor: u64) -> Result<(), String> {
        self.told.send((thread(), rows.len())).map_err(|error| error.to_string())?;
        drop(self.may.lock().unwrap());
        Ok(())
    }

    fn forget(&mut self, revisions: &[u64], _floor: u64) -> Result<(), String> {
        self.told.send((format!("{} forgets", thread()), revisions.len())).map_err(|error| error.to_string())
    }

    fn backup(&mut self, _file: &Path) -> Result<(), String> {
        Ok(())
    }
}

fn thread() -> String {
    std::thread::current().name().unwrap_or_default().to_owned()
}

/// What was done by which thread.
type Tells = Receiver<(String, usize)>;

fn traced(history: History, faults: Option<Faults>) -> (Arc<Store>, Tells, Arc<std::sync::Mutex<()>>) {
    let ((told, tells), may) = (channel(), Arc::default());
    let store = Store::start(Traced { told, may: Arc::clone(&may) }, None, history, faults).unwrap();
    (Arc::new(store), tells, may)
}

/// A write of a request beside so many others.
fn requested(others: usize, write: Write) -> (Write, Vec<Entered>) {
    let under_way = UnderWay::default();
    let entered = (0..=others).map(|_| under_way.enter()).collect();
    (Write { under_way: Some(under_way), ..write }, entered)
}

/// As the port does it: in a task of its own.
async fn asked(store: &Arc<Store>, others: usize, write: Write) -> Result<Arc<Stored>, WriteError> {
    let (store, (write, _entered)) = (store.clone(), requested(others, write));
    tokio::spawn(async move { store.write(write).await }).await.unwrap()
}

/// Waits until the writer's thread, which may just have answered, is at rest.
fn rest(store: &Store) {
    while store.desk.free().is_none() {
        std::thread::yield_now();
    }
}

const WRITER: &str = "kubelite-writer";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_alone_writes_on_its_own_thread_and_all_others_leave_it_to_the_writer() {
    let (store, tells, _) = traced(History::default(), None);
    asked(&store, 0, write("a", None, "1")).await.unwrap();
    let (first, rows) = tells.recv().unwrap();
    assert_eq!((first != WRITER, rows), (true, 1));
    asked(&store, 1, write("b", None, "1")).await.unwrap();
    assert_eq!(tells.recv().unwrap(), (WRITER.into(), 1));
    store.write(write("c", None, "1")).await.unwrap();
    assert_eq!(tells.recv().unwrap(), (WRITER.into(), 1));
    rest(&store);
    let watchers: Vec<_> = (0..=FEW).map(|_| store.shelf("things").changes()).collect();
    asked(&store, 0, write("d", None, "1")).await.unwrap();
    assert_eq!(tells.recv().unwrap(), (WRITER.into(), 1), "many watchers are not woken before the answer");
    rest(&store);
    assert!(watchers.iter().all(|watcher| watcher.has_changed().unwrap()));
    drop(watchers);
    asked(&store, 0, write("e", None, "1")).await.unwrap();
    assert_ne!(tells.recv().unwrap().0, WRITER);
    assert_eq!(store.revision(), 5);
}

#[tokio::test]
async fn a_runtime_with_one_worker_is_never_held_up() {
    let (store, tells, _) = traced(History::default(), None);
    asked(&store, 0, write("a", None, "1")).await.unwrap();
    assert_eq!(tells.recv().unwrap(), (WRITER.into(), 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_come_in_one_order_whoever_writes_them() {
    const TASKS: usize = 8;
    const WRITES: usize = 60;
    let (store, _tells, _) = traced(History::default(), None);
    let tasks = (0..TASKS).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            let (mut last, name) = (None, format!("o-{task}"));
            let mut seen = Vec::new();
            for number in 0..WRITES {
                // Each third goes by the queue; of the others each believes that it is alone.
                let (write, _entered) = requested(usize::from(number % 3 == 0), write(&name, last, "x"));
                last = Some(store.write(write).await.unwrap().revision);
                assert_eq!(store.shelf("things").get(&name).map(|object| object.revision), last);
                seen.extend(last);
            }
            seen
        })
    });
    let mut all = Vec::new();
    for seen in futures::future::join_all(tasks).await {
        let seen = seen.unwrap();
        assert!(seen.is_sorted());
        all.extend(seen);
    }
    all.sort_unstable();
    let expected: Vec<u64> = (1..=(TASKS * WRITES) as u64).collect();
    let Since::Events(events) = store.shelf("things").since(0, expected.len()) else { panic!("history is there") };
    let told: Vec<u64> = events.iter().map(|event| event.object.revision).collect();
    assert_eq!((all == expected, told == expected), (true, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_disk_refuses_to_who_is_alone_has_not_happened() {
    let broken = Arc::new(std::sync::Mutex::new(None));
    let which = broken.clone();
    let faults: Faults = Arc::new(move |point| *which.lock().unwrap() == Some(point));
    let (store, tells, _) = traced(History::default(), Some(faults));
    *broken.lock().unwrap() = Some(crate::FaultPoint::BeforeCommit);
    let refused = asked(&store, 0, write("a", None, "1")).await.unwrap_err();
    assert_eq!(refused.to_string(), "the store could not write: a fault was put here");
    assert_eq!((store.shelf("things").get("a").is_none(), store.revision()), (true, 0));
    // Committed, but nobody was told.
    *broken.lock().unwrap() = Some(crate::FaultPoint::AfterCommit);
    assert!(matches!(asked(&store, 0, write("a", None, "1")).await, Err(WriteError::Closed)));
    assert_eq!(store.shelf("things").get("a").unwrap().revision, 1);
    *broken.lock().unwrap() = None;
    assert!(matches!(asked(&store, 0, write("a", None, "2")).await, Err(WriteError::Changed(Some(_)))));
    assert_eq!(asked(&store, 0, write("a", Some(1), "2")).await.unwrap().revision, 2);
    drop(store);
    assert!(tells.iter().all(|(thread, _)| thread != WRITER));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_panic_in_the_middle_of_a_commit_nobody_writes_any_more() {
    let (store, _tells, _) = traced(History::default(), Some(Arc::new(|_| panic!("a defect"))));
    let (first, (write_alone, _entered)) = (store.clone(), requested(0, write("a", None, "1")));
    assert!(tokio::spawn(async move { first.write(write_alone).await }).await.unwrap_err().is_panic());
    for others in [0, 1] {
        assert!(matches!(asked(&store, others, write("a", None, "1")).await, Err(WriteError::Closed)));
    }
    assert!(store.shelf("things").get("a").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_waits_for_who_writes_on_its_own_and_refuses_who_comes_later() {
    let (store, tells, may) = traced(History::default(), None);
    let (writing, closing) = {
        let held = may.lock().unwrap();
        let write = requested(0, write("a", None, "1"));
        let (writer, closer) = (store.clone(), store.clone());
        let writing = tokio::spawn(async move { writer.write(write.0).await });
        assert_ne!(tells.recv().unwrap().0, WRITER);
        let closing = tokio::spawn(async move { closer.close().await });
        while store.thread.lock().unwrap().is_some() {
            std::thread::yield_now();
        }
        assert!(!writing.is_finished() && !closing.is_finished());
        drop(held);
        (writing, closing)
    };
    assert_eq!(writing.await.unwrap().unwrap().revision, 1);
    closing.await.unwrap();
    for others in [0, 1] {
        assert!(matches!(asked(&store, others, write("c", None, "1")).await, Err(WriteError::Closed)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_a_write_of_its_own_makes_superfluous_are_dropped_by_the_thread() {
    let (store, tells, _) = traced(History { bytes: 600_000, ..History::default() }, None);
    let mut last = None;
    for _ in 0..1000 {
        last = Some(store.write(write("small", last, "x")).await.unwrap().revision);
    }
    rest(&store);
    let before = tells.try_iter().filter(|(thread, _)| thread.ends_with("forgets")).count();
    // The history of the large one takes the place of hundreds of the small one's.
    let large = "x".repeat(400_000);
    let revision = asked(&store, 0, write("large", None, &large)).await.unwrap().revision;
    asked(&store, 0, write("large", Some(revision), "x")).await.unwrap();
    assert!(tells.iter().take(2).all(|(thread, _)| thread != WRITER));
    assert_eq!((before, tells.recv().unwrap()), (0, (format!("{WRITER} forgets"), 128)));
}
