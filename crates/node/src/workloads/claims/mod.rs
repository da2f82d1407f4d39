//! PersistentVolumeClaims on folders of the data folder: each gets one when it appears, and keeps it until it is deleted
//! and no pod uses it any more.

mod plan;
#[cfg(test)]
mod plan_tests;
mod write;

pub(crate) use write::ensure_class;
