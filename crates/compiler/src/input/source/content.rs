//! A serializer that only feeds a hash: the content's key without a copy of the content.
//!
//! ```text
//! values ──▶ bytes that can be read back in one way only ──▶ blocks of 1 KB ──NH, 512 secret words──▶ 16 bytes each ──SipHash──▶ key
//! ```
//!
//! NH is the universal hash of UMAC and VMAC: for any two blocks the chance that they meet is below 2⁻⁶⁴ over the secret
//! words, and it costs one multiplication for sixteen bytes. What it gives is hashed with a secret key of its own.

use std::array::from_fn;
use std::fmt;
use std::hash::{BuildHasher, Hasher};

use serde::ser::{self, Serialize};

/// Bytes of a block.
const BLOCK: usize = 1024;

/// Stands before a length that needs more than a byte.
const LONG: u8 = u8::MAX;

/// The secret of all keys of a process.
pub(super) struct Secret<S> {
    blocks: S,
    words: [u64; BLOCK / 8],
}

impl<S: BuildHasher> Secret<S> {
    pub(super) fn new(blocks: S) -> Self {
        let words = from_fn(|at| blocks.hash_one(at));
        Self { blocks, words }
    }
}

/// The hash and what goes into it. Every value is preceded by a byte for its shape, so that `["a"]` and
/// `"a"` differ; objects and lists are closed by one.
pub(super) struct Feed<'s, H> {
    words: &'s [u64; BLOCK / 8],
    hasher: H,
    block: [u8; BLOCK],
    filled: usize,
    /// Bytes of the blocks before.
    hashed: usize,
}

impl<'s, H: Hasher + Clone> Feed<'s, H> {
    pub(super) fn new<S: BuildHasher<Hasher = H>>(secret: &'s Secret<S>) -> Self {
        Self { words: &secret.words, hasher: secret.blocks.build_hasher(), block: [0; BLOCK], filled: 0, hashed: 0 }
    }

    /// Two finalisations of the hasher's state, which is wider than either; and how many bytes there were.
    pub(super) fn finish(mut self) -> ([u64; 2], usize) {
        self.flush();
        let mut second = self.hasher.clone();
        second.write_u8(0xee);
        ([self.hasher.finish(), second.finish()], self.hashed)
    }
}

impl<H: Hasher> Feed<'_, H> {
    /// Hashes the block as far as it is filled; what is behind counts as zeros, and the length goes into the hash.
    fn flush(&mut self) {
        let end = self.filled.next_multiple_of(16);
        self.block[self.filled..end].fill(0);
        let (block, _) = self.block[..end].as_chunks::<8>();
        let mut sum = 0_u128;
        for (pair, secret) in block.chunks_exact(2).zip(self.words.chunks_exact(2)) {
            let masked = |at: usize| u128::from(u64::from_le_bytes(pair[at]).wrapping_add(secret[at]));
            sum = sum.wrapping_add(masked(0) * masked(1));
        }
        self.hasher.write_usize(self.filled);
        self.hasher.write_u128(sum);
        self.hashed += self.filled;
        self.filled = 0;
    }

    fn put(&mut self, mut bytes: &[u8]) {
        loop {
            let (fits, rest) = bytes.split_at(bytes.len().min(BLOCK - self.filled));
            self.block[self.filled..self.filled + fits.len()].copy_from_slice(fits);
            self.filled += fits.len();
            if rest.is_empty() {
                return;
            }
            self.flush();
            bytes = rest;
        }
    }

    pub(super) fn mark_broken(&mut self) {
        self.bytes(b'!', &[]);
    }

    /// Almost all are short and fit: then the length is one byte, and there is one copy.
    #[inline]
    fn bytes(&mut self, shape: u8, bytes: &[u8]) {
        let end = self.filled + 2 + bytes.len();
        match self.block.get_mut(self.filled..end) {
            Some([first, second, place @ ..]) if bytes.len() < usize::from(LONG) => {
                *first = shape;
                *second = bytes.len() as u8;
                place.copy_from_slice(bytes);
                self.filled = end;
            }
            _ => self.long_bytes(shape, bytes),
        }
    }

    #[cold]
    fn long_bytes(&mut self, shape: u8, bytes: &[u8]) {
        match u8::try_from(bytes.len()) {
            Ok(length) if length != LONG => self.put(&[shape, length]),
            _ => {
                self.put(&[shape, LONG]);
                self.put(&(bytes.len() as u64).to_le_bytes());
            }
        }
        self.put(bytes);
    }

    fn word(&mut self, shape: u8, word: u64) {
        let mut whole = [shape; 9];
        whole[1..].copy_from_slice(&word.to_le_bytes());
        self.put(&whole);
    }

    #[inline]
    fn shape(&mut self, shape: u8) {
        match self.block.get_mut(self.filled) {
            Some(place) => {
                *place = shape;
                self.filled += 1;
            }
            None => self.put(&[shape]),
        }
    }
}

/// What a value says when it refuses to be serialized.
#[derive(Debug)]
pub(super) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value cannot be serialized")
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

macro_rules! numbers {
    ($($name:ident: $type:ty),*) => {$(
        fn $name(self, value: $type) -> Result<(), Refused> {
            // Numbers are keyed as doubles: `1` and `1.0` are the same number on the wire.
            self.word(b'n', f64::from(value).to_bits());
            Ok(())
        }
    )*};
}

impl<H: Hasher> ser::Serializer for &mut Feed<'_, H> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    numbers!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_f32: f32);

    fn serialize_f64(self, value: f64) -> Result<(), Refused> {
        self.word(b'n', value.to_bits());
        Ok(())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Refused> {
        self.word(b'n', (value as f64).to_bits());
        Ok(())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Refused> {
        self.word(b'n', (value as f64).to_bits());
        Ok(())
    }

    fn serialize_bool(self, value: bool) -> Result<(), Refused> {
        self.shape(if value { b't' } else { b'f' });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Refused> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Refused> {
        self.bytes(b's', value.as_bytes());
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Refused> {
        self.bytes(b'b', value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Refused> {
        self.shape(b'0');
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Refused> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Refused> {
        self.serialize_none()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Refused> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        self.bytes(b'v', variant.as_bytes());
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Refused> {
        self.shape(b'[');
        Ok(self)
    }

    fn serialize_tuple(self, len: usize) -> Result<Self, Refused> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Self, Refused> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self, Refused> {
        self.bytes(b'v', variant.as_bytes());
        self.serialize_seq(Some(len))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Refused> {
        self.shape(b'{');
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Refused> {
        self.serialize_map(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self, Refused> {
        self.bytes(b'v', variant.as_bytes());
        self.serialize_map(None)
    }
}

macro_rules! sequences {
    ($($trait:ident $method:ident),*) => {$(
        impl<H: Hasher> ser::$trait for &mut Feed<'_, H> {
            type Ok = ();
            type Error = Refused;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Refused> {
                self.shape(b']');
                Ok(())
            }
        }
    )*};
}

sequences!(SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field);

impl<H: Hasher> ser::SerializeMap for &mut Feed<'_, H> {
    type Ok = ();
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Refused> {
        self.shape(b'}');
        Ok(())
    }
}

macro_rules! structs {
    ($($trait:ident),*) => {$(
        impl<H: Hasher> ser::$trait for &mut Feed<'_, H> {
            type Ok = ();
            type Error = Refused;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Refused> {
                self.bytes(b's', key.as_bytes());
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Refused> {
                self.shape(b'}');
                Ok(())
            }
        }
    )*};
}

structs!(SerializeStruct, SerializeStructVariant);

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::hash::RandomState;

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn contents_that_differ_anywhere_have_keys_that_differ() {
        let secret = Secret::new(RandomState::new());
        let key = |value: &Value| {
            let mut feed = Feed::new(&secret);
            value.serialize(&mut feed).unwrap();
            feed.finish()
        };
        // Around the ends of blocks and of one-byte lengths, and the same bytes in another place.
        let mut contents: Vec<Value> =
            (0..2_100).map(|length| json!("x".repeat(length))).chain((0..2_100).map(|n| json!([n, "y"]))).collect();
        for at in 0..2_100 {
            let mut text = "x".repeat(2_100);
            text.replace_range(at..=at, "z");
            contents.push(json!(text));
        }
        contents.extend([
            json!({"a": "b"}),
            json!({"ab": ""}),
            json!({"": "ab"}),
            json!([["a"], "b"]),
            json!([["a", "b"]]),
            json!(["a", ["b"]]),
            json!(null),
            json!(false),
            json!([]),
            json!({}),
            json!("\0"),
        ]);
        let mut seen = HashMap::new();
        for content in &contents {
            assert_eq!(key(content), key(&content.clone()));
            if let Some(other) = seen.insert(key(content), content) {
                panic!("{content} and {other} have one key");
            }
        }
    }
}
