//! Event streams (the HTML standard's server-sent events), as much of them as logs use: lines `data: JSON`.

use serde_json::Value;

/// The longest line that is kept; longer ones are cut.
const LONGEST: usize = 1024 * 1024;

/// Takes bytes as they come and gives whole events.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
}

impl Events {
    /// The events that these bytes complete.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<Value> {
        let mut events = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST.saturating_sub(self.line.len()).min(part.len());
            self.line.extend_from_slice(&part[..room]);
            if part.ends_with(b"\n") {
                let data = self.line.strip_prefix(b"data:");
                events.extend(data.and_then(|data| serde_json::from_slice(data).ok()));
                self.line.clear();
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_come_whole_however_they_are_cut() {
        let stream = b"data: {\"a\":1}\n\n: comment\ndata:{\"b\":2}\r\n\ndata: {\"c\"";
        for size in 1..stream.len() {
            let mut events = Events::default();
            let found: Vec<Value> = stream.chunks(size).flat_map(|chunk| events.take(chunk)).collect();
            assert_eq!(found, [json!({"a": 1}), json!({"b": 2})]);
        }
    }
}
