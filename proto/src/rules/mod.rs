//! Breaking-change rules by the names that Buf gives them, over the syntax tree.

mod compare;
mod history;
mod types;

pub(crate) use compare::breaches;
pub(crate) use history::reused_numbers;

/// What must keep working after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Binary data.
    Wire,
    /// Binary data and JSON.
    WireJson,
    /// Generated code of a package.
    Package,
    /// Generated code of a file.
    File,
}

macro_rules! rules {
    ($($rule:ident = $category:ident $name:literal),* $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($rule),*
        }

        impl Rule {
            pub const ALL: &[Self] = &[$(Self::$rule),*];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$rule => $name),*
                }
            }

            /// The least strict category that the rule belongs to; stricter ones have it too.
            pub fn category(self) -> Category {
                match self {
                    $(Self::$rule => Category::$category),*
                }
            }
        }
    };
}

rules! {
    FileSamePackage = Wire "FILE_SAME_PACKAGE",
    FieldWireCompatibleType = Wire "FIELD_WIRE_COMPATIBLE_TYPE",
    FieldWireCompatibleCardinality = Wire "FIELD_WIRE_COMPATIBLE_CARDINALITY",
    FieldSameOneof = Wire "FIELD_SAME_ONEOF",
    FieldSameDefault = Wire "FIELD_SAME_DEFAULT",
    FieldNoDeleteUnlessNumberReserved = Wire "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED",
    EnumValueNoDeleteUnlessNumberReserved = Wire "ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED",
    MessageSameRequiredFields = Wire "MESSAGE_SAME_REQUIRED_FIELDS",
    ReservedMessageNoDelete = Wire "RESERVED_MESSAGE_NO_DELETE",
    ReservedEnumNoDelete = Wire "RESERVED_ENUM_NO_DELETE",
    RpcSameRequestType = Wire "RPC_SAME_REQUEST_TYPE",
    RpcSameResponseType = Wire "RPC_SAME_RESPONSE_TYPE",
    RpcSameClientStreaming = Wire "RPC_SAME_CLIENT_STREAMING",
    RpcSameServerStreaming = Wire "RPC_SAME_SERVER_STREAMING",
    FieldNumberReused = Wire "FIELD_NUMBER_REUSED",
    FieldSameName = WireJson "FIELD_SAME_NAME",
    FieldSameJsonName = WireJson "FIELD_SAME_JSON_NAME",
    FieldWireJsonCompatibleType = WireJson "FIELD_WIRE_JSON_COMPATIBLE_TYPE",
    FieldNoDeleteUnlessNameReserved = WireJson "FIELD_NO_DELETE_UNLESS_NAME_RESERVED",
    EnumValueSameName = WireJson "ENUM_VALUE_SAME_NAME",
    EnumValueNoDeleteUnlessNameReserved = WireJson "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED",
    MessageNoDelete = Package "MESSAGE_NO_DELETE",
    EnumNoDelete = Package "ENUM_NO_DELETE",
    EnumValueNoDelete = Package "ENUM_VALUE_NO_DELETE",
    FieldNoDelete = Package "FIELD_NO_DELETE",
    FieldSameType = Package "FIELD_SAME_TYPE",
    FieldSameCardinality = Package "FIELD_SAME_CARDINALITY",
    OneofNoDelete = Package "ONEOF_NO_DELETE",
    ServiceNoDelete = Package "SERVICE_NO_DELETE",
    RpcNoDelete = Package "RPC_NO_DELETE",
    ExtensionNoDelete = Package "EXTENSION_NO_DELETE",
    FileSameSyntax = File "FILE_SAME_SYNTAX",
    FileSameOptions = File "FILE_SAME_OPTIONS",
}

/// A rule that a change breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    pub rule: Rule,
    /// `Message.Nested.field`, without the package.
    pub path: String,
    /// What changed, for people.
    pub text: String,
}
