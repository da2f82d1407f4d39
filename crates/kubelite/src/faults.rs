//! Places at which a test can break something, so that what stands on a server shows what it does then.

use std::sync::Arc;

/// A place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultPoint {
    /// Some writes are about to be committed. Broken: the disk refuses them.
    BeforeCommit,
    /// Some writes were committed and shown. Broken: nobody is told how they ended.
    AfterCommit,
    /// A watch is about to tell something. Broken: its connection ends.
    WatchSend,
    /// An answer is about to be sent. Broken: its connection ends.
    Response,
}

/// Asked each time that a place is passed; answers whether to break it.
pub type Faults = Arc<dyn Fn(FaultPoint) -> bool + Send + Sync>;

/// Whether to break this place.
pub(crate) fn at(faults: Option<&Faults>, point: FaultPoint) -> bool {
    faults.is_some_and(|faults| faults(point))
}
