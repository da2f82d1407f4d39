//! The TLS port: keys of its own, connections, who is at the other end.

mod authority;
mod connection;
mod kubeconfig;
mod limits;

pub(crate) use self::connection::serve;
pub use self::{authority::Authority, connection::Serving};
