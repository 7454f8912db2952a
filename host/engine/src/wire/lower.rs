//! From laid-out arguments into a guest's memory.

use std::mem::MaybeUninit;

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
    write(cx, at, arguments.parameters())?;
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

/// Asks the guest for room for each string and list, in wasmtime's order, copies it, and tells its parent where it is.
fn place<T>(arguments: &Arguments, cx: &mut LowerContext<'_, T>, parameters: &mut Parameters<'_>) -> Result<()> {
    let blocks = arguments.blocks();
    let mut addresses: Vec<usize> = Vec::with_capacity(blocks.len());
    for block in blocks {
        let (address, length) = match &block.content {
            Content::Text(range) => text(cx, arguments.text_at(range))?,
            Content::Data { range, align, count } => {
                let bytes = arguments.data_at(range);
                let address = cx.realloc(0, 0, *align, bytes.len())?;
                write(cx, address, bytes)?;
                (address, *count)
            }
        };
        addresses.push(address);
        let mut pair = [0; 8];
        let (pointer, count) = pair.split_at_mut(4);
        pointer.copy_from_slice(&u32::try_from(address)?.to_le_bytes());
        count.copy_from_slice(&length.to_le_bytes());
        match (block.parent, &mut *parameters) {
            (Parent::Parameters, Parameters::Here(bytes)) => {
                let slot = bytes.get_mut(block.at..).and_then(<[u8]>::first_chunk_mut);
                *slot.ok_or_else(astray)? = pair;
            }
            (Parent::Parameters, Parameters::There(base)) => write(cx, *base + block.at, &pair)?,
            (Parent::Block(parent), _) => {
                let base = addresses.get(parent).copied().ok_or_else(astray)?;
                write(cx, base + block.at, &pair)?;
            }
        }
    }
    Ok(())
}

/// A string in the encoding that the guest wants: its address, and its length as the guest counts.
fn text<T>(cx: &mut LowerContext<'_, T>, text: &str) -> Result<(usize, u32)> {
    let mut pair = MaybeUninit::new([ValRaw::u64(0); 2]);
    text.linear_lower_to_flat(cx, InterfaceType::String, &mut pair)?;
    let [pointer, length] = super::typed::pair(pair);
    Ok((pointer.get_u32() as usize, length.get_u32()))
}

fn write<T>(cx: &mut LowerContext<'_, T>, at: usize, bytes: &[u8]) -> Result<()> {
    let slot = cx.as_slice_mut().get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len()));
    slot.ok_or_else(astray)?.copy_from_slice(bytes);
    Ok(())
}

/// `realloc` checks that what it gives is within the memory, so this is a mistake in this module.
fn astray() -> wasmtime::Error {
    wasmtime::format_err!("an argument has no place in the component's memory")
}
