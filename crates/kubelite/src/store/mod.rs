//! What is stored, on disk and in memory.
//!
//! ```text
//! verb ─ Draft ─▶ writer thread ─▶ Log (one transaction per batch, fsynced) ─▶ Shelf (objects + recent events) ─▶ gets, lists, watches
//! ```
//!
//! A write is acknowledged after its batch is on disk; readers see it from the same moment. Readers never touch the disk.
//!
//! A write of a request that is alone goes the same way, without the change of threads: it takes the writer from its desk itself.

mod checkpoint;
mod draft;
mod error;
mod labels;
mod layout;
mod lines;
mod lock;
mod log;
mod rescue;
mod room;
mod shelf;
mod sqlite;
mod stored;
#[cfg(test)]
mod tests;
mod under_way;
mod witness;
mod writer;

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::oneshot;

use crate::faults::Faults;

pub use self::error::OpenError;
pub(crate) use self::{
    draft::Draft,
    error::WriteError,
    lines::LineKey,
    shelf::{Event, EventKind, Shelf, Since},
    stored::{Owner, Stored},
    under_way::{Entered, UnderWay},
};
use self::{
    lock::FolderLock,
    log::{Log, MemoryLog, Row},
    rescue::Rescue,
    sqlite::SqliteLog,
    writer::{Command, Desk, Head, Writer},
};

/// How much of the past is kept for watches that resume.
#[derive(Debug, Clone)]
pub struct History {
    /// Events kept per resource.
    pub events: usize,
    /// Bytes of earlier states kept, of all resources; the resource that has most of them gives some up first.
    pub bytes: usize,
    /// Events older than this are dropped.
    pub age: Duration,
}

impl Default for History {
    fn default() -> Self {
        Self { events: 8192, bytes: 16 * 1024 * 1024, age: Duration::from_mins(5) }
    }
}

/// Told about every committed change, in order, on the writer's thread: must not block.
pub(crate) trait Observer: Send + Sync {
    /// One change of one shelf.
    fn observed(&self, shelf: &Arc<Shelf>, event: &Event);
}

/// How long ago something happened that is marked with milliseconds since 1970.
pub(crate) fn age(at: i64) -> Duration {
    Duration::from_millis(u64::try_from(writer::now() - at).unwrap_or(0))
}

/// What a write asks for.
pub(crate) struct Write {
    /// The shelf's name.
    pub(crate) shelf: Arc<str>,
    /// `namespace/name`, or `name`.
    pub(crate) path: Arc<str>,
    /// Revision that the object must have now; `None`: it must not exist.
    pub(crate) expected: Option<u64>,
    /// The new state; for a removal the last one.
    pub(crate) draft: Draft,
    /// Whether the object goes away.
    pub(crate) remove: bool,
    /// Where the request is a task of its own: the requests beside it.
    pub(crate) under_way: Option<UnderWay>,
}

/// With more watchers than this a request does not wake them before it is answered.
const FEW: usize = 16;

/// What became of a write.
enum Here {
    Done(Result<Arc<Stored>, WriteError>),
    /// Somebody else writes, or waits, or could not be served meanwhile.
    NotNow(Box<Write>),
}

/// The store: all shelves, one revision, one writer.
pub(crate) struct Store {
    shared: Arc<Shared>,
    commands: tokio::sync::mpsc::Sender<Command>,
    /// The writer: the thread has it for each batch, a request that is alone for its own write.
    desk: Arc<Desk>,
    rescue: Rescue,
    thread: std::sync::Mutex<Option<std::thread::JoinHandle<()>>>,
}

/// What readers and the writer share.
pub(crate) struct Shared {
    shelves: RwLock<HashMap<Arc<str>, Arc<Shelf>>>,
    revision: AtomicU64,
    floor: u64,
    observer: std::sync::OnceLock<Arc<dyn Observer>>,
}

impl Shared {
    /// All shelves that exist.
    fn all(&self) -> Vec<Arc<Shelf>> {
        self.shelves.read().unwrap_or_else(std::sync::PoisonError::into_inner).values().cloned().collect()
    }

    /// The shelf of that name, made when it is not there yet.
    fn shelf(&self, name: &str) -> Arc<Shelf> {
        if let Some(shelf) = self.shelves.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(name) {
            return shelf.clone();
        }
        let mut shelves = self.shelves.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let name: Arc<str> = name.into();
        shelves.entry(name.clone()).or_insert_with(|| Arc::new(Shelf::new(name, self.floor))).clone()
    }
}

impl Store {
    /// Opens the folder, or a store in memory that is gone when it is dropped.
    pub(crate) fn open(folder: Option<&Path>, history: History, faults: Option<Faults>) -> Result<Self, OpenError> {
        match folder {
            None => Self::start(MemoryLog, None, history, faults),
            Some(folder) => {
                let lock = FolderLock::take(folder)?;
                let log = SqliteLog::open(&folder.join("objects.db"))?;
                Self::start(log, Some(lock), history, faults)
            }
        }
    }

    fn start(
        mut log: impl Log + 'static,
        lock: Option<FolderLock>,
        history: History,
        faults: Option<Faults>,
    ) -> Result<Self, OpenError> {
        let floor = log.compacted()?;
        let mut shelves: HashMap<Arc<str>, Arc<Shelf>> = HashMap::new();
        let mut head = floor;
        let mut gone = Vec::new();
        log.load(&mut |row: Row| {
            head = head.max(row.revision);
            let shelf =
                shelves.entry(row.shelf.clone()).or_insert_with(|| Arc::new(Shelf::new(row.shelf.clone(), floor)));
            let stored = Stored::decode(row.path, row.revision, row.bytes).map_err(|problem| OpenError::Damaged {
                place: format!("revision {} ({})", row.revision, shelf.name()),
                problem,
            })?;
            // Rows below the floor are only there because they are still current: they are not history.
            shelf.load(Arc::new(stored), row.removed, row.at, row.revision > floor, &mut gone);
            Ok(())
        })?;
        let shared = Arc::new(Shared {
            shelves: RwLock::new(shelves),
            revision: AtomicU64::new(head),
            floor,
            observer: std::sync::OnceLock::new(),
        });
        let (commands, inbox) = tokio::sync::mpsc::channel(1024);
        let writer = Writer::new(shared.clone(), Box::new(log), history, Head { revision: head, floor, gone }, faults);
        let untidy = writer.untidy();
        let desk = Arc::new(Desk::new(writer));
        let own = desk.clone();
        let thread = std::thread::Builder::new()
            .name("kubelite-writer".into())
            .spawn(move || {
                own.run(inbox, untidy);
                drop(lock);
            })
            .map_err(|error| OpenError::Io { what: "starting the writer thread".into(), source: error })?;
        Ok(Self { shared, commands, desk, rescue: Rescue::start()?, thread: std::sync::Mutex::new(Some(thread)) })
    }

    /// Names the one that hears of every change; a second call is ignored.
    pub(crate) fn observe(&self, observer: Arc<dyn Observer>) {
        let _ = self.shared.observer.set(observer);
    }

    /// The shelf of that name.
    pub(crate) fn shelf(&self, name: &str) -> Arc<Shelf> {
        self.shared.shelf(name)
    }

    /// All shelves that exist.
    pub(crate) fn shelves(&self) -> Vec<Arc<Shelf>> {
        self.shared.all()
    }

    /// The newest revision that readers see.
    pub(crate) fn revision(&self) -> u64 {
        self.shared.revision.load(Ordering::Acquire)
    }

    /// Writes; answers when the change is on disk and visible.
    pub(crate) async fn write(&self, write: Write) -> Result<Arc<Stored>, WriteError> {
        let write = match self.write_here(Box::new(write)).await {
            Here::Done(answer) => return answer,
            Here::NotNow(write) => write,
        };
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Write { write, reply }).await.map_err(|_| WriteError::Closed)?;
        answer.await.map_err(|_| WriteError::Closed)?
    }

    /// Commits on this thread what a request writes that is alone: to wake another thread, and to be woken by it, would take longer than
    /// the commit itself.
    async fn write_here(&self, write: Box<Write>) -> Here {
        let alone = |write: &Write| write.under_way.as_ref().is_some_and(UnderWay::alone);
        if !alone(&write) || self.shelf(&write.shelf).watchers() > FEW {
            return Here::NotNow(write);
        }
        let Some(runtime) = rescue::runtime() else { return Here::NotNow(write) };
        // What a worker has woken itself, no other worker can take from it before it has come to the next task.
        tokio::task::yield_now().await;
        if !alone(&write) || self.commands.capacity() < self.commands.max_capacity() {
            return Here::NotNow(write);
        }
        let Some(mut desk) = self.desk.free() else { return Here::NotNow(write) };
        let Some(writer) = desk.as_mut() else { return Here::Done(Err(WriteError::Closed)) };
        let _watched = self.rescue.watch(runtime);
        let (reply, mut answer) = oneshot::channel();
        writer.commit(vec![(*write, reply)]);
        if writer.untidy() {
            // A queue that is full has the thread awake anyway.
            let _ = self.commands.try_send(Command::Tidy);
        }
        Here::Done(answer.try_recv().unwrap_or(Err(WriteError::Closed)))
    }

    /// Copies the store into a new file while it is in use.
    pub(crate) async fn backup(&self, file: std::path::PathBuf) -> Result<(), WriteError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Backup { file, reply }).await.map_err(|_| WriteError::Closed)?;
        answer.await.map_err(|_| WriteError::Closed)?
    }

    /// Drops events that are too old now.
    pub(crate) async fn compact(&self) -> Result<(), WriteError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Compact { reply }).await.map_err(|_| WriteError::Closed)?;
        answer.await.map_err(|_| WriteError::Closed)?
    }

    /// Ends the writer after what it holds is written, and frees the folder.
    pub(crate) async fn close(&self) {
        let _ = self.commands.send(Command::Stop).await;
        let thread = self.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}
