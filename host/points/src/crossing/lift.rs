//! Lines out of a service's memory.

use wasmtime::component::__internal::wasmtime_environ::component::StringEncoding;
use wasmtime::component::__internal::{InterfaceType, LiftContext};
use wasmtime::component::{ComponentType, Lift};
use wasmtime::{Result, bail};

use super::{Lines, at};
use crate::wit::{Line, PriceCandidate};

// SAFETY: reads nothing that is not checked to be within the memory.
unsafe impl Lift for Lines {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        from: &<Self as ComponentType>::Lower,
    ) -> Result<Self> {
        Vec::linear_lift_from_flat(cx, ty, from).map(Self)
    }

    fn linear_lift_from_memory(cx: &mut LiftContext<'_>, ty: InterfaceType, bytes: &[u8]) -> Result<Self> {
        if cx.options().string_encoding != StringEncoding::Utf8 {
            return Vec::linear_lift_from_memory(cx, ty, bytes).map(Self);
        }
        let candidates = candidates_type(cx, ty)?;
        let list = list::<{ at::END }>(cx, bytes, 0, 8)?;
        cx.consume_fuel_array(list.len(), size_of::<Line>())?;
        let mut lines = Vec::with_capacity(list.len());
        for record in list {
            lines.push(lift_line(cx, record, candidates)?);
        }
        Ok(Self(lines))
    }
}

/// The type of a line's last field, by the component's own numbering.
fn candidates_type(cx: &LiftContext<'_>, ty: InterfaceType) -> Result<InterfaceType> {
    let InterfaceType::List(list) = ty else { bail!("lines are a list") };
    let InterfaceType::Record(line) = cx.types[list].element else { bail!("a line is a record") };
    let last = cx.types[line].fields.last().map(|field| field.ty);
    last.ok_or_else(|| wasmtime::format_err!("a line has fields"))
}

fn lift_line(cx: &mut LiftContext<'_>, record: &[u8; at::END], candidates: InterfaceType) -> Result<Line> {
    Ok(Line {
        sku: text(cx, record, at::SKU)?,
        product: text(cx, record, at::PRODUCT)?,
        category: text(cx, record, at::CATEGORY)?,
        tags: tags(cx, record)?,
        attributes: attributes(cx, record)?,
        quantity: u32::from_le_bytes(field(record, at::QUANTITY)?),
        unit: i64::from_le_bytes(field(record, at::UNIT)?),
        compare_at: match field(record, at::COMPARE_AT)? {
            [0] => None,
            [1] => Some(i64::from_le_bytes(field(record, at::COMPARE_AT + 8)?)),
            [other] => bail!("an option is there or not, and not {other}"),
        },
        total: i64::from_le_bytes(field(record, at::TOTAL)?),
        grams: u32::from_le_bytes(field(record, at::GRAMS)?),
        tax_category: text(cx, record, at::TAX_CATEGORY)?,
        requires_shipping: field(record, at::REQUIRES_SHIPPING)? != [0],
        gift: field(record, at::GIFT)? != [0],
        candidates: lift_candidates(cx, record, candidates)?,
    })
}

fn tags(cx: &mut LiftContext<'_>, record: &[u8]) -> Result<Vec<String>> {
    let list = list::<{ at::PAIR }>(cx, record, at::TAGS, 4)?;
    cx.consume_fuel_array(list.len(), size_of::<String>())?;
    list.iter().map(|tag| text(cx, tag, 0)).collect()
}

fn attributes(cx: &mut LiftContext<'_>, record: &[u8]) -> Result<Vec<(String, String)>> {
    let list = list::<{ 2 * at::PAIR }>(cx, record, at::ATTRIBUTES, 4)?;
    cx.consume_fuel_array(list.len(), size_of::<(String, String)>())?;
    list.iter().map(|pair| Ok((text(cx, pair, 0)?, text(cx, pair, at::PAIR)?))).collect()
}

fn lift_candidates(cx: &mut LiftContext<'_>, record: &[u8], ty: InterfaceType) -> Result<Vec<PriceCandidate>> {
    let pair: [u8; at::PAIR] = field(record, at::CANDIDATES)?;
    if let [_, _, _, _, 0, 0, 0, 0] = pair {
        return Ok(Vec::new());
    }
    Vec::linear_lift_from_memory(cx, ty, &pair)
}

fn text(cx: &mut LiftContext<'_>, record: &[u8], offset: usize) -> Result<String> {
    let (address, length) = pair(record, offset)?;
    let bytes = cx.memory().get(address..).and_then(|rest| rest.get(..length));
    let Some(bytes) = bytes else { bail!("string pointer/length out of bounds of memory") };
    cx.consume_fuel(length)?;
    Ok(str::from_utf8(bytes)?.to_owned())
}

/// The elements of a list, `SIZE` bytes each.
fn list<'a, const SIZE: usize>(
    cx: &LiftContext<'a>,
    record: &[u8],
    offset: usize,
    align: usize,
) -> Result<&'a [[u8; SIZE]]> {
    let (address, count) = pair(record, offset)?;
    if !address.is_multiple_of(align) {
        bail!("list pointer is not aligned");
    }
    let bytes = count.checked_mul(SIZE).and_then(|size| cx.memory().get(address..)?.get(..size));
    let Some(bytes) = bytes else { bail!("list pointer/length out of bounds of memory") };
    Ok(bytes.as_chunks().0)
}

fn pair(record: &[u8], offset: usize) -> Result<(usize, usize)> {
    let word = |offset| Ok::<_, wasmtime::Error>(u32::from_le_bytes(field(record, offset)?) as usize);
    Ok((word(offset)?, word(offset + 4)?))
}

#[inline]
fn field<const SIZE: usize>(record: &[u8], offset: usize) -> Result<[u8; SIZE]> {
    let field = record.get(offset..).and_then(<[u8]>::first_chunk);
    // Offsets are constants within the record.
    field.copied().ok_or_else(|| wasmtime::format_err!("a line has no field there"))
}
