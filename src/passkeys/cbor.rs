//! A strict reader of CBOR (RFC 8949) as CTAP writes it: every length is definite and as short as possible, no map names a key twice, and
//! there are no tags and no floating-point numbers.

use std::collections::BTreeSet;

/// How deep values may nest. An attestation statement with certificates has a depth of three.
const DEEPEST: u8 = 6;

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CborReader<'a>(&'a [u8]);

/// The head of a value: its kind, and its number or its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CborHead {
    /// A number from 0 on.
    Unsigned(u64),
    /// The number that is -1 minus this.
    Negative(u64),
    Bytes(u64),
    Text(u64),
    Array(u64),
    Map(u64),
    /// `false`, `true` or `null`.
    Simple,
}

impl<'a> CborReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What was not read yet.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn take_long(&mut self, length: u64) -> Option<&'a [u8]> {
        self.take(usize::try_from(length).ok()?)
    }

    fn head(&mut self) -> Option<CborHead> {
        let first = *self.take(1)?.first()?;
        let (kind, short) = (first >> 5, first & 31);
        if kind == 7 {
            return matches!(short, 20..=22).then_some(CborHead::Simple);
        }
        // A number that would fit into a shorter form is refused.
        let (number, least) = match short {
            0..=23 => (u64::from(short), 0),
            24 => (self.big_endian(1)?, 24),
            25 => (self.big_endian(2)?, 1 << 8),
            26 => (self.big_endian(4)?, 1 << 16),
            27 => (self.big_endian(8)?, 1 << 32),
            _ => return None,
        };
        if number < least {
            return None;
        }
        match kind {
            0 => Some(CborHead::Unsigned(number)),
            1 => Some(CborHead::Negative(number)),
            2 => Some(CborHead::Bytes(number)),
            3 => Some(CborHead::Text(number)),
            4 => Some(CborHead::Array(number)),
            5 => Some(CborHead::Map(number)),
            _ => None,
        }
    }

    fn big_endian(&mut self, length: usize) -> Option<u64> {
        Some(self.take(length)?.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    /// The number of entries of a map, which follow.
    pub(crate) fn map(&mut self) -> Option<u64> {
        if let CborHead::Map(entries) = self.head()? { Some(entries) } else { None }
    }

    pub(crate) fn integer(&mut self) -> Option<i64> {
        match self.head()? {
            CborHead::Unsigned(number) => i64::try_from(number).ok(),
            CborHead::Negative(number) => i64::try_from(number).ok().map(|number| !number),
            CborHead::Bytes(_) | CborHead::Text(_) | CborHead::Array(_) | CborHead::Map(_) | CborHead::Simple => None,
        }
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        if let CborHead::Bytes(length) = self.head()? { self.take_long(length) } else { None }
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let CborHead::Text(length) = self.head()? else { return None };
        std::str::from_utf8(self.take_long(length)?).ok()
    }

    /// Passes over a map, which is read as strictly as what counts.
    pub(crate) fn skip_map(&mut self) -> Option<()> {
        let entries = self.map()?;
        self.skip_entries(entries, DEEPEST)
    }

    fn skip_entries(&mut self, entries: u64, depth: u8) -> Option<()> {
        let mut keys = BTreeSet::new();
        for _ in 0..entries {
            let before = self.0;
            self.skip(depth)?;
            // Each value has only one form, so equal keys are equal bytes.
            let key = before.get(..before.len().checked_sub(self.0.len())?)?;
            if !keys.insert(key) {
                return None;
            }
            self.skip(depth)?;
        }
        Some(())
    }

    fn skip(&mut self, depth: u8) -> Option<()> {
        let below = depth.checked_sub(1)?;
        match self.head()? {
            CborHead::Unsigned(_) | CborHead::Negative(_) | CborHead::Simple => Some(()),
            CborHead::Bytes(length) => self.take_long(length).map(drop),
            CborHead::Text(length) => std::str::from_utf8(self.take_long(length)?).ok().map(drop),
            CborHead::Array(entries) => {
                for _ in 0..entries {
                    self.skip(below)?;
                }
                Some(())
            }
            CborHead::Map(entries) => self.skip_entries(entries, below),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_form() {
        for (bytes, expected) in [
            (&[0x00][..], Some(0)),
            (&[0x17], Some(23)),
            (&[0x18, 24], Some(24)),
            (&[0x18, 23], None),
            (&[0x19, 1, 0], Some(256)),
            (&[0x19, 0, 255], None),
            (&[0x1a, 0, 1, 0, 0], Some(65_536)),
            (&[0x1a, 0, 0, 255, 255], None),
            (&[0x1b, 0, 0, 0, 1, 0, 0, 0, 0], Some(1 << 32)),
            (&[0x1b, 0, 0, 0, 0, 255, 255, 255, 255], None),
            (&[0x1b, 255, 255, 255, 255, 255, 255, 255, 255], None),
            (&[0x20], Some(-1)),
            (&[0x26], Some(-7)),
            (&[0x39, 1, 0], Some(-257)),
            (&[0x3b, 255, 255, 255, 255, 255, 255, 255, 255], None),
            (&[0x1c], None),
            (&[0x1f], None),
            (&[0x18], None),
            (&[0x41, 0], None),
            (&[0xf5], None),
            (&[], None),
        ] {
            assert_eq!(CborReader::new(bytes).integer(), expected, "{bytes:?}");
        }
    }

    #[test]
    fn texts_and_bytes_end_where_they_say() {
        assert_eq!(CborReader::new(&[0x43, 1, 2, 3, 9]).bytes(), Some(&[1, 2, 3][..]));
        assert_eq!(CborReader::new(&[0x63, b'f', b'm', b't']).text(), Some("fmt"));
        for wrong in [&[0x43, 1, 2][..], &[0x5f, 0x41, 1, 0xff], &[0x58, 3, 1, 2, 3], &[0x5b, 255, 255, 255, 255, 255, 255, 255, 255]] {
            assert_eq!(CborReader::new(wrong).bytes(), None, "{wrong:?}");
        }
        assert_eq!(CborReader::new(&[0x61, 0xff]).text(), None, "it is no UTF-8");
    }

    #[test]
    fn a_map_is_passed_over_only_if_all_of_it_is_right() {
        for (bytes, is_fine) in [
            (&[0xa0][..], true),
            (&[0xa1, 0x61, b'a', 0x80], true),
            (&[0xa2, 0x61, b'a', 0x01, 0x61, b'b', 0xf6], true),
            (&[0xa2, 0x61, b'a', 0x01, 0x61, b'a', 0x02], false),
            (&[0xa1, 0x61, b'a'], false),
            (&[0xbf, 0xff], false),
            (&[0xa1, 0x61, b'a', 0x9f, 0xff], false),
            (&[0xa1, 0x61, b'a', 0xc1, 0x00], false),
            (&[0xa1, 0x61, b'a', 0xf9, 0x3c, 0x00], false),
            (&[0xa1, 0x61, b'a', 0xf7], false),
            (&[0x80], false),
            (&[0xa1, 0x00, 0x81, 0x81, 0x81, 0x81, 0x81, 0x80], true),
            (&[0xa1, 0x00, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x80], false),
            (&[0xbb, 255, 255, 255, 255, 255, 255, 255, 255], false),
        ] {
            let mut reader = CborReader::new(bytes);
            assert_eq!(reader.skip_map().is_some() && reader.rest().is_empty(), is_fine, "{bytes:x?}");
        }
    }
}
