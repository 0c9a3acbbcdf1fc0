//! String enums of the HTTP API, open to values added by later registries.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An enum of strings with an `Other` variant for values that this crate does not know.
macro_rules! string_enum {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            /// A value that this crate does not know.
            Other(Box<str>),
        }

        impl $name {
            /// The text the registry uses.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $(_ if text.eq_ignore_ascii_case($text) => Self::$variant,)*
                    _ => Self::Other(text.into()),
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.as_str().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

string_enum! {
    /// The format of a schema.
    #[derive(Default)]
    SchemaType {
        /// Apache Avro; also the default of a response without a type.
        #[default]
        Avro = "AVRO",
        /// JSON Schema.
        Json = "JSON",
        /// Protocol Buffers.
        Protobuf = "PROTOBUF",
    }
}

string_enum! {
    /// A compatibility level.
    Level {
        /// No check.
        None = "NONE",
        /// The new version reads data of the latest.
        Backward = "BACKWARD",
        /// The new version reads data of all.
        BackwardTransitive = "BACKWARD_TRANSITIVE",
        /// The latest version reads data of the new one.
        Forward = "FORWARD",
        /// All versions read data of the new one.
        ForwardTransitive = "FORWARD_TRANSITIVE",
        /// Both ways, with the latest.
        Full = "FULL",
        /// Both ways, with all.
        FullTransitive = "FULL_TRANSITIVE",
    }
}

string_enum! {
    /// The mode of a subject, a context or the registry.
    Mode {
        /// Reads and writes; no explicit ids.
        ReadWrite = "READWRITE",
        /// Reads only.
        ReadOnly = "READONLY",
        /// An older name of `READONLY`.
        ReadOnlyOverride = "READONLY_OVERRIDE",
        /// Writes of schemas with explicit ids only.
        Import = "IMPORT",
        /// Writes are forwarded to another registry.
        Forward = "FORWARD",
    }
}
