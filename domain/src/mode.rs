//! Modes: what a scope permits (contract 9.4).

/// The writes that a scope permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
pub enum Mode {
    /// Everything but explicit ids.
    #[default]
    #[serde(rename = "READWRITE")]
    ReadWrite,
    /// Nothing.
    #[serde(rename = "READONLY")]
    ReadOnly,
    /// Nothing; the old spelling that some tools still send.
    #[serde(rename = "READONLY_OVERRIDE")]
    ReadOnlyOverride,
    /// Registration with explicit ids, unchecked.
    #[serde(rename = "IMPORT")]
    Import,
    /// As [`Mode::Import`], for a registry that mirrors another one.
    #[serde(rename = "FORWARD")]
    Forward,
}

impl Mode {
    const ALL: [Self; 5] = [Self::ReadWrite, Self::ReadOnly, Self::ReadOnlyOverride, Self::Import, Self::Forward];

    /// Reads a mode name, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str().eq_ignore_ascii_case(text))
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadWrite => "READWRITE",
            Self::ReadOnly => "READONLY",
            Self::ReadOnlyOverride => "READONLY_OVERRIDE",
            Self::Import => "IMPORT",
            Self::Forward => "FORWARD",
        }
    }

    /// Whether nothing may be written.
    pub fn is_read_only(self) -> bool {
        matches!(self, Self::ReadOnly | Self::ReadOnlyOverride)
    }

    /// Whether versions come with ids of their own and are taken unchecked.
    pub fn is_import(self) -> bool {
        matches!(self, Self::Import | Self::Forward)
    }
}
