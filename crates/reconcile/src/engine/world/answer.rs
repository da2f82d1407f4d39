//! Answers that are not simply an object.

use std::ops::Deref;
use std::sync::Arc;

use crate::engine::{ClusterId, Gvk, ObjectRef};

/// Why something cannot be seen. An answer like any other: it is recorded, it wakes, a condition can tell it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unseen {
    /// The object is there but is not what its kind should be.
    #[error("{object} cannot be read: {message}; correct or delete it")]
    Undecodable {
        /// Which object.
        object: ObjectRef,
        /// What is wrong with it.
        message: String,
    },
    /// The cluster does not serve the kind.
    #[error("{what} is not served; install its custom resource definition")]
    NotServed {
        /// The kind and the cluster.
        what: String,
    },
    /// We may not look.
    #[error("{what} cannot be read for lack of permission: {message}")]
    Forbidden {
        /// The kind and the cluster.
        what: String,
        /// The server's words.
        message: String,
    },
    /// It cannot be reached.
    #[error("{what} is unavailable: {message}")]
    Unavailable {
        /// The plane, or the kind and the cluster.
        what: String,
        /// What was tried and how it failed.
        message: String,
    },
    /// The first look is not finished. The engine discards the run's plan, so this never shows in a status.
    #[error("{what} is still being read")]
    NotYet {
        /// The kind and the cluster.
        what: String,
    },
}

impl Unseen {
    pub(crate) fn not_yet(cluster: &ClusterId, gvk: &Gvk) -> Self {
        Self::NotYet { what: format!("{gvk} on {cluster}") }
    }
}

/// The objects that a list found, in the order of their keys. Reads as a slice of them.
#[derive(Clone, Debug)]
pub struct List<T> {
    pub(crate) items: Vec<Arc<T>>,
    pub(crate) undecodable: Vec<Unseen>,
}

impl<T> List<T> {
    /// Objects of the kind that may or may not belong here, because they cannot be decoded.
    pub fn undecodable(&self) -> &[Unseen] {
        &self.undecodable
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { items: Vec::new(), undecodable: Vec::new() }
    }
}

impl<T> Deref for List<T> {
    type Target = [Arc<T>];
    fn deref(&self) -> &[Arc<T>] {
        &self.items
    }
}

impl<T> IntoIterator for List<T> {
    type Item = Arc<T>;
    type IntoIter = std::vec::IntoIter<Arc<T>>;
    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'l, T> IntoIterator for &'l List<T> {
    type Item = &'l Arc<T>;
    type IntoIter = std::slice::Iter<'l, Arc<T>>;
    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}
