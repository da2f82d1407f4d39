//! Changing bytes: flipping, cutting, repeating, splicing, and words of the language in odd places.

use crate::random::Random;

/// Longer inputs are cut.
const LONGEST: usize = 256 * 1024;

/// Bytes that parsers tend to trip over.
const ODD: [&[u8]; 14] = [
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    "é".as_bytes(),
    "\u{1f600}".as_bytes(),
    b"\\",
    b"'",
    b"\"",
    b"${",
    b"}",
    b"\n",
    b"-0",
    b"9223372036854775808",
];

/// Changes `input` one to four times; `other` is another input of the corpus.
pub(crate) fn bytes(input: &mut Vec<u8>, other: &[u8], words: &[&str], random: &mut Random) {
    for _ in 0..=random.below(3) {
        once(input, other, words, random);
    }
    input.truncate(LONGEST);
}

fn once(input: &mut Vec<u8>, other: &[u8], words: &[&str], random: &mut Random) {
    let at = random.below(input.len() + 1);
    match random.below(9) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => input.insert(at, random.byte()),
        2 => {
            let end = (at + 1 + random.below(16)).min(input.len());
            input.drain(at..end);
        }
        3 => {
            let end = (at + 1 + random.below(32)).min(input.len());
            let part = input[at..end].to_vec();
            insert(input, at, &part);
        }
        4 => {
            let from = random.below(other.len() + 1);
            let end = (from + 1 + random.below(64)).min(other.len());
            insert(input, at, &other[from..end]);
        }
        5 => input.truncate(at),
        6 => {
            // Depth: one part very often.
            let end = (at + 1 + random.below(6)).min(input.len());
            let part = input[at..end].repeat(1 + random.below(2_000));
            insert(input, at, &part);
        }
        7 => insert(input, at, random.pick(&ODD).copied().unwrap_or_default()),
        _ => insert(input, at, random.pick(words).map_or(&[][..], |word| word.as_bytes())),
    }
}

fn insert(input: &mut Vec<u8>, at: usize, part: &[u8]) {
    input.splice(at..at, part.iter().copied());
}

/// Changes a text as [`bytes`] does.
pub(crate) fn text(input: &str, words: &[&str], random: &mut Random) -> String {
    let mut changed = input.as_bytes().to_vec();
    bytes(&mut changed, input.as_bytes(), words, random);
    String::from_utf8_lossy(&changed).into_owned()
}
