//! Sizes, alignments and offsets of the canonical ABI. Wasmtime's own arithmetic, for types that are known at run time.

use wasmtime::component::__internal::CanonicalAbiInfo;
use wasmtime::component::__internal::wasmtime_environ::component::VariantInfo;

/// How much room a value takes in a guest's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    size: u32,
    align: u32,
}

/// Where the parts of a variant, an option, a result or an enum are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tagged {
    /// Bytes of the number of the case: 1, 2 or 4. They come first.
    pub tag: u32,
    /// Where the payload is, whatever the case.
    pub payload: u32,
}

impl Layout {
    /// A string or a list: a pointer and a length.
    pub const POINTER_PAIR: Layout = Layout { size: 8, align: 4 };

    /// A number, a boolean or a character of so many bytes.
    pub const fn scalar(bytes: u32) -> Self {
        Self { size: bytes, align: bytes }
    }

    /// Bytes that it takes.
    pub const fn size(self) -> u32 {
        self.size
    }

    /// What its address is a multiple of.
    pub const fn align(self) -> u32 {
        self.align
    }

    /// One after another: a record, a tuple, a map's entry, the parameters of a function. And where each is.
    pub fn record(fields: &[Layout]) -> (Self, Box<[u32]>) {
        let infos: Vec<CanonicalAbiInfo> = fields.iter().map(|field| field.info()).collect();
        let mut end = 0;
        let offsets = infos.iter().map(|info| info.next_field32(&mut end)).collect();
        (Self::from_info(&CanonicalAbiInfo::record(infos.iter())), offsets)
    }

    /// One of several, each with its payload. There is at least one.
    pub fn variant(payloads: &[Option<Layout>]) -> (Self, Tagged) {
        let infos: Vec<_> = payloads.iter().map(|payload| payload.map(Layout::info)).collect();
        let (variant, info) = VariantInfo::new(infos.iter().map(Option::as_ref));
        (Self::from_info(&info), Tagged { tag: variant.size.into(), payload: variant.payload_offset32 })
    }

    /// So many of the same: a list of fixed length.
    pub fn repeated(self, times: u32) -> Self {
        Self { size: self.size.saturating_mul(times), ..self }
    }

    /// A set of so many flags.
    pub fn flags(count: usize) -> Self {
        Self::from_info(&CanonicalAbiInfo::flags(count))
    }

    /// What wasmtime worked out of a type.
    pub(super) fn from_info(info: &CanonicalAbiInfo) -> Self {
        Self { size: info.size32, align: info.align32 }
    }

    /// What wasmtime's arithmetic takes. Flat counts are not asked of it.
    fn info(self) -> CanonicalAbiInfo {
        CanonicalAbiInfo { size32: self.size, align32: self.align, ..CanonicalAbiInfo::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTE: Layout = Layout::scalar(1);
    const LONG: Layout = Layout::scalar(8);

    #[test]
    fn fields_are_aligned_and_records_padded() {
        let (layout, at) = Layout::record(&[BYTE, LONG, Layout::POINTER_PAIR, BYTE]);
        assert_eq!((layout.size(), layout.align()), (32, 8));
        assert_eq!(*at, [0, 8, 16, 24]);
        assert_eq!(Layout::record(&[]).0.size(), 0);
        assert_eq!(layout.repeated(3).size(), 96);
    }

    #[test]
    fn a_case_and_its_payload() {
        let (layout, parts) = Layout::variant(&[None, Some(LONG)]);
        assert_eq!((layout.size(), layout.align(), parts), (16, 8, Tagged { tag: 1, payload: 8 }));
        let (layout, parts) = Layout::variant(&vec![None; 300]);
        assert_eq!((layout.size(), parts.tag), (2, 2));
    }

    #[test]
    fn flags_take_whole_words_beyond_sixteen() {
        assert_eq!([1, 9, 17, 33].map(|count| Layout::flags(count).size()), [1, 2, 4, 8]);
    }
}
