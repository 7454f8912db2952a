//! A pull reader of JSON, made for small components: no tree, no floating point, no formatting machinery.
//!
//! A path to what is wrong is put together only while an error travels up, so that good config pays nothing for it.

use crate::text::{digits, join};

/// What is wrong with a config, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `tiers[2].percent`; empty for the whole.
    pub path: String,
    /// What was expected, and what was found.
    pub message: String,
}

/// A result of reading. The problem is boxed, so that the good case stays small.
pub type Reading<T> = Result<T, Box<Problem>>;

impl Problem {
    /// A problem with the value that is being read; its message is put together of parts.
    #[cold]
    #[inline(never)]
    pub fn new(parts: &[&str]) -> Box<Self> {
        Box::new(Self { path: String::new(), message: join(parts) })
    }

    /// The same problem, seen from the object that holds it.
    #[cold]
    #[inline(never)]
    #[must_use]
    pub fn within(mut self: Box<Self>, outer: &str) -> Box<Self> {
        let joint = if matches!(self.path.as_bytes().first(), None | Some(b'[')) { "" } else { "." };
        self.path = join(&[outer, joint, &self.path]);
        self
    }
}

/// JSON text, and how far it has been read.
pub struct Json<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Json<'a> {
    /// A reader at the start of `text`.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The first byte of the next value, or 0 at the end.
    pub fn peek(&mut self) -> u8 {
        loop {
            match self.byte() {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                other => return other,
            }
        }
    }

    /// Whether nothing is left.
    pub fn at_end(&mut self) -> bool {
        self.peek();
        self.at >= self.text.len()
    }

    /// Skips `null`, if it comes next.
    pub fn null(&mut self) -> bool {
        self.word(b"null")
    }

    /// `true` or `false`.
    pub fn boolean(&mut self) -> Reading<bool> {
        if self.word(b"true") {
            return Ok(true);
        }
        if self.word(b"false") {
            return Ok(false);
        }
        Err(self.unexpected("true or false"))
    }

    /// A number's text, without reading its value. A number in quotes is taken too, because 64 bits do not survive
    /// every JSON tool.
    #[inline(never)]
    pub fn number(&mut self, expected: &str) -> Reading<String> {
        match self.peek() {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => {
                let start = self.at;
                while matches!(self.byte(), b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9') {
                    self.at += 1;
                }
                Ok(self.since(start).into())
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    /// A string.
    #[inline(never)]
    pub fn string(&mut self) -> Reading<String> {
        if !self.skip(b'"') {
            return Err(self.unexpected("a string"));
        }
        let mut string = String::new();
        loop {
            let start = self.at;
            while !matches!(self.byte(), 0 | b'"' | b'\\') {
                self.at += 1;
            }
            string.push_str(self.since(start));
            match self.next() {
                b'"' => return Ok(string),
                b'\\' => string.push(self.escape()?),
                _ => return Err(Problem::new(&["the string does not end"])),
            }
        }
    }

    /// An object. `field` is called with the position in `names` of each key that comes, and must read the value.
    /// Unknown keys are problems: a typing error in a price must not pass in silence.
    #[inline(never)]
    pub fn object(&mut self, names: &[&str], field: &mut dyn FnMut(&mut Self, usize) -> Reading<()>) -> Reading<()> {
        self.entries(&mut |json, key| match names.iter().position(|name| *name == key) {
            Some(index) => field(json, index),
            None => Err(Problem::new(&["unknown; expected ", &listing(names)])),
        })
    }

    /// An object of any keys.
    #[inline(never)]
    pub fn entries(&mut self, entry: &mut dyn FnMut(&mut Self, &str) -> Reading<()>) -> Reading<()> {
        self.sequence(b'{', b'}', "an object", &mut |json, _| {
            let key = json.string()?;
            if !json.skip(b':') {
                return Err(json.unexpected("`:`"));
            }
            entry(json, &key).map_err(|problem| problem.within(&key))
        })
    }

    /// An array. `item` must read one item.
    #[inline(never)]
    pub fn array(&mut self, item: &mut dyn FnMut(&mut Self) -> Reading<()>) -> Reading<()> {
        self.sequence(b'[', b']', "an array", &mut |json, index| {
            item(json).map_err(|problem| problem.within(&join(&["[", &digits(index), "]"])))
        })
    }

    #[inline(never)]
    fn sequence(
        &mut self,
        open: u8,
        close: u8,
        expected: &str,
        item: &mut dyn FnMut(&mut Self, u64) -> Reading<()>,
    ) -> Reading<()> {
        if !self.skip(open) {
            return Err(self.unexpected(expected));
        }
        let mut index = 0;
        while index > 0 || !self.skip(close) {
            item(self, index)?;
            index += 1;
            if self.skip(close) {
                break;
            }
            if !self.skip(b',') {
                return Err(self.unexpected("a comma or the end of the list"));
            }
        }
        Ok(())
    }

    /// A problem: `expected` is not what comes next.
    #[cold]
    #[inline(never)]
    pub fn unexpected(&mut self, expected: &str) -> Box<Problem> {
        let found = match self.peek() {
            0 => "the end",
            b'{' => "an object",
            b'[' => "an array",
            b'"' => "a string",
            b'-' | b'0'..=b'9' => "a number",
            b't' | b'f' => "a boolean",
            b'n' => "null",
            _ => "something that is not JSON",
        };
        Problem::new(&["expected ", expected, ", found ", found])
    }

    /// The byte at hand; 0, which no JSON has outside of escapes, at the end.
    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn next(&mut self) -> u8 {
        let byte = self.byte();
        self.at += 1;
        byte
    }

    #[inline(never)]
    fn skip(&mut self, wanted: u8) -> bool {
        let found = self.peek() == wanted;
        self.at += usize::from(found);
        found
    }

    #[inline(never)]
    fn word(&mut self, word: &[u8]) -> bool {
        self.peek();
        let found = self.text.as_bytes().get(self.at..self.at + word.len()) == Some(word);
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    #[inline(never)]
    fn escape(&mut self) -> Reading<char> {
        let escaped = match self.next() {
            plain @ (b'"' | b'\\' | b'/') => Some(char::from(plain)),
            b'b' => Some('\u{8}'),
            b'f' => Some('\u{c}'),
            b'n' => Some('\n'),
            b'r' => Some('\r'),
            b't' => Some('\t'),
            b'u' => self.unicode(),
            _ => None,
        };
        escaped.ok_or_else(|| Problem::new(&["unknown escape in the string"]))
    }

    /// Four hexadecimal digits, or twice four where they are a surrogate pair.
    fn unicode(&mut self) -> Option<char> {
        let code = self.four_hex()?;
        if !(0xd800..0xdc00).contains(&code) {
            return char::from_u32(code);
        }
        if self.next() != b'\\' || self.next() != b'u' {
            return None;
        }
        let low = self.four_hex()?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
        char::from_u32(0x1_0000 + ((code - 0xd800) << 10) + low)
    }

    fn four_hex(&mut self) -> Option<u32> {
        let mut code = 0;
        for _ in 0..4 {
            code = code * 16 + char::from(self.next()).to_digit(16)?;
        }
        Some(code)
    }
}

/// `a, b, c` for messages.
#[cold]
#[inline(never)]
pub(crate) fn listing(names: &[&str]) -> String {
    let mut list = String::new();
    for name in names {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(name);
    }
    if names.is_empty() { "nothing".into() } else { list }
}
