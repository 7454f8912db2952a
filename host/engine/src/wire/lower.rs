//! From laid-out arguments into a guest's memory.

use std::mem::MaybeUninit;

use wasmtime::component::__internal::wasmtime_environ::component::StringEncoding;
use wasmtime::component::__internal::{InterfaceType, LowerContext};
use wasmtime::component::Lower;
use wasmtime::{Result, ValRaw, bail};

use super::arguments::{Arguments, Content, Parent};
use super::flat::flatten;

/// The canonical ABI passes no more than so many values to a function; where there were more, one points to the rest.
pub(super) const FLAT: usize = 16;

/// Puts the arguments where the function finds them: into its memory, and into `flat` what it is called with.
pub(super) fn lower<T>(
    arguments: &Arguments,
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    flat: &mut [ValRaw; FLAT],
) -> Result<()> {
    let types = cx.types;
    let InterfaceType::Tuple(index) = ty else { bail!("the parameters of a function are a tuple") };
    let abi = &types[index].abi;
    if (arguments.layout().size(), arguments.layout().align()) != (abi.size32, abi.align32) {
        bail!("the arguments were laid out for another function");
    }
    if abi.flat_count(FLAT).is_some() {
        let mut parameters = arguments.parameters().to_vec();
        place(arguments, cx, &mut Parameters::Here(&mut parameters))?;
        return flatten(types, ty, &parameters, &mut flat.iter_mut());
    }
    let at = cx.realloc(0, 0, abi.align32, abi.size32 as usize)?;
    write(cx.as_slice_mut(), at, arguments.parameters())?;
    place(arguments, cx, &mut Parameters::There(at))?;
    let [first, ..] = flat;
    *first = ValRaw::i64(i64::try_from(at)?);
    Ok(())
}

/// Where the parameters are while their pointers are filled in.
enum Parameters<'a> {
    /// With the host, as they go into registers.
    Here(&'a mut [u8]),
    /// In the guest's memory, at this address.
    There(usize),
}

/// Asks the guest for room for each string and list, in wasmtime's order; then copies them, and tells each one's parent
/// where it is. All of the guest's work comes first, so that its memory stays where it is while it is written.
fn place<T>(arguments: &Arguments, cx: &mut LowerContext<'_, T>, parameters: &mut Parameters<'_>) -> Result<()> {
    let blocks = arguments.blocks();
    let as_it_is = matches!(cx.options().string_encoding, StringEncoding::Utf8);
    let mut places: Vec<Room> = Vec::with_capacity(blocks.len());
    for block in blocks {
        places.push(match &block.content {
            Content::Text(range) if as_it_is => room(cx, range.len(), 1, u32::try_from(range.len())?)?,
            Content::Text(range) => transcode(cx, arguments.text_at(range))?,
            Content::Data { range, align, count } => room(cx, range.len(), *align, *count)?,
        });
    }
    let memory = cx.as_slice_mut();
    for (block, place) in blocks.iter().zip(&places) {
        match &block.content {
            Content::Text(range) if as_it_is => write(memory, place.address, arguments.text_at(range).as_bytes())?,
            Content::Text(_) => {}
            Content::Data { range, .. } => write(memory, place.address, arguments.data_at(range))?,
        }
        // A parent comes before what it holds, so its bytes are there already.
        match (block.parent, &mut *parameters) {
            (Parent::Parameters, Parameters::Here(bytes)) => write(bytes, block.at, &place.pair()?)?,
            (Parent::Parameters, Parameters::There(base)) => write(memory, *base + block.at, &place.pair()?)?,
            (Parent::Block(parent), _) => {
                let parent = places.get(parent).ok_or_else(astray)?;
                write(memory, parent.address + block.at, &place.pair()?)?;
            }
        }
    }
    Ok(())
}

/// Where a string or a list is in the guest's memory, and its length as the guest counts.
struct Room {
    address: usize,
    length: u32,
}

impl Room {
    fn pair(&self) -> Result<[u8; 8]> {
        let pointer = u64::from(u32::try_from(self.address)?);
        Ok((pointer | u64::from(self.length) << 32).to_le_bytes())
    }
}

fn room<T>(cx: &mut LowerContext<'_, T>, bytes: usize, align: u32, length: u32) -> Result<Room> {
    Ok(Room { address: cx.realloc(0, 0, align, bytes)?, length })
}

/// Writes a string in another encoding than the host's.
fn transcode<T>(cx: &mut LowerContext<'_, T>, text: &str) -> Result<Room> {
    let mut pair = MaybeUninit::new([ValRaw::u64(0); 2]);
    text.linear_lower_to_flat(cx, InterfaceType::String, &mut pair)?;
    let [pointer, length] = super::typed::pair(pair);
    Ok(Room { address: pointer.get_u32() as usize, length: length.get_u32() })
}

fn write(memory: &mut [u8], at: usize, bytes: &[u8]) -> Result<()> {
    let slot = memory.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len()));
    slot.ok_or_else(astray)?.copy_from_slice(bytes);
    Ok(())
}

/// `realloc` checks that what it gives is within the memory, so this is a mistake in this module.
fn astray() -> wasmtime::Error {
    wasmtime::format_err!("an argument has no place in the component's memory")
}
