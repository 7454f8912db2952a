//! A guest's memory, read by somebody who does not trust it.

use std::borrow::Cow;
use std::cell::Cell;

use super::{Layout, Tagged};

/// The top bit of a length in `latin1+utf16`: this one is UTF-16.
const UTF16_TAG: u32 = 1 << 31;

/// An answer that breaks the canonical ABI: a fault of the component, or of its compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A pointer or a length leads out of the memory.
    #[error("the answer points out of the component's memory")]
    OutOfBounds,
    /// A list does not begin where its elements may.
    #[error("the answer has a pointer that is not aligned")]
    Misaligned,
    /// A variant, an enum or a result has no such case.
    #[error("the answer has case {0}, and its type has none of that number")]
    NoSuchCase(u32),
    /// Bytes that are no text.
    #[error("the answer has a string that is not well-formed")]
    NotText,
    /// A number that is no character.
    #[error("the answer has a character {0:#x}, and there is none of that number")]
    NotACharacter(u32),
    /// More than the host takes over.
    #[error("the answer comes to more than {0} bytes")]
    TooLarge(usize),
}

/// How a component keeps its strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-16.
    Utf16,
    /// Latin-1 where it will do, and UTF-16 where not.
    Latin1OrUtf16,
}

/// A guest's memory. Each value is checked when it is read; what strings and lists come to is counted, as they may
/// overlap.
#[derive(Debug)]
pub struct View<'m> {
    memory: &'m [u8],
    encoding: Encoding,
    most: usize,
    left: Cell<usize>,
}

impl<'m> View<'m> {
    /// Of `memory`, out of which strings and lists of at most `most` bytes are read.
    pub fn new(memory: &'m [u8], encoding: Encoding, most: usize) -> Self {
        Self { memory, encoding, most, left: Cell::new(most) }
    }

    /// The bytes that may be read, and that may be made of them.
    pub fn most(&self) -> usize {
        self.most
    }

    /// A number, as its bytes.
    pub fn get<const N: usize>(&self, at: usize) -> Result<[u8; N], Malformed> {
        self.memory.get(at..).and_then(<[u8]>::first_chunk).copied().ok_or(Malformed::OutOfBounds)
    }

    /// A boolean: all but zero is true.
    pub fn bool(&self, at: usize) -> Result<bool, Malformed> {
        self.get::<1>(at).map(|[byte]| byte != 0)
    }

    /// A character.
    pub fn char(&self, at: usize) -> Result<char, Malformed> {
        let number = u32::from_le_bytes(self.get(at)?);
        char::from_u32(number).ok_or(Malformed::NotACharacter(number))
    }

    /// The number of a case, below `cases`.
    pub fn case(&self, at: usize, tagged: Tagged, cases: usize) -> Result<usize, Malformed> {
        let number = match tagged.tag {
            1 => u32::from(u8::from_le_bytes(self.get(at)?)),
            2 => u32::from(u16::from_le_bytes(self.get(at)?)),
            _ => u32::from_le_bytes(self.get(at)?),
        };
        if (number as usize) < cases { Ok(number as usize) } else { Err(Malformed::NoSuchCase(number)) }
    }

    /// Whether a flag of a set is there.
    pub fn flag(&self, at: usize, flag: usize) -> Result<bool, Malformed> {
        self.get::<1>(at + flag / 8).map(|[byte]| byte & (1 << (flag % 8)) != 0)
    }

    /// A string.
    pub fn text(&self, at: usize) -> Result<Cow<'m, str>, Malformed> {
        let (start, length) = self.pair(at)?;
        let text = match self.encoding {
            Encoding::Utf8 => {
                let bytes = self.span(start, length as usize, Layout::scalar(1))?;
                return std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| Malformed::NotText);
            }
            Encoding::Latin1OrUtf16 if length & UTF16_TAG == 0 => {
                let aligned = start.is_multiple_of(2).then_some(()).ok_or(Malformed::Misaligned);
                let bytes = aligned.and_then(|()| self.span(start, length as usize, Layout::scalar(1)))?;
                bytes.iter().copied().map(char::from).collect()
            }
            Encoding::Utf16 => self.utf16(start, length)?,
            Encoding::Latin1OrUtf16 => self.utf16(start, length ^ UTF16_TAG)?,
        };
        Ok(Cow::Owned(text))
    }

    /// A `list<u8>`.
    pub fn bytes(&self, at: usize) -> Result<&'m [u8], Malformed> {
        let (start, length) = self.pair(at)?;
        self.span(start, length as usize, Layout::scalar(1))
    }

    /// Where the elements of a list are.
    pub fn list(&self, at: usize, element: Layout) -> Result<impl ExactSizeIterator<Item = usize> + use<>, Malformed> {
        let (start, length) = self.pair(at)?;
        self.span(start, length as usize, element)?;
        let size = element.size() as usize;
        // Within the memory, all of them: no sum overflows.
        Ok((0..length as usize).map(move |index| start + index * size))
    }

    /// Whether a value of this layout may be at `at`.
    pub(super) fn starts(&self, at: usize, layout: Layout) -> Result<(), Malformed> {
        self.span(at, 1, layout).map(drop)
    }

    fn utf16(&self, start: usize, length: u32) -> Result<String, Malformed> {
        let bytes = self.span(start, length as usize, Layout::scalar(2))?;
        let (units, _) = bytes.as_chunks::<2>();
        let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
        char::decode_utf16(units).collect::<Result<_, _>>().map_err(|_| Malformed::NotText)
    }

    fn pair(&self, at: usize) -> Result<(usize, u32), Malformed> {
        let pair = u64::from_le_bytes(self.get(at)?);
        let (pointer, length) = (pair & u64::from(u32::MAX), pair >> 32);
        // Both are halves of 64 bits.
        Ok((usize::try_from(pointer).unwrap_or(usize::MAX), u32::try_from(length).unwrap_or(u32::MAX)))
    }

    /// So many of a layout, all of them within the memory.
    fn span(&self, start: usize, count: usize, of: Layout) -> Result<&'m [u8], Malformed> {
        let size = count.checked_mul(of.size() as usize).ok_or(Malformed::OutOfBounds)?;
        let bytes = self.memory.get(start..).and_then(|rest| rest.get(..size)).ok_or(Malformed::OutOfBounds)?;
        if !start.is_multiple_of(of.align() as usize) {
            return Err(Malformed::Misaligned);
        }
        // What takes no room takes time.
        let left = self.left.get().checked_sub(size.max(count)).ok_or(Malformed::TooLarge(self.most))?;
        self.left.set(left);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory that begins with this pointer and this length.
    fn memory(pointer: u32, length: u32, rest: &[u8]) -> Vec<u8> {
        [&pointer.to_le_bytes(), &length.to_le_bytes(), rest].concat()
    }

    fn text(encoding: Encoding, pointer: u32, length: u32, rest: &[u8]) -> Result<String, Malformed> {
        View::new(&memory(pointer, length, rest), encoding, 100).text(0).map(Cow::into_owned)
    }

    #[test]
    fn text_is_read_in_every_encoding() {
        assert_eq!(text(Encoding::Utf8, 8, 3, "aé".as_bytes()).unwrap(), "aé");
        assert_eq!(text(Encoding::Utf16, 8, 3, &[b'a', 0, 0x3d, 0xd8, 0x00, 0xde]).unwrap(), "a😀");
        assert_eq!(text(Encoding::Latin1OrUtf16, 8, 2, &[b'a', 0xe9]).unwrap(), "aé");
        assert_eq!(text(Encoding::Latin1OrUtf16, 8, UTF16_TAG | 1, &[0xac, 0x20]).unwrap(), "€");
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(text(Encoding::Utf8, 8, 1, &[0xff]), Err(Malformed::NotText));
        assert_eq!(text(Encoding::Utf16, 8, 1, &[0x3d, 0xd8]), Err(Malformed::NotText));
        assert_eq!(text(Encoding::Utf16, 9, 1, &[0, 0, 0]), Err(Malformed::Misaligned));
        assert_eq!(text(Encoding::Latin1OrUtf16, 9, 1, &[0, 0, 0]), Err(Malformed::Misaligned));
    }

    #[test]
    fn nothing_is_read_out_of_bounds() {
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Latin1OrUtf16] {
            for (pointer, length) in
                [(8, 5), (13, 1), (u32::MAX, 1), (0, u32::MAX), (u32::MAX - 1, u32::MAX), (8, 1 << 31)]
            {
                let read = text(encoding, pointer, length, b"abcd");
                // A length of nothing but the tag is an empty string in UTF-16.
                if encoding == Encoding::Latin1OrUtf16 && length == UTF16_TAG {
                    assert_eq!(read, Ok(String::new()));
                } else {
                    assert!(
                        matches!(read, Err(Malformed::OutOfBounds | Malformed::Misaligned)),
                        "{encoding:?} {pointer} {length}: {read:?}"
                    );
                }
            }
        }
        let memory = memory(8, 2, &[0; 15]);
        let view = View::new(&memory, Encoding::Utf8, 100);
        assert_eq!(view.list(0, Layout::scalar(8)).err(), Some(Malformed::OutOfBounds));
        assert_eq!(view.list(0, Layout::scalar(4)).unwrap().collect::<Vec<_>>(), [8, 12]);
        assert_eq!(view.get::<4>(20), Err(Malformed::OutOfBounds));
        assert_eq!(view.get::<4>(usize::MAX), Err(Malformed::OutOfBounds));
    }

    #[test]
    fn cases_and_characters_are_checked() {
        let view = View::new(&[2, 1, 0, 0, 0, 0xd8, 0, 0], Encoding::Utf8, 100);
        let (byte, word) = (Tagged { tag: 1, payload: 1 }, Tagged { tag: 2, payload: 2 });
        assert_eq!(view.case(0, byte, 3), Ok(2));
        assert_eq!(view.case(0, byte, 2), Err(Malformed::NoSuchCase(2)));
        assert_eq!(view.case(0, word, 300), Ok(258));
        assert_eq!(view.char(4), Err(Malformed::NotACharacter(0xd800)));
        assert_eq!((view.bool(0), view.bool(2)), (Ok(true), Ok(false)));
        assert_eq!((view.flag(0, 1), view.flag(0, 8), view.flag(0, 9)), (Ok(true), Ok(true), Ok(false)));
    }

    #[test]
    fn one_text_named_often_is_paid_for_each_time() {
        let memory = memory(8, 40, &[b'x'; 40]);
        let view = View::new(&memory, Encoding::Utf8, 100);
        assert!(view.text(0).is_ok() && view.text(0).is_ok());
        assert_eq!(view.text(0), Err(Malformed::TooLarge(100)));
    }
}
