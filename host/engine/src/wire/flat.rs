//! Parameters that are few enough go to the function as values, not through its memory.

use wasmtime::component::__internal::wasmtime_environ::component::VariantInfo;
use wasmtime::component::__internal::{ComponentTypes, InterfaceType};
use wasmtime::{Result, ValRaw};

/// Where the values go, in order. All are zero before.
type Slots<'a, 's> = &'a mut std::slice::IterMut<'s, ValRaw>;

/// Takes a value, laid out in `bytes`, apart into what core functions take. `flatten_type` and `lower_flat` of the
/// canonical ABI.
///
/// A case of a variant shares its slots with the other cases, each of the wider type of both. Nothing is to be done
/// about it: a value's bits are put into 64, zeros above them, and read as what the slot is.
pub(super) fn flatten(types: &ComponentTypes, ty: InterfaceType, bytes: &[u8], slots: Slots<'_, '_>) -> Result<()> {
    match ty {
        InterfaceType::Bool | InterfaceType::U8 => push(slots, ValRaw::u32(u8::from_le_bytes(get(bytes)?).into())),
        InterfaceType::S8 => push(slots, ValRaw::i32(i8::from_le_bytes(get(bytes)?).into())),
        InterfaceType::U16 => push(slots, ValRaw::u32(u16::from_le_bytes(get(bytes)?).into())),
        InterfaceType::S16 => push(slots, ValRaw::i32(i16::from_le_bytes(get(bytes)?).into())),
        InterfaceType::U32 | InterfaceType::S32 | InterfaceType::Float32 | InterfaceType::Char => {
            push(slots, ValRaw::u32(u32::from_le_bytes(get(bytes)?)))
        }
        InterfaceType::U64 | InterfaceType::S64 | InterfaceType::Float64 => {
            push(slots, ValRaw::u64(u64::from_le_bytes(get(bytes)?)))
        }
        InterfaceType::String | InterfaceType::List(_) | InterfaceType::Map(_) => words(bytes, 2, slots),
        InterfaceType::Record(index) => fields(types, types[index].fields.iter().map(|field| field.ty), bytes, slots),
        InterfaceType::Tuple(index) => fields(types, types[index].types.iter().copied(), bytes, slots),
        InterfaceType::FixedLengthList(index) => {
            let list = &types[index];
            fields(types, (0..list.size).map(|_| list.element), bytes, slots)
        }
        InterfaceType::Flags(index) => match types[index].abi.size32 {
            1 => push(slots, ValRaw::u32(u8::from_le_bytes(get(bytes)?).into())),
            2 => push(slots, ValRaw::u32(u16::from_le_bytes(get(bytes)?).into())),
            size => words(bytes, size / 4, slots),
        },
        InterfaceType::Enum(index) => push(slots, ValRaw::u32(case(&types[index].info, bytes)?)),
        InterfaceType::Variant(index) => {
            let variant = &types[index];
            let payload =
                variant.cases.get_index(case(&variant.info, bytes)? as usize).and_then(|(_, payload)| *payload);
            tagged(types, ty, &variant.info, payload, bytes, slots)
        }
        InterfaceType::Option(index) => {
            let option = &types[index];
            let payload = (case(&option.info, bytes)? != 0).then_some(option.ty);
            tagged(types, ty, &option.info, payload, bytes, slots)
        }
        InterfaceType::Result(index) => {
            let result = &types[index];
            let payload = if case(&result.info, bytes)? == 0 { result.ok } else { result.err };
            tagged(types, ty, &result.info, payload, bytes, slots)
        }
        InterfaceType::Own(_)
        | InterfaceType::Borrow(_)
        | InterfaceType::Future(_)
        | InterfaceType::Stream(_)
        | InterfaceType::ErrorContext(_) => Err(wasmtime::format_err!("only plain values cross")),
    }
}

fn fields(
    types: &ComponentTypes,
    fields: impl Iterator<Item = InterfaceType>,
    bytes: &[u8],
    slots: Slots<'_, '_>,
) -> Result<()> {
    let mut end = 0;
    for ty in fields {
        let at = types.canonical_abi(&ty).next_field32(&mut end);
        flatten(types, ty, from(bytes, at)?, slots)?;
    }
    Ok(())
}

fn tagged(
    types: &ComponentTypes,
    ty: InterfaceType,
    info: &VariantInfo,
    payload: Option<InterfaceType>,
    bytes: &[u8],
    slots: Slots<'_, '_>,
) -> Result<()> {
    let taken = types.canonical_abi(&ty).flat_count.map_or(0, usize::from);
    let left = slots.len().checked_sub(taken).ok_or_else(too_many)?;
    push(slots, ValRaw::u32(case(info, bytes)?))?;
    if let Some(payload) = payload {
        flatten(types, payload, from(bytes, info.payload_offset32)?, slots)?;
    }
    // What the longest case takes; the rest stays zero.
    while slots.len() > left {
        slots.next();
    }
    Ok(())
}

fn case(info: &VariantInfo, bytes: &[u8]) -> Result<u32> {
    Ok(match u32::from(info.size) {
        1 => u8::from_le_bytes(get(bytes)?).into(),
        2 => u16::from_le_bytes(get(bytes)?).into(),
        _ => u32::from_le_bytes(get(bytes)?),
    })
}

fn words(bytes: &[u8], count: u32, slots: Slots<'_, '_>) -> Result<()> {
    (0..count).try_for_each(|word| push(slots, ValRaw::u32(u32::from_le_bytes(get(from(bytes, word * 4)?)?))))
}

fn push(slots: Slots<'_, '_>, value: ValRaw) -> Result<()> {
    *slots.next().ok_or_else(too_many)? = value;
    Ok(())
}

fn get<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.first_chunk().copied().ok_or_else(too_short)
}

fn from(bytes: &[u8], at: u32) -> Result<&[u8]> {
    bytes.get(at as usize..).ok_or_else(too_short)
}

fn too_many() -> wasmtime::Error {
    wasmtime::format_err!("the parameters have more flat values than their type")
}

fn too_short() -> wasmtime::Error {
    wasmtime::format_err!("the arguments are shorter than their type")
}
