//! `\p{…}`: the names that Java knows, and the classes they stand for.

use fancy_regex::Regex;

const CATEGORIES: [&str; 38] = [
    "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Cs",
    "Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk", "So", "Pi", "Pf", "L", "M", "N", "Z", "C", "P", "S", "LC",
];

/// Named classes of POSIX and of Java's `Character`.
const CLASSES: [(&str, &str); 34] = [
    ("LD", r"\p{L}\p{Nd}"),
    ("L1", r"\x{0}-\x{FF}"),
    ("all", r"\x{0}-\x{10FFFF}"),
    ("ASCII", r"\x{0}-\x{7F}"),
    ("Alnum", "a-zA-Z0-9"),
    ("Alpha", "a-zA-Z"),
    ("Blank", r" \t"),
    ("Cntrl", r"\x{0}-\x{1F}\x{7F}"),
    ("Digit", "0-9"),
    ("Graph", "!-~"),
    ("Lower", "a-z"),
    ("Print", " -~"),
    ("Punct", r"!-/:-@\[-`{-~"),
    ("Space", r" \t\n\x0B\x0C\r"),
    ("Upper", "A-Z"),
    ("XDigit", "0-9a-fA-F"),
    ("javaLowerCase", r"\p{Lowercase}"),
    ("javaUpperCase", r"\p{Uppercase}"),
    ("javaAlphabetic", r"\p{Alphabetic}"),
    ("javaIdeographic", r"\p{Ideographic}"),
    ("javaTitleCase", r"\p{Lt}"),
    ("javaDigit", r"\p{Nd}"),
    ("javaDefined", r"\P{Cn}"),
    ("javaLetter", r"\p{L}"),
    ("javaLetterOrDigit", r"\p{L}\p{Nd}"),
    ("javaJavaIdentifierStart", r"\p{L}\p{Nl}\p{Sc}\p{Pc}"),
    ("javaJavaIdentifierPart", r"\p{L}\p{Nl}\p{Sc}\p{Pc}\p{Nd}\p{Mc}\p{Mn}"),
    ("javaUnicodeIdentifierStart", r"\p{L}\p{Nl}"),
    ("javaUnicodeIdentifierPart", r"\p{L}\p{Nl}\p{Pc}\p{Nd}\p{Mc}\p{Mn}"),
    ("javaIdentifierIgnorable", r"\p{Cf}\x{0}-\x{8}\x{E}-\x{1B}\x{7F}-\x{9F}"),
    ("javaSpaceChar", r"\p{Z}"),
    ("javaWhitespace", r"\p{Z}\t\n\x0B\x0C\r\x{1C}-\x{1F}"),
    ("javaISOControl", r"\x{0}-\x{1F}\x{7F}-\x{9F}"),
    ("javaMirrored", r"()<>\[\]{}"),
];

/// Binary properties after `Is`, which the engine knows under other names or not at all.
const BINARY: [(&str, &str); 10] = [
    ("letter", r"\p{L}"),
    ("titlecase", r"\p{Lt}"),
    ("control", r"\p{Cc}"),
    ("punctuation", r"\p{P}"),
    ("assigned", r"\P{Cn}"),
    ("digit", r"\p{Nd}"),
    ("alnum", r"\p{Alphabetic}\p{Nd}"),
    ("blank", r"\p{Zs}\t"),
    ("graph", r"\p{L}\p{M}\p{N}\p{P}\p{S}"),
    ("word", r"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}"),
];

/// The content of a character class for the property `name`, if Java knows it.
pub(super) fn class(name: &str) -> Option<String> {
    if let Some((key, value)) = name.split_once('=') {
        return match key.to_ascii_lowercase().as_str() {
            "sc" | "script" => script(value),
            "blk" | "block" => block(value),
            "gc" | "general_category" => category(value),
            _ => None,
        };
    }
    if let Some(block_name) = name.strip_prefix("In") {
        return block(block_name);
    }
    if let Some(property) = name.strip_prefix("Is") {
        let lower = property.to_ascii_lowercase();
        if let Some((_, content)) = BINARY.iter().find(|(key, _)| *key == lower) {
            return Some((*content).to_owned());
        }
        return category(property).or_else(|| script(property));
    }
    category(name).or_else(|| CLASSES.iter().find(|(key, _)| *key == name).map(|(_, content)| (*content).to_owned()))
}

fn category(name: &str) -> Option<String> {
    CATEGORIES.contains(&name).then(|| format!(r"\p{{{name}}}"))
}

fn script(name: &str) -> Option<String> {
    let content = format!(r"\p{{{name}}}");
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (is_name && name.len() > 2 && Regex::new(&content).is_ok()).then_some(content)
}

/// Blocks are taken for known, and match nothing: the engine has no table of them.
fn block(name: &str) -> Option<String> {
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' '));
    is_name.then(|| r"[a&&b]".to_owned())
}
