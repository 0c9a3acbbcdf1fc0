//! Which names are allowed.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::name::{Name, Space};
use crate::{NameError, ParseError, Strictness};

/// Checks a short name, a field name or a symbol.
pub(super) fn check(name: &str, strictness: Strictness) -> Result<(), NameError> {
    let is_plain = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    if name.bytes().all(is_plain) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit()) {
        return Ok(());
    }
    let mut characters = name.chars();
    let Some(first) = characters.next() else {
        return Err(NameError::Empty);
    };
    let is_strict = strictness == Strictness::Strict;
    let is_letter = |c: char| if is_strict { c.is_ascii_alphabetic() } else { is_java_letter(c) };
    let is_digit = |c: char| if is_strict { c.is_ascii_digit() } else { is_java_digit(c) };
    if first != '_' && !is_letter(first) {
        return Err(NameError::Initial(name.to_owned()));
    }
    if characters.any(|c| c != '_' && !is_letter(c) && !is_digit(c)) {
        return Err(NameError::Character(name.to_owned()));
    }
    Ok(())
}

/// Checks the parts of a type's namespace.
pub(super) fn check_namespace(name: &Name, strictness: Strictness) -> Result<(), ParseError> {
    for part in name.space().map(Space::text).into_iter().flat_map(|space| space.split('.')) {
        check(part, strictness).map_err(|error| ParseError::Namespace { part: part.to_owned(), error })?;
    }
    Ok(())
}

/// `Character.isLetter(char)`: Java looks at one half of a character beyond the basic plane at a time, and halves are no
/// letters.
fn is_java_letter(c: char) -> bool {
    use GeneralCategory::{LowercaseLetter, ModifierLetter, OtherLetter, TitlecaseLetter, UppercaseLetter};
    c.is_ascii_alphabetic()
        || (('\u{80}'..='\u{ffff}').contains(&c)
            && matches!(
                c.general_category(),
                UppercaseLetter | LowercaseLetter | TitlecaseLetter | ModifierLetter | OtherLetter
            ))
}

fn is_java_digit(c: char) -> bool {
    c.is_ascii_digit() || (c <= '\u{ffff}' && c.general_category() == GeneralCategory::DecimalNumber)
}
