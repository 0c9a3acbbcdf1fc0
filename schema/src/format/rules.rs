//! The catalogue of rules: one stable id for everything that a finding can be about.
//!
//! Avro's ids have no prefix, because they are older than the other formats; those begin with `json/` and `proto/`.

/// Whether a finding refuses a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The static rules refuse the pair.
    Breaking,
    /// The static rules accept the pair, but data would not decode.
    Warning,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Warning => "warning",
        }
    }
}

/// A rule, by its index in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rule(usize);

/// One line of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleEntry {
    /// Never changes.
    pub id: &'static str,
    pub severity: Severity,
    /// One sentence.
    pub summary: &'static str,
    pub advice: &'static str,
    /// Whether data can show it; the other rules are static only.
    pub has_witness: bool,
}

impl Rule {
    /// The number of rules.
    pub const COUNT: usize = avow_avro::rules().len();

    /// The schemas are beyond comparison.
    pub const TOO_LARGE: Self = Self::avro(avow_avro::Rule::TooLarge);

    /// Avro's rules come first, in their own order.
    pub(super) const fn avro(rule: avow_avro::Rule) -> Self {
        Self(rule as usize)
    }

    /// The index in [`rules`].
    pub fn index(self) -> usize {
        self.0
    }

    /// The stable id.
    pub fn id(self) -> &'static str {
        avow_avro::rules()[self.0].id.id()
    }
}

/// The rules of every format.
pub fn rules() -> impl ExactSizeIterator<Item = RuleEntry> {
    avow_avro::rules().iter().map(RuleEntry::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_the_line_at_its_index() {
        assert_eq!(rules().len(), Rule::COUNT);
        for (index, entry) in rules().enumerate() {
            assert_eq!(Rule(index).id(), entry.id);
        }
        assert_eq!(Rule::TOO_LARGE.id(), "too-large");
    }
}
