//! A serializer that only feeds a hasher: the content's key without a copy of the content.

use std::fmt;
use std::hash::Hasher;

use serde::ser::{self, Serialize};

/// What waits to be hashed: the hasher is quicker with few long pieces than with many short ones.
const BUFFER: usize = 1024;

/// Stands before a length that needs more than a byte.
const LONG: u8 = u8::MAX;

/// The hasher and what goes into it. Every value is preceded by a byte for its shape, so that `["a"]` and
/// `"a"` differ; objects and lists are closed by one.
pub(super) struct Feed<H> {
    hasher: H,
    buffer: [u8; BUFFER],
    filled: usize,
}

impl<H: Hasher + Clone> Feed<H> {
    pub(super) fn new(hasher: H) -> Self {
        Self { hasher, buffer: [0; BUFFER], filled: 0 }
    }

    /// Two finalisations of the hasher's state, which is wider than either.
    pub(super) fn finish(mut self) -> (u64, u64) {
        self.flush();
        let mut second = self.hasher.clone();
        second.write_u8(0xee);
        (self.hasher.finish(), second.finish())
    }
}

impl<H: Hasher> Feed<H> {
    fn flush(&mut self) {
        self.hasher.write(&self.buffer[..self.filled]);
        self.filled = 0;
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.filled + bytes.len() > BUFFER {
            self.flush();
            if bytes.len() > BUFFER {
                self.hasher.write(bytes);
                return;
            }
        }
        self.buffer[self.filled..self.filled + bytes.len()].copy_from_slice(bytes);
        self.filled += bytes.len();
    }

    pub(super) fn mark_broken(&mut self) {
        self.bytes(b'!', &[]);
    }

    fn bytes(&mut self, shape: u8, bytes: &[u8]) {
        // Almost all are short: then the length is one byte, and what is hashed little more than the text itself.
        let mut head = [shape; 10];
        let head = match u8::try_from(bytes.len()) {
            Ok(length) if length != LONG => {
                head[1] = length;
                &head[..2]
            }
            _ => {
                head[1] = LONG;
                head[2..].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
                &head[..]
            }
        };
        if self.filled + head.len() + bytes.len() > BUFFER {
            self.put(head);
            self.put(bytes);
            return;
        }
        let (free, end) = (&mut self.buffer[self.filled..], head.len() + bytes.len());
        free[..head.len()].copy_from_slice(head);
        free[head.len()..end].copy_from_slice(bytes);
        self.filled += end;
    }

    fn word(&mut self, shape: u8, word: u64) {
        let mut whole = [shape; 9];
        whole[1..].copy_from_slice(&word.to_le_bytes());
        self.put(&whole);
    }

    fn shape(&mut self, shape: u8) {
        self.put(&[shape]);
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

impl<H: Hasher> ser::Serializer for &mut Feed<H> {
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
        impl<H: Hasher> ser::$trait for &mut Feed<H> {
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

impl<H: Hasher> ser::SerializeMap for &mut Feed<H> {
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
        impl<H: Hasher> ser::$trait for &mut Feed<H> {
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
