//! How a server is opened.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::{
    admission::Admission,
    core::{Clock, Uids},
    store::History,
};

/// Settings of a server. `Options::default()` is a server in memory.
#[derive(Clone)]
pub struct Options {
    /// Folder for the objects; `None`: in memory, gone when the server is.
    pub data_dir: Option<PathBuf>,
    /// How much of the past is kept for watches that resume.
    pub history: History,
    /// How long Events live.
    pub events_live: Duration,
    /// The IPv4 network that Services get their virtual addresses from.
    pub service_range: String,
    /// Host names and addresses, beyond the loopback's, that the TLS port's certificate is for.
    pub tls_names: Vec<String>,
    /// How much one client of the TLS port may have under way.
    pub limits: Limits,
    /// Where something is broken on purpose, in tests; nowhere by default.
    pub faults: Option<crate::Faults>,
    /// Rules of the embedding program, in order.
    pub admission: Vec<Arc<dyn Admission>>,
    /// The clock.
    pub clock: Clock,
    /// Where uids of new objects come from; random when not replaced.
    pub uids: Uids,
}

/// How much one client (a user, whatever connections it has) may have under way at a time; more is answered with 429.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests that have an end, as many as a kube-apiserver does for all clients.
    pub requests: usize,
    /// How long a request beyond that waits for another one's end before it is refused.
    pub wait: Duration,
    /// Watches, logs that are followed, and other streams.
    pub streams: usize,
    /// Bytes of bodies.
    pub bytes: usize,
    /// Time until somebody known has asked something over a new connection; then it is cut.
    pub strangers: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: 600,
            wait: Duration::from_secs(1),
            streams: 4000,
            bytes: 128 * 1024 * 1024,
            strangers: Duration::from_secs(30),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            data_dir: None,
            history: History::default(),
            events_live: Duration::from_hours(1),
            service_range: "10.96.0.0/16".into(),
            tls_names: Vec::new(),
            limits: Limits::default(),
            faults: None,
            admission: Vec::new(),
            clock: Arc::new(jiff::Timestamp::now),
            uids: Arc::new(|_, _, _| uuid::Uuid::new_v4().to_string()),
        }
    }
}

impl Options {
    /// A server whose objects lie in that folder.
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self { data_dir: Some(path.into()), ..Self::default() }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("data_dir", &self.data_dir)
            .field("service_range", &self.service_range)
            .finish_non_exhaustive()
    }
}
