//! Messages that a writer may send: each field alone with the values at the edges of its type, and pairs of fields.

use super::layout::{FieldLayout, Layout, Layouts, ValueKind};
use super::message::fixed_size;
use crate::descriptor::FieldKind;
use crate::wire;

/// Messages inside messages that are filled.
const DEPTH: usize = 2;
/// Samples of one field.
const MAX_VALUES: usize = 24;

/// The encoded samples of a message. `together` are numbers of fields that are worth setting at the same time.
pub(super) fn messages(layout: &Layout, layouts: &Layouts<'_>, together: &[(u32, u32)]) -> Vec<Vec<u8>> {
    let required = |except: &[u32]| -> Vec<u8> {
        let fields = layout.fields.iter().filter(|(number, field)| field.required && !except.contains(number));
        fields.flat_map(|(number, field)| first_sample(*number, field, layouts)).collect()
    };
    let mut samples = vec![required(&[])];
    for (number, field) in &layout.fields {
        for sample in field_samples(*number, field, layouts, DEPTH) {
            samples.push([required(&[*number]), sample].concat());
        }
    }
    for (first, second) in together {
        if let (Some(first_field), Some(second_field)) = (layout.fields.get(first), layout.fields.get(second)) {
            let pair =
                [first_sample(*first, first_field, layouts), first_sample(*second, second_field, layouts)].concat();
            samples.push([required(&[*first, *second]), pair].concat());
        }
    }
    samples
}

fn first_sample(number: u32, field: &FieldLayout, layouts: &Layouts<'_>) -> Vec<u8> {
    field_samples(number, field, layouts, DEPTH).into_iter().next().unwrap_or_default()
}

/// The encodings of one field: each value alone, and two values where it is repeated.
fn field_samples(number: u32, field: &FieldLayout, layouts: &Layouts<'_>, depth: usize) -> Vec<Vec<u8>> {
    let values = values(&field.kind, layouts, depth);
    let encode = |values: &[&Vec<u8>]| {
        let mut out = Vec::new();
        if field.packed {
            wire::write_bytes(&mut out, number, &values.iter().copied().flatten().copied().collect::<Vec<_>>());
            return out;
        }
        for value in values {
            match (&field.kind, fixed_size(&field.kind)) {
                (_, Some(size)) => {
                    wire::write_tag(&mut out, number, if size == 4 { 5 } else { 1 });
                    out.extend_from_slice(value);
                }
                (
                    ValueKind::CheckedString
                    | ValueKind::Message(_)
                    | ValueKind::Scalar(FieldKind::String | FieldKind::Bytes),
                    _,
                ) => {
                    wire::write_bytes(&mut out, number, value);
                }
                _ => {
                    wire::write_tag(&mut out, number, 0);
                    out.extend_from_slice(value);
                }
            }
        }
        out
    };
    let mut samples: Vec<_> = values.iter().map(|value| encode(&[value])).collect();
    if field.repeated && !values.is_empty() {
        samples.push(encode(&[&values[0], values.last().unwrap_or(&values[0])]));
        samples.push(encode(&[&values[0], &values[0]]));
    }
    samples
}

/// Encoded values of a type, without tags and lengths.
fn values(kind: &ValueKind, layouts: &Layouts<'_>, depth: usize) -> Vec<Vec<u8>> {
    match kind {
        ValueKind::CheckedString => vec![b"a".to_vec(), "é".into(), Vec::new()],
        ValueKind::Enum { numbers, .. } => {
            numbers.iter().take(MAX_VALUES).map(|number| signed(i64::from(*number))).collect()
        }
        ValueKind::Message(name) => {
            let mut samples = vec![Vec::new()];
            if let Some(layout) = layouts.get(name).filter(|_| depth > 0) {
                for (number, field) in &layout.fields {
                    samples.extend(field_samples(*number, field, layouts, depth - 1).into_iter().take(MAX_VALUES));
                    if samples.len() > MAX_VALUES {
                        break;
                    }
                }
            }
            samples
        }
        ValueKind::Scalar(kind) => scalar_values(*kind),
    }
}

fn scalar_values(kind: FieldKind) -> Vec<Vec<u8>> {
    let signed_64 = [1, 7, 300, -1, i64::from(i32::MAX), i64::from(i32::MIN), (1 << 32) + 1, 1 << 40, i64::MIN, 0];
    let signed_32 = [1, 7, 300, -1, i32::MAX, i32::MIN, 0];
    let unsigned_64 = [1, 7, 300, u64::from(u32::MAX), (1 << 32) + 1, 1 << 40, 1 << 63, u64::MAX, 0];
    let unsigned_32 = [1, 7, 300, 1 << 31, u32::MAX, 0];
    match kind {
        FieldKind::Int32 => signed_32.map(|value| signed(i64::from(value))).to_vec(),
        FieldKind::Int64 => signed_64.map(signed).to_vec(),
        FieldKind::Uint32 => unsigned_32.map(|value| varint(u64::from(value))).to_vec(),
        FieldKind::Uint64 => unsigned_64.map(varint).to_vec(),
        FieldKind::Sint32 => signed_32.map(|value| varint(wire::zig_zag(i64::from(value)))).to_vec(),
        FieldKind::Sint64 => signed_64.map(|value| varint(wire::zig_zag(value))).to_vec(),
        FieldKind::Bool => vec![vec![1], vec![0]],
        FieldKind::Fixed32 => unsigned_32.map(|value| value.to_le_bytes().to_vec()).to_vec(),
        FieldKind::Sfixed32 => signed_32.map(|value| value.to_le_bytes().to_vec()).to_vec(),
        FieldKind::Fixed64 => unsigned_64.map(|value| value.to_le_bytes().to_vec()).to_vec(),
        FieldKind::Sfixed64 => signed_64.map(|value| value.to_le_bytes().to_vec()).to_vec(),
        FieldKind::Float => [1.5f32, -0.25].map(|value| value.to_le_bytes().to_vec()).to_vec(),
        FieldKind::Double => [1.5f64, 1e300].map(|value| value.to_le_bytes().to_vec()).to_vec(),
        FieldKind::String => vec![b"a".to_vec(), "é".into(), Vec::new()],
        FieldKind::Bytes => vec![b"a".to_vec(), vec![0xff, 0xfe], Vec::new()],
        FieldKind::Enum | FieldKind::Message | FieldKind::Group => Vec::new(),
    }
}

fn varint(value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    wire::write_varint(&mut out, value);
    out
}

fn signed(value: i64) -> Vec<u8> {
    varint(value.cast_unsigned())
}
