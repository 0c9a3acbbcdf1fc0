//! Words that the registry has for things, in schemas and in settings.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Words of the registry's, with room for those that it learns after this was written.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            /// One that this crate does not know.
            Other(Box<str>),
        }

        impl $name {
            /// The word the registry uses.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $(_ if word.eq_ignore_ascii_case($word) => Self::$variant,)*
                    _ => Self::Other(word.into()),
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                Self::from(word.as_str())
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.as_str().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// The language a schema is written in.
    #[derive(Default)]
    SchemaType {
        /// Apache Avro; also what a registry means that does not say.
        #[default]
        Avro = "AVRO",
        /// JSON Schema.
        Json = "JSON",
        /// Protocol Buffers.
        Protobuf = "PROTOBUF",
    }
}

words! {
    /// Which versions of a subject have to be able to read which.
    Level {
        /// Nothing is checked.
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

words! {
    /// What may be written.
    Mode {
        /// Everything but explicit ids.
        ReadWrite = "READWRITE",
        /// Nothing.
        ReadOnly = "READONLY",
        /// An older name of read-only.
        ReadOnlyOverride = "READONLY_OVERRIDE",
        /// Only schemas with explicit ids.
        Import = "IMPORT",
        /// Only what another registry forwards.
        Forward = "FORWARD",
    }
}
