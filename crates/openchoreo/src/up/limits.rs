//! What the system lets this process have.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Takes as many file descriptors as the system allows: each port of each Service needs one.
pub(crate) fn raise() {
    let raised =
        getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_, most)| setrlimit(Resource::RLIMIT_NOFILE, most, most));
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files stays as it is; many Services may need more");
    }
}
