//! One watch per kind and cluster: list, then follow, then list again when the thread is lost. What it sees goes to
//! the machine as messages; it decides nothing.

mod backoff;
mod follow;
mod served;

use std::sync::Arc;

use bytes::Bytes;
use kube::Client;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::machine::Message;
use super::server::{Mapping, Refusal};
use super::{ClusterId, Gvk};

pub(crate) use backoff::{Backoff, jittered};
pub(crate) use follow::follow;
pub(crate) use served::Served;

/// Identity of one run of a watch; messages of older runs are recognised by it.
pub(crate) type WatchId = u64;

/// Which watch, and where its messages go.
pub(crate) struct WatchTask {
    pub id: WatchId,
    pub cluster: ClusterId,
    pub gvk: Gvk,
    pub client: Client,
    /// Restricts what is seen, on planes.
    pub selector: Option<&'static str>,
    pub served: Arc<Served>,
    pub out: mpsc::Sender<Message>,
}

/// What a watch tells.
pub(crate) enum Sighting {
    /// How the kind is called there.
    Mapped(Mapping),
    /// Everything there is, and the revision it is of.
    Listed { items: Vec<Box<RawValue>>, resource_version: String },
    /// Added or modified.
    Put(Bytes),
    /// Deleted.
    Gone(Bytes),
    /// Everything up to this revision has been told.
    Bookmark(String),
    /// The connection works.
    Connected,
    /// The cluster does not serve the kind.
    NotServed,
    /// We may not look.
    Forbidden(Refusal),
    /// The cluster cannot be reached, or does not work.
    Lost(Refusal),
}
