//! The arguments of a call, laid out as the guest will have them, before there is a guest.

use std::ops::Range;

use super::Layout;

/// Arguments that take more room than they may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the arguments take more than {0} bytes")]
pub struct TooLarge(pub usize);

/// Where a value of the arguments goes. Good for the arguments that gave it, until the list that it is in is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(usize);

impl Place {
    /// So many bytes further: a field of a record, the payload of a variant.
    #[must_use]
    pub fn plus(self, bytes: u32) -> Self {
        Self(self.0.saturating_add(bytes as usize))
    }
}

/// A list that is open.
#[derive(Debug)]
#[must_use = "a list that is not closed is missing"]
pub struct List {
    at: Place,
    align: u32,
    /// The block that it is going to be.
    block: usize,
    /// What was open before.
    outer: Open,
}

/// Arguments under construction.
///
/// The parameters themselves lie at the start of `frames`. An open list's elements grow at its end, so that the
/// elements of one list are together although others open and close in between; when a list is closed they move over
/// to `data`. Blocks are in the order in which wasmtime would ask the guest for them: a list before what its elements
/// hold.
#[derive(Debug)]
pub struct Arguments {
    frames: Vec<u8>,
    data: Vec<u8>,
    text: String,
    blocks: Vec<Block>,
    open: Open,
    root: Layout,
    most: usize,
}

/// Whose elements are at the end of `frames`.
#[derive(Debug, Clone, Copy)]
struct Open {
    parent: Parent,
    base: usize,
    count: u32,
}

/// What a pointer is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parent {
    Parameters,
    /// The elements of the list that is this block.
    Block(usize),
}

/// What the guest allocates room for in one go.
#[derive(Debug)]
pub(super) struct Block {
    /// Where its pointer and its length are to be written.
    pub(super) parent: Parent,
    pub(super) at: usize,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    /// Bytes of the text; how a string is encoded is the guest's choice.
    Text(Range<usize>),
    /// Bytes of the data: so many elements.
    Data { range: Range<usize>, align: u32, count: u32 },
}

impl Arguments {
    /// For parameters of this layout, which may take at most `most` bytes with all that they point to.
    pub fn new(root: Layout, most: usize) -> Self {
        let open = Open { parent: Parent::Parameters, base: 0, count: 0 };
        let mut frames = Vec::with_capacity(root.size() as usize + 1_024);
        frames.resize(root.size() as usize, 0);
        let (data, text, blocks) = (Vec::with_capacity(2_048), String::with_capacity(1_024), Vec::with_capacity(64));
        Self { frames, data, text, blocks, open, root, most }
    }

    /// Where the parameters begin.
    pub fn root(&self) -> Place {
        Place(0)
    }

    /// Writes a number. All that is not written is zero.
    pub fn put<const N: usize>(&mut self, at: Place, bytes: [u8; N]) {
        // A place is within the frames by how it was made; one of a closed list writes nothing that is read.
        let slot = self.frames.get_mut(at.0..).and_then(<[u8]>::first_chunk_mut);
        debug_assert!(slot.is_some(), "{at:?} is not within {} bytes", self.frames.len());
        if let Some(slot) = slot {
            *slot = bytes;
        }
    }

    /// Writes the number of a case in `bytes` bytes.
    pub fn tag(&mut self, at: Place, bytes: u32, case: usize) {
        let [a, b, c, d, ..] = case.to_le_bytes();
        match bytes {
            1 => self.put(at, [a]),
            2 => self.put(at, [a, b]),
            _ => self.put(at, [a, b, c, d]),
        }
    }

    /// Sets a bit of a set of flags.
    pub fn flag(&mut self, at: Place, flag: usize) {
        if let Some(byte) = self.frames.get_mut(at.0.saturating_add(flag / 8)) {
            *byte |= 1 << (flag % 8);
        }
    }

    /// Writes a string.
    pub fn text(&mut self, at: Place, text: &str) -> Result<(), TooLarge> {
        self.room_for(text.len())?;
        let start = self.text.len();
        self.text.push_str(text);
        self.block(at, Content::Text(start..self.text.len()));
        Ok(())
    }

    /// Writes a `list<u8>`.
    pub fn bytes(&mut self, at: Place, bytes: &[u8]) -> Result<(), TooLarge> {
        self.room_for(bytes.len())?;
        let start = self.data.len();
        self.data.extend_from_slice(bytes);
        let count = u32::try_from(bytes.len()).map_err(|_| TooLarge(self.most))?;
        self.block(at, Content::Data { range: start..self.data.len(), align: 1, count });
        Ok(())
    }

    /// Opens a list of elements of this layout. Its elements come next, and then [`close`](Self::close).
    pub fn open(&mut self, at: Place, element: Layout) -> List {
        let block = self.blocks.len();
        self.block(at, Content::Data { range: 0..0, align: element.align(), count: 0 });
        let open = Open { parent: Parent::Block(block), base: self.frames.len(), count: 0 };
        let outer = std::mem::replace(&mut self.open, open);
        List { at, align: element.align(), block, outer }
    }

    /// Room for one more element of the list that was opened last.
    pub fn element(&mut self, element: Layout) -> Result<Place, TooLarge> {
        self.room_for(element.size() as usize)?;
        let at = self.frames.len();
        self.frames.resize(at + element.size() as usize, 0);
        self.open.count += 1;
        Ok(Place(at))
    }

    /// Closes the list that was opened last.
    #[allow(clippy::needless_pass_by_value, reason = "a list is closed once")]
    pub fn close(&mut self, list: List) {
        let Open { base, count, .. } = std::mem::replace(&mut self.open, list.outer);
        let start = self.data.len();
        self.data.extend_from_slice(self.frames.get(base..).unwrap_or_default());
        self.frames.truncate(base);
        debug_assert!(list.at.0 < base, "a list lies behind what it is in");
        if let Some(block) = self.blocks.get_mut(list.block) {
            block.content = Content::Data { range: start..self.data.len(), align: list.align, count };
        }
    }

    fn block(&mut self, at: Place, content: Content) {
        let Open { parent, base, .. } = self.open;
        self.blocks.push(Block { parent, at: at.0.saturating_sub(base), content });
    }

    /// Every block costs something, however short it is.
    fn room_for(&self, more: usize) -> Result<(), TooLarge> {
        let taken = self.frames.len() + self.data.len() + self.text.len() + self.blocks.len() * size_of::<Block>();
        if taken.saturating_add(more) > self.most { Err(TooLarge(self.most)) } else { Ok(()) }
    }

    pub(super) fn layout(&self) -> Layout {
        self.root
    }

    /// The parameters, all pointers and lengths zero.
    pub(super) fn parameters(&self) -> &[u8] {
        self.frames.get(..self.root.size() as usize).unwrap_or_default()
    }

    pub(super) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    pub(super) fn text_at(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    pub(super) fn data_at(&self, range: &Range<usize>) -> &[u8] {
        self.data.get(range.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_a_list_are_together_and_blocks_in_order() {
        let mut arguments = Arguments::new(Layout::POINTER_PAIR, 10_000);
        let root = arguments.root();
        let lines = arguments.open(root, Layout::POINTER_PAIR);
        for texts in [["a", "b"], ["c", "d"]] {
            let line = arguments.element(Layout::POINTER_PAIR).unwrap();
            let tags = arguments.open(line, Layout::POINTER_PAIR);
            for text in texts {
                let tag = arguments.element(Layout::POINTER_PAIR).unwrap();
                arguments.text(tag, text).unwrap();
            }
            arguments.close(tags);
        }
        arguments.close(lines);

        assert_eq!(arguments.text, "abcd");
        let at: Vec<_> = arguments.blocks().iter().map(|block| (block.parent, block.at)).collect();
        let list = Parent::Block;
        assert_eq!(
            at,
            [
                (Parent::Parameters, 0),
                (list(0), 0),
                (list(1), 0),
                (list(1), 8),
                (list(0), 8),
                (list(4), 0),
                (list(4), 8)
            ]
        );
        let Content::Data { range, count: 2, .. } = &arguments.blocks()[0].content else { panic!("not two lines") };
        assert_eq!(range.len(), 16);
        assert_eq!(arguments.parameters().len(), 8);
    }

    #[test]
    fn room_is_bounded() {
        let mut arguments = Arguments::new(Layout::POINTER_PAIR, 100);
        let root = arguments.root();
        assert_eq!(arguments.text(root, &"x".repeat(200)), Err(TooLarge(100)));
        assert_eq!(arguments.bytes(root, &[0; 200]), Err(TooLarge(100)));
        let list = arguments.open(root, Layout::scalar(8));
        let most = std::iter::from_fn(|| arguments.element(Layout::scalar(8)).ok()).count();
        assert!(most < 100 / 8, "{most}");
        arguments.close(list);
    }

    #[test]
    fn numbers_flags_and_cases() {
        let mut arguments = Arguments::new(Layout::record(&[Layout::scalar(8), Layout::scalar(8)]).0, 100);
        let root = arguments.root();
        arguments.put(root, 0x0102_u16.to_le_bytes());
        arguments.tag(root.plus(2), 2, 0x0304);
        arguments.flag(root.plus(8), 0);
        arguments.flag(root.plus(8), 9);
        assert_eq!(arguments.parameters(), [2, 1, 4, 3, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0]);
    }
}
