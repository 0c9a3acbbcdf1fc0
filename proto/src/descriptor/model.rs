//! A `FileDescriptorProto` in memory. Options are kept encoded, beside the few that checks look at.

use crate::syntax::Label;

#[derive(Debug, Default)]
pub(crate) struct FileDescriptor {
    pub(crate) name: String,
    pub(crate) package: Option<String>,
    pub(crate) dependencies: Vec<String>,
    /// Indexes into `dependencies`.
    pub(crate) public_dependencies: Vec<usize>,
    pub(crate) messages: Vec<MessageDescriptor>,
    pub(crate) enums: Vec<EnumDescriptor>,
    pub(crate) services: Vec<ServiceDescriptor>,
    pub(crate) extensions: Vec<FieldDescriptor>,
    pub(crate) options: EncodedOptions,
    pub(crate) syntax: Option<&'static str>,
}

/// Encoded options, or none at all.
pub(crate) type EncodedOptions = Option<Vec<u8>>;

#[derive(Debug, Default)]
pub(crate) struct MessageDescriptor {
    pub(crate) name: String,
    pub(crate) fields: Vec<FieldDescriptor>,
    pub(crate) nested: Vec<MessageDescriptor>,
    pub(crate) enums: Vec<EnumDescriptor>,
    pub(crate) extension_ranges: Vec<NumberRange>,
    pub(crate) extensions: Vec<FieldDescriptor>,
    pub(crate) options: EncodedOptions,
    pub(crate) oneofs: Vec<OneofDescriptor>,
    pub(crate) reserved_ranges: Vec<NumberRange>,
    pub(crate) reserved_names: Vec<String>,
}

/// Numbers of a message from `start` up to, but without, `end`; of an enum with it.
#[derive(Debug)]
pub(crate) struct NumberRange {
    pub(crate) start: i32,
    pub(crate) end: i32,
    pub(crate) options: EncodedOptions,
}

#[derive(Debug)]
pub(crate) struct OneofDescriptor {
    pub(crate) name: String,
    /// Written even where there are none, as the reference does.
    pub(crate) options: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct FieldDescriptor {
    pub(crate) name: String,
    pub(crate) extendee: Option<String>,
    pub(crate) number: i32,
    pub(crate) label: Option<Label>,
    pub(crate) kind: Option<FieldKind>,
    pub(crate) type_name: Option<String>,
    pub(crate) default: Option<String>,
    pub(crate) options: EncodedOptions,
    pub(crate) packed: bool,
    pub(crate) oneof_index: Option<usize>,
    pub(crate) json_name: Option<String>,
    pub(crate) proto3_optional: bool,
}

#[derive(Debug, Default)]
pub(crate) struct EnumDescriptor {
    pub(crate) name: String,
    pub(crate) values: Vec<EnumValueDescriptor>,
    pub(crate) options: EncodedOptions,
    pub(crate) reserved_ranges: Vec<NumberRange>,
    pub(crate) reserved_names: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct EnumValueDescriptor {
    pub(crate) name: String,
    pub(crate) number: i32,
    pub(crate) options: EncodedOptions,
}

#[derive(Debug)]
pub(crate) struct ServiceDescriptor {
    pub(crate) name: String,
    pub(crate) methods: Vec<MethodDescriptor>,
    pub(crate) options: EncodedOptions,
}

#[derive(Debug)]
pub(crate) struct MethodDescriptor {
    pub(crate) name: String,
    pub(crate) request: String,
    pub(crate) response: String,
    pub(crate) options: EncodedOptions,
    pub(crate) client_streaming: bool,
    pub(crate) server_streaming: bool,
}

macro_rules! field_kinds {
    ($($kind:ident = $number:literal $name:literal),* $(,)?) => {
        /// The type of a field, by its number in descriptors.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum FieldKind {
            $($kind = $number),*
        }

        impl FieldKind {
            const ALL: &[(Self, i32, &str)] = &[$((Self::$kind, $number, $name)),*];
        }
    };
}

field_kinds! {
    Double = 1 "double",
    Float = 2 "float",
    Int64 = 3 "int64",
    Uint64 = 4 "uint64",
    Int32 = 5 "int32",
    Fixed64 = 6 "fixed64",
    Fixed32 = 7 "fixed32",
    Bool = 8 "bool",
    String = 9 "string",
    Group = 10 "group",
    Message = 11 "message",
    Bytes = 12 "bytes",
    Uint32 = 13 "uint32",
    Enum = 14 "enum",
    Sfixed32 = 15 "sfixed32",
    Sfixed64 = 16 "sfixed64",
    Sint32 = 17 "sint32",
    Sint64 = 18 "sint64",
}

impl FieldKind {
    pub(crate) fn number(self) -> i32 {
        self as i32
    }

    pub(crate) fn from_number(number: i32) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == number).map(|(kind, ..)| *kind)
    }

    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, _, name)| name)
    }

    /// The type of a scalar's name.
    pub(crate) fn of_scalar(name: &str) -> Option<Self> {
        let is_type_name = |kind| matches!(kind, Self::Group | Self::Message | Self::Enum);
        Self::ALL.iter().find(|(kind, _, known)| *known == name && !is_type_name(*kind)).map(|(kind, ..)| *kind)
    }

    /// Whether repeated fields of this type can be packed.
    pub(crate) fn is_packable(self) -> bool {
        !matches!(self, Self::String | Self::Bytes | Self::Message | Self::Group)
    }
}

pub(crate) fn label_number(label: Label) -> i32 {
    match label {
        Label::Optional => 1,
        Label::Required => 2,
        Label::Repeated => 3,
    }
}
