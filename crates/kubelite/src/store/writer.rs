//! The one thread that writes: takes what has gathered, checks it, writes one transaction, shows it, answers.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, atomic::Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use tokio::sync::{mpsc, oneshot};

use crate::faults::{self, FaultPoint, Faults};

use super::{
    History, Shared, Stored, Write, WriteError,
    log::{Log, Row},
    shelf::Shelf,
};

/// Most writes of one transaction.
const BATCH: usize = 256;
/// A write takes at most so many rows off the disk that nobody needs any more: as many as it makes superfluous.
const DROPPED: usize = 2;
/// More of them than this are removed as well while nobody writes, so many at a time.
const FORGET: usize = 128;

/// Shelf and path.
type Place = (Arc<str>, Arc<str>);

pub(super) type Answer = Result<Arc<Stored>, WriteError>;

pub(super) enum Command {
    Write {
        write: Box<Write>,
        reply: oneshot::Sender<Answer>,
    },
    Backup {
        file: PathBuf,
        reply: oneshot::Sender<Result<(), WriteError>>,
    },
    Compact {
        reply: oneshot::Sender<Result<(), WriteError>>,
    },
    /// Rows wait to be dropped.
    Tidy,
    Stop,
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    log: Box<dyn Log>,
    history: History,
    head: u64,
    gone: Vec<u64>,
    floor: u64,
    faults: Option<Faults>,
    /// Who waits until no row is superfluous.
    compacting: Vec<oneshot::Sender<Result<(), WriteError>>>,
}

/// Where the log ends, and what of it nobody needs.
pub(super) struct Head {
    pub(super) revision: u64,
    pub(super) floor: u64,
    pub(super) gone: Vec<u64>,
}

struct Accepted {
    shelf: Arc<Shelf>,
    object: Arc<Stored>,
    removed: bool,
    reply: oneshot::Sender<Answer>,
}

impl Writer {
    pub(super) fn new(
        shared: Arc<Shared>,
        log: Box<dyn Log>,
        history: History,
        head: Head,
        faults: Option<Faults>,
    ) -> Self {
        let Head { revision: head, floor, gone } = head;
        Self { shared, log, history, head, gone, floor, faults, compacting: Vec::new() }
    }
}

/// After a panic in the middle of a commit nobody knows what the writer has done: there is none any more.
fn emptied(poisoned: PoisonError<MutexGuard<'_, Option<Writer>>>) -> MutexGuard<'_, Option<Writer>> {
    let mut desk = poisoned.into_inner();
    *desk = None;
    desk
}

/// Where the writer is had by one thread at a time; empty after the end.
pub(super) struct Desk(Mutex<Option<Writer>>);

impl Desk {
    pub(super) fn new(writer: Writer) -> Self {
        Self(Mutex::new(Some(writer)))
    }

    /// The writer, if nobody has it.
    pub(super) fn free(&self) -> Option<MutexGuard<'_, Option<Writer>>> {
        match self.0.try_lock() {
            Ok(writer) => Some(writer),
            Err(TryLockError::Poisoned(poisoned)) => Some(emptied(poisoned)),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn take(&self) -> MutexGuard<'_, Option<Writer>> {
        self.0.lock().unwrap_or_else(emptied)
    }

    /// Runs until told to stop or until every sender is gone; `untidy`: whether the writer is.
    pub(super) fn run(&self, mut inbox: mpsc::Receiver<Command>, mut untidy: bool) {
        let mut writes = Vec::with_capacity(BATCH);
        while let Some(first) = self.next(&mut inbox, untidy) {
            let mut next = Some(first);
            let mut other = None;
            while let Some(command) = next {
                match command {
                    Command::Write { write, reply } => writes.push((*write, reply)),
                    command => {
                        other = Some(command);
                        break;
                    }
                }
                next = if writes.len() < BATCH { inbox.try_recv().ok() } else { None };
            }
            let mut desk = self.take();
            let Some(writer) = desk.as_mut() else { break };
            writer.commit(std::mem::take(&mut writes));
            match other {
                None | Some(Command::Write { .. } | Command::Tidy) => {}
                Some(Command::Backup { file, reply }) => {
                    let _ = reply.send(writer.log.backup(&file).map_err(WriteError::Disk));
                }
                Some(Command::Compact { reply }) => writer.compact(reply),
                Some(Command::Stop) => break,
            }
            untidy = writer.untidy();
        }
        if let Some(writer) = self.take().take() {
            writer.end();
        }
    }

    /// The next command; while there is none, rows that nobody needs are dropped.
    fn next(&self, inbox: &mut mpsc::Receiver<Command>, mut untidy: bool) -> Option<Command> {
        while untidy {
            if let Ok(command) = inbox.try_recv() {
                return Some(command);
            }
            let mut desk = self.take();
            let Some(writer) = desk.as_mut() else { break };
            untidy = writer.forget() && writer.untidy();
        }
        inbox.blocking_recv()
    }
}

impl Writer {
    /// Whether rows wait to be dropped while nobody writes.
    pub(super) fn untidy(&self) -> bool {
        self.gone.len() >= FORGET || !self.compacting.is_empty()
    }

    fn end(mut self) {
        if !self.gone.is_empty()
            && let Err(error) = self.log.forget(&self.gone, self.floor)
        {
            tracing::warn!(%error, "the object store could not drop old history");
        }
    }

    pub(super) fn commit(&mut self, writes: Vec<(Write, oneshot::Sender<Answer>)>) {
        if writes.is_empty() {
            return;
        }
        let at = now();
        let mut revision = self.head;
        let mut accepted: Vec<Accepted> = Vec::with_capacity(writes.len());
        // What this batch did so far to an object, before any reader can see it.
        let mut pending: HashMap<Place, Option<Arc<Stored>>> = HashMap::new();
        for (write, reply) in writes {
            let shelf = self.shared.shelf(&write.shelf);
            let key = (write.shelf.clone(), write.path.clone());
            let current = pending.get(&key).cloned().unwrap_or_else(|| shelf.get(&write.path));
            if current.as_ref().map(|object| object.revision) != write.expected {
                let _ = reply.send(Err(WriteError::Changed(current)));
                continue;
            }
            revision += 1;
            let object = Arc::new(write.draft.at(write.path, revision));
            pending.insert(key, (!write.remove).then(|| object.clone()));
            accepted.push(Accepted { shelf, object, removed: write.remove, reply });
        }
        let rows: Vec<Row> = accepted
            .iter()
            .map(|change| Row {
                revision: change.object.revision,
                shelf: change.shelf.name().clone(),
                path: change.object.path.clone(),
                removed: change.removed,
                at,
                bytes: change.object.bytes.clone(),
            })
            .collect();
        if rows.is_empty() {
            return;
        }
        let dropping = self.gone.len().min((rows.len() + 1) * DROPPED);
        let written = if faults::at(self.faults.as_ref(), FaultPoint::BeforeCommit) {
            Err("a fault was put here".to_owned())
        } else {
            self.log.append(&rows, &self.gone[..dropping], self.floor)
        };
        if let Err(problem) = written {
            tracing::error!(%problem, "the object store could not write; the requests fail and nothing was changed");
            for change in accepted {
                let _ = change.reply.send(Err(WriteError::Disk(problem.clone())));
            }
            return;
        }
        self.head = revision;
        self.dropped(dropping);
        self.publish(accepted, at);
    }

    fn publish(&mut self, accepted: Vec<Accepted>, at: i64) {
        let observer = self.shared.observer.get();
        let mut touched: Vec<Arc<Shelf>> = Vec::new();
        let mut events = Vec::with_capacity(accepted.len());
        for change in &accepted {
            events.push(change.shelf.publish(change.object.clone(), change.removed, at));
            if !touched.iter().any(|shelf| Arc::ptr_eq(shelf, &change.shelf)) {
                touched.push(change.shelf.clone());
            }
        }
        self.shared.revision.store(self.head, Ordering::Release);
        if let Some(observer) = observer {
            for (change, event) in accepted.iter().zip(&events) {
                observer.observed(&change.shelf, event);
            }
        }
        for shelf in &touched {
            self.floor = self.floor.max(shelf.trim(&self.history, at, &mut self.gone));
        }
        self.shed();
        if !faults::at(self.faults.as_ref(), FaultPoint::AfterCommit) {
            for change in accepted {
                let _ = change.reply.send(Ok(change.object));
            }
        }
        // Those who wrote come first: of those who watch there may be a thousand.
        for shelf in &touched {
            shelf.announce();
        }
    }

    /// Drops history that is too old; what becomes of its rows is done a few at a time, so that nobody waits for it.
    fn compact(&mut self, reply: oneshot::Sender<Result<(), WriteError>>) {
        let at = now();
        for shelf in self.shared.all() {
            if shelf.oldest().is_some() {
                self.floor = self.floor.max(shelf.trim(&self.history, at, &mut self.gone));
            }
        }
        if self.gone.is_empty() {
            let _ = reply.send(Ok(()));
        } else {
            self.compacting.push(reply);
        }
    }

    /// Keeps history within its bytes: who has most gives up what is too much.
    fn shed(&mut self) {
        let shelves = self.shared.all();
        let mut held: Vec<usize> = shelves.iter().map(|shelf| shelf.held()).collect();
        loop {
            let surplus = held.iter().sum::<usize>().saturating_sub(self.history.bytes);
            if surplus == 0 {
                return;
            }
            let Some((largest, _)) = held.iter().enumerate().max_by_key(|(_, held)| **held) else { return };
            let shelf = &shelves[largest];
            self.floor = self.floor.max(shelf.shed(held[largest].saturating_sub(surplus), &mut self.gone));
            held[largest] = shelf.held();
        }
    }

    /// Drops some rows that nobody needs; answers whether that went well.
    fn forget(&mut self) -> bool {
        let some = self.gone.len().min(FORGET);
        if let Err(error) = self.log.forget(&self.gone[..some], self.floor) {
            // The rows stay until the next time; what they say is still true.
            tracing::warn!(%error, "the object store could not drop old history");
            for reply in self.compacting.drain(..) {
                let _ = reply.send(Err(WriteError::Disk(error.clone())));
            }
            return false;
        }
        self.dropped(some);
        true
    }

    /// So many rows are off the disk.
    fn dropped(&mut self, some: usize) {
        self.gone.drain(..some);
        if self.gone.is_empty() {
            for reply in self.compacting.drain(..) {
                let _ = reply.send(Ok(()));
            }
        }
    }
}

/// Milliseconds since 1970, only used to tell how old an event is.
pub(super) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}
