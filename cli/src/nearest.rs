//! "Did you mean …?"

/// The known name nearest to one that is unknown, if one is near.
pub(super) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    const NEAR: f64 = 0.8;
    let name = name.to_lowercase();
    let scored = known.into_iter().map(|known| (strsim::jaro_winkler(&name, &known.to_lowercase()), known));
    scored.filter(|(score, _)| *score >= NEAR).max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, known)| known)
}

/// The end of a sentence about an unknown name.
pub(super) fn suggestion<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    nearest(name, known).map(|known| format!("; did you mean `{known}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = ["normalize", "alias", "validateFields"];
        for (name, expected) in [
            ("normalise", Some("normalize")),
            ("Alias", Some("alias")),
            ("validate_fields", Some("validateFields")),
            ("retention", None),
        ] {
            assert_eq!(nearest(name, known), expected, "{name}");
        }
    }
}
