//! Words and hashes that the formats share.

use super::Rule;
use md5::{Digest, Md5};

/// Bytes of a fragment that findings show.
const FRAGMENT_BYTES: usize = 200;

/// `MAX_LENGTH_ADDED` as people write it: `Max length added`.
pub(super) fn humanized(name: &str) -> String {
    let words = name.to_lowercase().replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The end of a rule's id for such a name: `max-length-added`.
pub(super) fn slug(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

pub(super) fn shortened(text: String) -> String {
    match text.len() > FRAGMENT_BYTES {
        true => format!("{}…", &text[..text.floor_char_boundary(FRAGMENT_BYTES)]),
        false => text,
    }
}

/// The name of a finding that stays the same from run to run.
pub(super) fn fingerprint(rule: Rule, path: &str, message: &str) -> String {
    let digest = digest(&format!("{}\0{path}\0{message}", rule.id()));
    digest[..8].iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

pub(super) fn digest(text: &str) -> [u8; 16] {
    Md5::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_becomes_a_title_and_an_id() {
        assert_eq!(humanized("MAX_LENGTH_ADDED"), "Max length added");
        assert_eq!(slug("MAX_LENGTH_ADDED"), "max-length-added");
    }

    #[test]
    fn a_long_fragment_ends_between_characters() {
        let long = "ü".repeat(FRAGMENT_BYTES);
        assert_eq!(shortened(long), format!("{}…", "ü".repeat(FRAGMENT_BYTES / 2)));
    }
}
