//! Frames of the exec protocol: binary messages whose first byte names the stream.

use serde_json::Value;

/// What one side says to the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    /// Bytes for the process; none of them: its input ends.
    Stdin(Vec<u8>),
    /// The terminal's new size, in characters.
    Resize { width: u16, height: u16 },
    /// Something that this protocol does not have.
    Unknown(u8),
}

pub(super) const STDOUT: u8 = 1;
pub(super) const STDERR: u8 = 2;

impl Frame {
    /// Reads a message of a client.
    pub(super) fn read(message: &[u8]) -> Option<Frame> {
        let (stream, data) = message.split_first()?;
        Some(match stream {
            0 => Frame::Stdin(data.to_vec()),
            3 => {
                let size: Value = serde_json::from_slice(data).ok()?;
                let side = |name: &str| size.get(name)?.as_u64().and_then(|side| u16::try_from(side).ok());
                Frame::Resize { width: side("width")?, height: side("height")? }
            }
            other => Frame::Unknown(*other),
        })
    }
}

/// A message of output for a client.
pub(super) fn output(stream: u8, data: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(data.len() + 1);
    message.push(stream);
    message.extend_from_slice(data);
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::nothing(b"", None)]
    #[case::input(b"\0ls", Some(Frame::Stdin(b"ls".to_vec())))]
    #[case::end_of_input(b"\0", Some(Frame::Stdin(Vec::new())))]
    #[case::size(b"\x03{\"width\":80,\"height\":24}", Some(Frame::Resize { width: 80, height: 24 }))]
    #[case::impossible_size(b"\x03{\"width\":-1,\"height\":24}", None)]
    #[case::unknown(b"\x09x", Some(Frame::Unknown(9)))]
    fn messages_are_read(#[case] message: &[u8], #[case] expected: Option<Frame>) {
        assert_eq!(Frame::read(message), expected);
    }
}
