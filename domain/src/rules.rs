//! Rule sets: what clients run over data. Stored, merged and validated here, never executed (contract 2.3, 12.2).

use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Whether a rule transforms data or validates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the wire's own vocabulary")]
pub enum RuleKind {
    #[default]
    Transform,
    Condition,
}

/// When a rule runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are the wire's own vocabulary")]
pub enum RuleMode {
    Upgrade,
    Downgrade,
    UpDown,
    Write,
    Read,
    #[default]
    WriteRead,
}

impl RuleMode {
    fn is_migration(self) -> bool {
        matches!(self, Self::Upgrade | Self::Downgrade | Self::UpDown)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Upgrade => "UPGRADE",
            Self::Downgrade => "DOWNGRADE",
            Self::UpDown => "UPDOWN",
            Self::Write => "WRITE",
            Self::Read => "READ",
            Self::WriteRead => "WRITEREAD",
        }
    }
}

/// One rule of a rule set.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the names are the wire's own vocabulary")]
pub struct Rule {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    pub kind: RuleKind,
    pub mode: RuleMode,
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub rule_type: String,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_success: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<String>,
    pub disabled: bool,
}

/// The rules of a schema, by what they are for.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RuleSet {
    /// Rules between versions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub migration_rules: Vec<Rule>,
    /// Rules on data as they are written and read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub domain_rules: Vec<Rule>,
    /// Rules on encoded data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub encoding_rules: Vec<Rule>,
    /// The place where the rules run: `ALL`, `CLIENT`, `GATEWAY`, `SERVER` or `NONE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_at: Option<String>,
}

/// Why a rule set is refused (42210).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant is its sentence")]
pub enum InvalidRule {
    #[error("Missing rule name")]
    MissingName,
    #[error("Rule name too long")]
    NameTooLong,
    #[error("Illegal initial character in rule name: {0}")]
    IllegalInitial(String),
    #[error("Illegal character in rule name: {0}")]
    IllegalCharacter(String),
    #[error("Missing rule type")]
    MissingType,
    #[error("Multiple actions only valid with WRITEREAD and UPDOWN")]
    MultipleActions,
    #[error("Found rule with duplicate name '{0}'")]
    DuplicateName(String),
    #[error("Migration rules can only be UPGRADE, DOWNGRADE, UPDOWN")]
    MigrationMode,
    #[error("Domain rules can only be WRITE, READ, WRITEREAD")]
    DomainMode,
    #[error("Encoding rules can only be WRITE, READ, WRITEREAD")]
    EncodingMode,
}

impl Rule {
    fn validate(&self) -> Result<(), InvalidRule> {
        let mut characters = self.name.chars();
        let Some(first) = characters.next() else { return Err(InvalidRule::MissingName) };
        if self.name.chars().count() > 256 {
            return Err(InvalidRule::NameTooLong);
        }
        if !first.is_alphabetic() && first != '_' {
            return Err(InvalidRule::IllegalInitial(self.name.clone()));
        }
        if !characters.all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
            return Err(InvalidRule::IllegalCharacter(self.name.clone()));
        }
        if self.rule_type.is_empty() {
            return Err(InvalidRule::MissingType);
        }
        let several = |action: &Option<String>| action.as_deref().is_some_and(|action| action.contains(','));
        if (several(&self.on_success) || several(&self.on_failure))
            && !matches!(self.mode, RuleMode::WriteRead | RuleMode::UpDown)
        {
            return Err(InvalidRule::MultipleActions);
        }
        Ok(())
    }

    fn feed(&self, sink: &mut impl FnMut(&[u8])) {
        let kind = match self.kind {
            RuleKind::Transform => "TRANSFORM",
            RuleKind::Condition => "CONDITION",
        };
        sink(self.name.as_bytes());
        if let Some(doc) = &self.doc {
            sink(doc.as_bytes());
        }
        sink(kind.as_bytes());
        sink(self.mode.as_str().as_bytes());
        sink(self.rule_type.as_bytes());
        for tag in &self.tags {
            sink(tag.as_bytes());
        }
        for (name, value) in &self.params {
            sink(name.as_bytes());
            sink(value.as_bytes());
        }
        for text in [&self.expr, &self.on_success, &self.on_failure].into_iter().flatten() {
            sink(text.as_bytes());
        }
        if self.disabled {
            sink(&[1]);
        }
    }
}

impl RuleSet {
    /// Checks every rule, migration rules first; names are unique across all three lists (contract 12.2).
    pub fn validate(&self) -> Result<(), InvalidRule> {
        let mut names = HashSet::new();
        let mut each = |rules: &[Rule], allowed: fn(RuleMode) -> bool, wrong: InvalidRule| {
            for rule in rules {
                rule.validate()?;
                if !names.insert(rule.name.clone()) {
                    return Err(InvalidRule::DuplicateName(rule.name.clone()));
                }
                if !allowed(rule.mode) {
                    return Err(wrong);
                }
            }
            Ok(())
        };
        each(&self.migration_rules, RuleMode::is_migration, InvalidRule::MigrationMode)?;
        each(&self.domain_rules, |mode| !mode.is_migration(), InvalidRule::DomainMode)?;
        each(&self.encoding_rules, |mode| !mode.is_migration(), InvalidRule::EncodingMode)
    }

    /// Lays `upper` over `lower`: a rule of the same name is replaced, others are kept in order.
    pub fn merged(lower: Option<&Self>, upper: Option<&Self>) -> Option<Self> {
        let (lower, upper) = match (lower, upper) {
            (None, one) | (one, None) => return one.cloned(),
            (Some(lower), Some(upper)) => (lower, upper),
        };
        let lay = |lower: &[Rule], upper: &[Rule]| -> Vec<Rule> {
            let kept = lower.iter().filter(|rule| upper.iter().all(|other| other.name != rule.name));
            kept.chain(upper).cloned().collect()
        };
        Some(Self {
            migration_rules: lay(&lower.migration_rules, &upper.migration_rules),
            domain_rules: lay(&lower.domain_rules, &upper.domain_rules),
            encoding_rules: lay(&lower.encoding_rules, &upper.encoding_rules),
            enable_at: upper.enable_at.clone().or_else(|| lower.enable_at.clone()),
        })
    }

    /// Whether a rule of this type is in the set.
    pub fn has_type(&self, rule_type: &str) -> bool {
        [&self.migration_rules, &self.domain_rules, &self.encoding_rules]
            .into_iter()
            .flatten()
            .any(|rule| rule.rule_type == rule_type)
    }

    /// Feeds what counts for identity, in the order of contract 3.1.
    pub(super) fn feed(&self, mut sink: impl FnMut(&[u8])) {
        for rule in [&self.migration_rules, &self.domain_rules, &self.encoding_rules].into_iter().flatten() {
            rule.feed(&mut sink);
        }
        if let Some(place) = &self.enable_at {
            sink(place.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: &str) -> Rule {
        serde_json::from_str(json).expect("the test's rule is JSON")
    }

    #[test]
    fn refusals_of_contract_12_2() {
        for (json, expected) in [
            ("{}", InvalidRule::MissingName),
            (r#"{"name":"1a","type":"CEL"}"#, InvalidRule::IllegalInitial("1a".into())),
            (r#"{"name":"a b","type":"CEL"}"#, InvalidRule::IllegalCharacter("a b".into())),
            (r#"{"name":"a"}"#, InvalidRule::MissingType),
            (r#"{"name":"a","type":"CEL","mode":"WRITE","onFailure":"x,y"}"#, InvalidRule::MultipleActions),
            (r#"{"name":"a","type":"CEL","mode":"UPGRADE"}"#, InvalidRule::DomainMode),
        ] {
            let set = RuleSet { domain_rules: vec![rule(json)], ..RuleSet::default() };
            assert_eq!(set.validate(), Err(expected), "{json}");
        }
        let twice = rule(r#"{"name":"a","type":"CEL"}"#);
        let set = RuleSet { domain_rules: vec![twice.clone()], encoding_rules: vec![twice], ..RuleSet::default() };
        assert_eq!(set.validate(), Err(InvalidRule::DuplicateName("a".into())));
    }

    #[test]
    fn merging_replaces_by_name() {
        let set = |json: &str| RuleSet { domain_rules: vec![rule(json)], ..RuleSet::default() };
        let lower = set(r#"{"name":"a","type":"CEL","expr":"1"}"#);
        let upper = set(r#"{"name":"a","type":"CEL","expr":"2"}"#);
        assert_eq!(RuleSet::merged(Some(&lower), Some(&upper)), Some(upper.clone()));
        assert_eq!(RuleSet::merged(None, Some(&upper)), Some(upper));
    }
}
