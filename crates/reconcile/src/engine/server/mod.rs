//! Talking to a cluster: requests and answers as bytes, whatever lies behind the client.

mod call;
mod discovery;
mod path;
mod stream;

pub(crate) use call::{Call, Refusal, call};
pub(crate) use discovery::{Mapping, discover};
pub(crate) use path::{collection, object, status};
pub(crate) use stream::{Line, list_page, open_watch};
