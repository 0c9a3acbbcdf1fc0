//! Matching of Rust names with union branches.

/// Whether the name of a Rust variant or type matches a branch of a union: its full name, its short name or, for the
/// types of Avro itself, in any case: `Long` is `long`.
pub(super) fn is_branch(name: &str, branch: &str) -> bool {
    name == branch || branch.rsplit_once('.').is_some_and(|(_, short)| name == short) || is_type_keyword(name, branch)
}

fn is_type_keyword(name: &str, branch: &str) -> bool {
    const KEYWORDS: [&str; 10] =
        ["null", "boolean", "int", "long", "float", "double", "bytes", "string", "array", "map"];
    name.eq_ignore_ascii_case(branch) && KEYWORDS.contains(&branch)
}
