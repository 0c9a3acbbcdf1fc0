//! The options that descriptors have fields for.

use avow_budget::Budget;

use super::meta;
use super::model::EncodedOptions;
use crate::Error;
use crate::options::merge_all;
use crate::syntax::{Opt, OptValue};
use crate::wire::{self, Malformed, WireValue};

/// One option of an element.
pub(super) struct Known {
    name: &'static str,
    number: u32,
    kind: Kind,
}

pub(super) enum Kind {
    Text,
    Bool,
    Int32,
    Enum(&'static [(&'static str, i32)], Unknown),
    /// An aggregate.
    Message(&'static [Known]),
    /// An option that may be written many times.
    Repeated(&'static Kind),
    /// Metadata of the reference's own.
    Meta,
}

/// What becomes of an enum value that does not exist.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    Refused,
    Zero,
    LeftOut,
}

const fn known(name: &'static str, number: u32, kind: Kind) -> Known {
    Known { name, number, kind }
}

const META_NUMBER: u32 = 1088;

/// Options in the order in which a descriptor's are printed; they are encoded in the order of their numbers.
pub(super) const FILE: &[Known] = &[
    known("java_package", 1, Kind::Text),
    known("java_outer_classname", 8, Kind::Text),
    known("java_multiple_files", 10, Kind::Bool),
    known("java_generate_equals_and_hash", 20, Kind::Bool),
    known("java_string_check_utf8", 27, Kind::Bool),
    known("optimize_for", 9, Kind::Enum(&[("SPEED", 1), ("CODE_SIZE", 2), ("LITE_RUNTIME", 3)], Unknown::Refused)),
    known("go_package", 11, Kind::Text),
    known("cc_generic_services", 16, Kind::Bool),
    known("java_generic_services", 17, Kind::Bool),
    known("py_generic_services", 18, Kind::Bool),
    known("deprecated", 23, Kind::Bool),
    known("cc_enable_arenas", 31, Kind::Bool),
    known("objc_class_prefix", 36, Kind::Text),
    known("csharp_namespace", 37, Kind::Text),
    known("swift_prefix", 39, Kind::Text),
    known("php_class_prefix", 40, Kind::Text),
    known("php_namespace", 41, Kind::Text),
    known("php_metadata_namespace", 44, Kind::Text),
    known("ruby_package", 45, Kind::Text),
    known("features", 50, Kind::Message(FEATURES)),
    known("confluent.file_meta", META_NUMBER, Kind::Meta),
];

pub(super) const MESSAGE: &[Known] = &[
    known("no_standard_descriptor_accessor", 2, Kind::Bool),
    known("deprecated", 3, Kind::Bool),
    known("map_entry", 7, Kind::Bool),
    known("features", 12, Kind::Message(FEATURES)),
    known("confluent.message_meta", META_NUMBER, Kind::Meta),
];

pub(super) const FIELD: &[Known] = &[
    known("ctype", 1, Kind::Enum(&[("STRING", 0), ("CORD", 1), ("STRING_PIECE", 2)], Unknown::Refused)),
    known("packed", 2, Kind::Bool),
    known("jstype", 6, Kind::Enum(&[("JS_NORMAL", 0), ("JS_STRING", 1), ("JS_NUMBER", 2)], Unknown::Refused)),
    known("deprecated", 3, Kind::Bool),
    known("debug_redact", 16, Kind::Bool),
    known("retention", 17, Kind::Enum(RETENTION, Unknown::Zero)),
    known("targets", 19, Kind::Repeated(&Kind::Enum(TARGET, Unknown::Refused))),
    known("edition_defaults", 20, Kind::Repeated(&Kind::Message(EDITION_DEFAULT))),
    known("features", 21, Kind::Message(FEATURES)),
    known("feature_support", 22, Kind::Message(FEATURE_SUPPORT)),
    known("confluent.field_meta", META_NUMBER, Kind::Meta),
];

pub(super) const ONEOF: &[Known] = &[known("features", 1, Kind::Message(FEATURES))];

pub(super) const ENUM: &[Known] = &[
    known("allow_alias", 2, Kind::Bool),
    known("deprecated", 3, Kind::Bool),
    known("features", 7, Kind::Message(FEATURES)),
    known("confluent.enum_meta", META_NUMBER, Kind::Meta),
];

pub(super) const ENUM_VALUE: &[Known] = &[
    known("deprecated", 1, Kind::Bool),
    known("debug_redact", 3, Kind::Bool),
    known("features", 2, Kind::Message(FEATURES)),
    known("feature_support", 4, Kind::Message(FEATURE_SUPPORT)),
    known("confluent.enum_value_meta", META_NUMBER, Kind::Meta),
];

pub(super) const SERVICE: &[Known] =
    &[known("deprecated", 33, Kind::Bool), known("features", 34, Kind::Message(FEATURES))];

pub(super) const METHOD: &[Known] = &[
    known("deprecated", 33, Kind::Bool),
    known(
        "idempotency_level",
        34,
        Kind::Enum(&[("IDEMPOTENCY_UNKNOWN", 0), ("NO_SIDE_EFFECTS", 1), ("IDEMPOTENT", 2)], Unknown::Refused),
    ),
    known("features", 35, Kind::Message(FEATURES)),
];

pub(super) const EXTENSION_RANGE: &[Known] = &[
    known("declaration", 2, Kind::Repeated(&Kind::Message(DECLARATION))),
    known("features", 50, Kind::Message(FEATURES)),
    known("verification", 3, Kind::Enum(&[("DECLARATION", 0), ("UNVERIFIED", 1)], Unknown::LeftOut)),
];

const RETENTION: &[(&str, i32)] = &[("RETENTION_UNKNOWN", 0), ("RETENTION_RUNTIME", 1), ("RETENTION_SOURCE", 2)];

const TARGET: &[(&str, i32)] = &[
    ("TARGET_TYPE_UNKNOWN", 0),
    ("TARGET_TYPE_FILE", 1),
    ("TARGET_TYPE_EXTENSION_RANGE", 2),
    ("TARGET_TYPE_MESSAGE", 3),
    ("TARGET_TYPE_FIELD", 4),
    ("TARGET_TYPE_ONEOF", 5),
    ("TARGET_TYPE_ENUM", 6),
    ("TARGET_TYPE_ENUM_ENTRY", 7),
    ("TARGET_TYPE_SERVICE", 8),
    ("TARGET_TYPE_METHOD", 9),
];

const EDITION: &[(&str, i32)] = &[
    ("EDITION_UNKNOWN", 0),
    ("EDITION_LEGACY", 900),
    ("EDITION_PROTO2", 998),
    ("EDITION_PROTO3", 999),
    ("EDITION_2023", 1000),
    ("2023", 1000),
    ("EDITION_2024", 1001),
    ("EDITION_2026", 1002),
    ("EDITION_UNSTABLE", 9999),
    ("EDITION_1_TEST_ONLY", 1),
    ("EDITION_2_TEST_ONLY", 2),
    ("EDITION_99997_TEST_ONLY", 99997),
    ("EDITION_99998_TEST_ONLY", 99998),
    ("EDITION_99999_TEST_ONLY", 99999),
    ("EDITION_MAX", i32::MAX),
];

const FEATURES: &[Known] = &[
    known(
        "field_presence",
        1,
        Kind::Enum(
            &[("FIELD_PRESENCE_UNKNOWN", 0), ("EXPLICIT", 1), ("IMPLICIT", 2), ("LEGACY_REQUIRED", 3)],
            Unknown::Zero,
        ),
    ),
    known("enum_type", 2, Kind::Enum(&[("ENUM_TYPE_UNKNOWN", 0), ("OPEN", 1), ("CLOSED", 2)], Unknown::Zero)),
    known(
        "repeated_field_encoding",
        3,
        Kind::Enum(&[("REPEATED_FIELD_ENCODING_UNKNOWN", 0), ("PACKED", 1), ("EXPANDED", 2)], Unknown::Zero),
    ),
    known(
        "utf8_validation",
        4,
        Kind::Enum(&[("UTF8_VALIDATION_UNKNOWN", 0), ("VERIFY", 2), ("NONE", 3)], Unknown::Zero),
    ),
    known(
        "message_encoding",
        5,
        Kind::Enum(&[("MESSAGE_ENCODING_UNKNOWN", 0), ("LENGTH_PREFIXED", 1), ("DELIMITED", 2)], Unknown::Zero),
    ),
    known(
        "json_format",
        6,
        Kind::Enum(&[("JSON_FORMAT_UNKNOWN", 0), ("ALLOW", 1), ("LEGACY_BEST_EFFORT", 2)], Unknown::Zero),
    ),
];

const FEATURE_SUPPORT: &[Known] = &[
    known("edition_introduced", 1, Kind::Enum(EDITION, Unknown::Zero)),
    known("edition_deprecated", 2, Kind::Enum(EDITION, Unknown::Zero)),
    known("deprecation_warning", 3, Kind::Text),
    known("edition_removed", 4, Kind::Enum(EDITION, Unknown::Zero)),
];

const EDITION_DEFAULT: &[Known] =
    &[known("edition", 3, Kind::Enum(EDITION, Unknown::Zero)), known("value", 2, Kind::Text)];

const DECLARATION: &[Known] = &[
    known("number", 1, Kind::Int32),
    known("full_name", 2, Kind::Text),
    known("type", 3, Kind::Text),
    known("reserved", 5, Kind::Bool),
    known("repeated", 6, Kind::Bool),
];

/// The known ones of `options`, encoded.
pub(super) fn encode(options: &[Opt], table: &[Known], budget: &Budget) -> Result<EncodedOptions, Error> {
    if options.is_empty() {
        return Ok(None);
    }
    let merged = merge_all(options, budget)?;
    let mut sorted: Vec<_> = table.iter().collect();
    sorted.sort_by_key(|known| known.number);
    let mut out = Vec::new();
    let mut present = false;
    for known in sorted {
        if let Kind::Repeated(kind) = &known.kind {
            for option in options.iter().filter(|option| option.name == known.name) {
                present |= encode_value(&option.value, known.number, kind, &mut out)?;
            }
        } else if let Some(option) = merged.iter().find(|option| option.name == known.name) {
            present |= encode_value(&option.value, known.number, &known.kind, &mut out)?;
        }
    }
    Ok(present.then_some(out))
}

/// Appends a field; says whether there was anything to append.
fn encode_value(value: &OptValue, number: u32, kind: &Kind, out: &mut Vec<u8>) -> Result<bool, Error> {
    match kind {
        Kind::Text => wire::write_bytes(out, number, value.to_plain_string().as_bytes()),
        Kind::Bool => {
            let is_true = value.to_plain_string().eq_ignore_ascii_case("true");
            wire::write_int32(out, number, i32::from(is_true));
        }
        Kind::Int32 => {
            let text = value.to_plain_string();
            let parsed = text.parse().map_err(|_| Error::invalid(format!("{text} is not a valid number.")))?;
            wire::write_int32(out, number, parsed);
        }
        Kind::Enum(values, unknown) => {
            let text = value.to_plain_string();
            let found = values.iter().find(|(name, _)| *name == text).map(|(_, number)| *number);
            match (found, unknown) {
                (Some(found), _) => wire::write_int32(out, number, found),
                (None, Unknown::Zero) => wire::write_int32(out, number, 0),
                (None, Unknown::LeftOut) => return Ok(false),
                (None, Unknown::Refused) => return Err(Error::invalid(format!("No enum constant {text}"))),
            }
        }
        Kind::Message(table) => {
            let OptValue::Map(entries) = value else { return Err(Error::invalid("Expected option of kind MAP")) };
            let mut inner = Vec::new();
            let mut sorted: Vec<_> = table.iter().collect();
            sorted.sort_by_key(|known| known.number);
            for known in sorted {
                if let Some((_, value)) = entries.iter().find(|(key, _)| key == known.name) {
                    encode_value(value, known.number, &known.kind, &mut inner)?;
                }
            }
            wire::write_bytes(out, number, &inner);
        }
        Kind::Repeated(kind) => return encode_value(value, number, kind, out),
        Kind::Meta => match meta::encode(value)? {
            Some(inner) => wire::write_bytes(out, number, &inner),
            None => return Ok(false),
        },
    }
    Ok(true)
}

/// Encoded options as the options of a tree, in the order of the table.
pub(super) fn decode(bytes: &[u8], table: &[Known]) -> Result<Vec<Opt>, Malformed> {
    let mut options = Vec::new();
    for known in table {
        let custom = matches!(known.kind, Kind::Meta);
        for value in decode_values(bytes, known)? {
            options.push(Opt { name: known.name.to_owned(), custom, value });
        }
    }
    wire::fields(bytes).try_for_each(|field| field.map(|_| ()))?;
    Ok(options)
}

fn decode_values(bytes: &[u8], known: &Known) -> Result<Vec<OptValue>, Malformed> {
    let (kind, repeated) = match &known.kind {
        Kind::Repeated(kind) => (*kind, true),
        kind => (kind, false),
    };
    let mut values = Vec::new();
    // Several messages for one option are one message.
    let mut merged: Option<Vec<u8>> = None;
    for field in wire::fields(bytes) {
        let (number, value) = field?;
        if number != known.number {
            continue;
        }
        match (value, kind) {
            (WireValue::Bytes(inner), Kind::Message(_) | Kind::Meta) if !repeated => {
                merged.get_or_insert_default().extend_from_slice(inner);
            }
            (WireValue::Bytes(inner), Kind::Enum(..)) => {
                let mut rest = inner;
                while !rest.is_empty() {
                    values.extend(decode_value(WireValue::Varint(wire::read_varint(&mut rest)?), kind)?);
                }
            }
            (value, kind) => values.extend(decode_value(value, kind)?),
        }
    }
    if let Some(merged) = merged {
        values.extend(decode_value(WireValue::Bytes(&merged), kind)?);
    }
    if !repeated && values.len() > 1 {
        values.drain(..values.len() - 1);
    }
    Ok(values)
}

fn decode_value(value: WireValue<'_>, kind: &Kind) -> Result<Option<OptValue>, Malformed> {
    Ok(match (kind, value) {
        (Kind::Text, WireValue::Bytes(bytes)) => Some(OptValue::Text(String::from_utf8_lossy(bytes).into_owned())),
        (Kind::Bool, WireValue::Varint(value)) => Some(OptValue::Bool((value != 0).to_string())),
        (Kind::Int32, WireValue::Varint(value)) => Some(OptValue::Number(int32(value).to_string())),
        (Kind::Enum(values, _), WireValue::Varint(value)) => values
            .iter()
            .find(|(_, number)| *number == int32(value))
            .map(|(name, _)| OptValue::Word((*name).to_owned())),
        (Kind::Message(table), WireValue::Bytes(bytes)) => {
            let mut entries = Vec::new();
            for known in *table {
                entries.extend(decode_values(bytes, known)?.into_iter().map(|value| (known.name.to_owned(), value)));
            }
            Some(OptValue::Map(entries))
        }
        (Kind::Meta, WireValue::Bytes(bytes)) => meta::decode(bytes)?,
        _ => None,
    })
}

/// The low half of a varint, as an `int32`.
#[expect(clippy::cast_possible_truncation, reason = "int32 fields keep the low bits, by the specification")]
pub(super) fn int32(value: u64) -> i32 {
    value as i32
}
