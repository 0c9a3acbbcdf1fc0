//! Recursion over documents: as deep as they go, on stack segments of the heap.

/// Stack that must be left before a level of recursion starts.
const RED_ZONE: usize = 64 * 1024;
const SEGMENT: usize = 1024 * 1024;

/// The memory that one level of recursion is charged for.
pub(crate) const FRAME_BYTES: usize = 4096;

/// Runs one level of a recursion, on a new segment when the stack gets short.
pub(crate) fn deep<R>(level: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(RED_ZONE, SEGMENT, level)
}
