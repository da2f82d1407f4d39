//! Lines that watches show of an event: made once, however many watch.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// What tells one line of an event from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineKey {
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub(crate) change: &'static str,
    /// Version of the kind.
    pub(crate) version: Arc<str>,
    /// Revision since which the kind has its schema.
    pub(crate) since: u64,
    /// Whether it is metadata alone.
    pub(crate) metadata: bool,
}

/// The lines of one event that were made so far, while it is new.
#[derive(Debug, Default)]
pub(crate) struct Lines(Mutex<Vec<(LineKey, Bytes)>>);

/// Versions and shapes of a kind that are watched at the same time, at most; what is beyond is made for each watch.
const MOST: usize = 8;

impl Lines {
    /// The line, made now if nobody needed it before.
    pub(crate) fn get(&self, key: LineKey, make: impl FnOnce() -> Bytes) -> Bytes {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, line)) = lines.iter().find(|(known, _)| *known == key) {
            return line.clone();
        }
        // Made while the lock is held: whoever needs the same waits for it instead of making it as well.
        let line = make();
        if lines.len() < MOST {
            lines.push((key, line.clone()));
        }
        line
    }

    /// Nobody is expected to need them any more.
    pub(super) fn forget(&self) {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(version: &str, metadata: bool) -> LineKey {
        LineKey { change: "ADDED", version: version.into(), since: 0, metadata }
    }

    #[test]
    fn a_line_is_made_once_for_each_version_and_shape_until_it_is_forgotten() {
        let lines = Lines::default();
        let mut made = 0;
        for _ in 0..3 {
            for (version, metadata) in [("v1", false), ("v1", true), ("v2", false)] {
                let line = lines.get(key(version, metadata), || {
                    made += 1;
                    format!("{version} {metadata}").into()
                });
                assert_eq!(line, format!("{version} {metadata}"));
            }
        }
        lines.forget();
        lines.get(key("v1", false), || {
            made += 1;
            Bytes::new()
        });
        assert_eq!(made, 4);
    }

    #[test]
    fn an_odd_number_of_versions_is_served_and_not_kept() {
        let lines = Lines::default();
        for number in 0..20 {
            assert_eq!(lines.get(key(&number.to_string(), false), || number.to_string().into()), number.to_string());
        }
        assert_eq!(lines.0.lock().unwrap().len(), MOST);
    }
}
