//! What changed, as the wake table asks it: things and facets.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::{BitAnd, BitOr, BitOrAssign};

use crate::engine::{ClusterId, Gvk, ObjectKey};

/// Parts of an object that a read may depend on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Facets(u8);

impl Facets {
    /// Whether it is there at all. Part of every read.
    pub const PRESENCE: Self = Self(1);
    /// Metadata, without resource version, generation and managed fields.
    pub const META: Self = Self(2);
    /// Everything that is neither metadata nor status, and the generation.
    pub const SPEC: Self = Self(4);
    /// The status.
    pub const STATUS: Self = Self(8);
    /// All of it.
    pub const ALL: Self = Self(15);
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// Whether the two have a facet in common.
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Facets {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Facets {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl BitAnd for Facets {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl fmt::Display for Facets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [(Self::META, "meta"), (Self::SPEC, "spec"), (Self::STATUS, "status")];
        let mut any = false;
        for (facet, name) in named {
            if self.intersects(facet) {
                write!(f, "{}{name}", if any { "+" } else { "" })?;
                any = true;
            }
        }
        if any { Ok(()) } else { f.write_str("presence") }
    }
}

impl fmt::Debug for Facets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The identity of something that can be read, as 64 bits: an object, an index value, the sight of a kind or a plane.
/// Two things that collide only wake each other's readers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct Thing(u64);

impl Thing {
    pub(crate) fn object(cluster: &ClusterId, gvk: &Gvk, key: &ObjectKey) -> Self {
        Self::of(1, (cluster, gvk, key))
    }

    pub(crate) fn index(cluster: &ClusterId, gvk: &Gvk, index: &str, value: &str) -> Self {
        Self::of(2, (cluster, gvk, index, value))
    }

    pub(crate) fn kind(cluster: &ClusterId, gvk: &Gvk) -> Self {
        Self::of(3, (cluster, gvk))
    }

    pub(crate) fn plane(cluster: &ClusterId) -> Self {
        Self::of(4, cluster)
    }

    /// Not read by anybody: the place of the memo of a written status.
    pub(crate) fn status(cluster: &ClusterId, gvk: &Gvk, key: &ObjectKey) -> Self {
        Self::of(5, (cluster, gvk, key))
    }

    fn of(tag: u8, what: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        tag.hash(&mut hasher);
        what.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// A thing of which these facets changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Touch {
    pub thing: Thing,
    pub facets: Facets,
}

/// Touches as they are collected while a batch of events is taken in.
pub(crate) type Touches = Vec<Touch>;
