//! The one thread that writes: takes what has gathered, checks it, writes one transaction, shows it, answers.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
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
/// Rows that nobody needs are removed from the disk in bundles of at least this many.
const FORGET: usize = 256;

/// Shelf and path.
type Place = (Arc<str>, Arc<str>);

pub(super) type Answer = Result<Arc<Stored>, WriteError>;

pub(super) enum Command {
    Write { write: Box<Write>, reply: oneshot::Sender<Answer> },
    Backup { file: PathBuf, reply: oneshot::Sender<Result<(), WriteError>> },
    Compact { reply: oneshot::Sender<Result<(), WriteError>> },
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
        Self { shared, log, history, head: head.revision, gone: head.gone, floor: head.floor, faults }
    }

    /// Runs until told to stop or until every sender is gone.
    pub(super) fn run(mut self, mut inbox: mpsc::Receiver<Command>) {
        let mut writes = Vec::with_capacity(BATCH);
        while let Some(first) = inbox.blocking_recv() {
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
            self.commit(std::mem::take(&mut writes));
            match other {
                None | Some(Command::Write { .. }) => {}
                Some(Command::Backup { file, reply }) => {
                    let _ = reply.send(self.log.backup(&file).map_err(WriteError::Disk));
                }
                Some(Command::Compact { reply }) => {
                    let _ = reply.send(self.compact());
                }
                Some(Command::Stop) => break,
            }
        }
        if !self.gone.is_empty()
            && let Err(error) = self.log.forget(&self.gone, self.floor)
        {
            tracing::warn!(%error, "the object store could not drop old history");
        }
    }

    fn commit(&mut self, writes: Vec<(Write, oneshot::Sender<Answer>)>) {
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
        let written = if faults::at(self.faults.as_ref(), FaultPoint::BeforeCommit) {
            Err("a fault was put here".to_owned())
        } else {
            self.log.append(&rows)
        };
        if let Err(problem) = written {
            tracing::error!(%problem, "the object store could not write; the requests fail and nothing was changed");
            for change in accepted {
                let _ = change.reply.send(Err(WriteError::Disk(problem.clone())));
            }
            return;
        }
        self.head = revision;
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
            shelf.announce();
        }
        for shelf in touched {
            self.floor = self.floor.max(shelf.trim(&self.history, at, &mut self.gone));
        }
        self.shed();
        if !faults::at(self.faults.as_ref(), FaultPoint::AfterCommit) {
            for change in accepted {
                let _ = change.reply.send(Ok(change.object));
            }
        }
        if self.gone.len() >= FORGET {
            self.forget();
        }
    }

    fn compact(&mut self) -> Result<(), WriteError> {
        let shelves = self.shared.all();
        let at = now();
        for shelf in shelves {
            if shelf.oldest().is_some() {
                self.floor = self.floor.max(shelf.trim(&self.history, at, &mut self.gone));
            }
        }
        if self.gone.is_empty() {
            Ok(())
        } else {
            self.log.forget(&std::mem::take(&mut self.gone), self.floor).map_err(WriteError::Disk)
        }
    }

    /// Keeps history within its bytes: who has most gives up a quarter.
    fn shed(&mut self) {
        let shelves = self.shared.all();
        let mut held: Vec<usize> = shelves.iter().map(|shelf| shelf.held()).collect();
        while held.iter().sum::<usize>() > self.history.bytes {
            let Some((largest, _)) = held.iter().enumerate().max_by_key(|(_, held)| **held) else { return };
            let shelf = &shelves[largest];
            self.floor = self.floor.max(shelf.shed(held[largest] / 4 * 3, &mut self.gone));
            held[largest] = shelf.held();
        }
    }

    fn forget(&mut self) {
        match self.log.forget(&self.gone, self.floor) {
            Ok(()) => self.gone.clear(),
            // The rows stay until the next time; what they say is still true.
            Err(error) => tracing::warn!(%error, "the object store could not drop old history"),
        }
    }
}

/// Milliseconds since 1970, only used to tell how old an event is.
pub(super) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}
