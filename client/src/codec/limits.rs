//! Limits on decoding one record.

/// Limits on decoding one record, for data and schemas from untrusted writers.
///
/// Every limit holds per record. Memory is charged before it is used: the message itself, every item of an array or map
/// with the room that a growing collection takes (three times its size), every default and every recursive record, and
/// the names, symbols and numbers that become strings.
///
/// ```
/// use avow_client::codec::Limits;
///
/// let limits = Limits { bytes: 1 << 20, ..Limits::default() };
/// assert_eq!(limits.depth, 64);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Levels of records, arrays and maps. A union adds none, so a list of 64 links is legal. Each level takes stack, a
    /// few hundred bytes to a kilobyte in an optimised build.
    pub depth: usize,
    /// Bytes that the decoded value may take, the message included.
    pub bytes: usize,
    /// Items of arrays and maps, all taken together.
    pub items: usize,
    /// Values that take no bytes of the message, such as the nulls of an array or the fields of an empty record, in
    /// addition to one for each byte of the message. A schema of 2 kB can nest 2^24 of them.
    pub zero_width_values: usize,
}

impl Default for Limits {
    /// 64 levels, 64 MiB, 16 million items, 10,000 values without any bytes.
    fn default() -> Self {
        Self { depth: 64, bytes: 64 << 20, items: 16 << 20, zero_width_values: 10_000 }
    }
}
