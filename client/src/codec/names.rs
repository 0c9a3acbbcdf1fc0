//! When a name of Rust means a type of Avro.

/// Tells whether a variant or type of Rust is called like a branch of a union: by its full name, its short name, or, for
/// the words of the language, in any case: `Long` is `long`.
pub(super) fn is_branch(name: &str, branch: &str) -> bool {
    name == branch || branch.rsplit_once('.').is_some_and(|(_, short)| name == short) || is_word(name, branch)
}

fn is_word(name: &str, branch: &str) -> bool {
    const WORDS: [&str; 10] = ["null", "boolean", "int", "long", "float", "double", "bytes", "string", "array", "map"];
    name.eq_ignore_ascii_case(branch) && WORDS.contains(&branch)
}
