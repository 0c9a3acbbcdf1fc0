//! Which rules hold for a file, and how strictly.

use std::path::Path;

use avow_schema::lint::{Check, Rule, Strictness, When, rules};

use crate::project::{LintRule, LintTable, Only, Project, glob};
use crate::report::Severity;

/// What `avow.toml` says about the rules, as far as it concerns one file.
pub(super) struct Settings<'p> {
    /// From the widest to the nearest.
    sections: Vec<&'p std::collections::BTreeMap<String, LintRule>>,
}

impl<'p> Settings<'p> {
    pub(super) fn of(project: &'p Project, path: &Path) -> Self {
        let path = project.relative(path);
        let nearer = project.lint.paths.iter().filter(|it| glob(&it.files).is_ok_and(|glob| glob.is_match(&path)));
        Self { sections: std::iter::once(&project.lint.rules).chain(nearer.map(|it| &it.rules)).collect() }
    }

    /// What is said about a rule, the nearest first.
    fn said(&self, rule: &str) -> impl Iterator<Item = &'p LintRule> {
        self.sections.iter().rev().filter_map(move |section| section.get(rule))
    }

    fn tables(&self, rule: &str) -> impl Iterator<Item = &'p LintTable> {
        self.said(rule).filter_map(|said| match said {
            LintRule::Table(table) => Some(table),
            LintRule::Level(_) => None,
        })
    }

    /// How bad it is to break a rule; none where it does not hold.
    pub(super) fn severity(&self, rule: &Rule) -> Option<Severity> {
        let said = self.said(rule.id).find_map(|said| match said {
            LintRule::Level(when) => Some(*when),
            LintRule::Table(table) => table.level,
        });
        match said.unwrap_or(rule.default) {
            When::Off => None,
            When::Warn => Some(Severity::Warning),
            When::Error => Some(Severity::Error),
        }
    }

    /// Whether a rule holds that compares with what was there before.
    pub(super) fn compares(&self) -> bool {
        rules().iter().any(|rule| matches!(rule.check, Check::Change(_)) && self.severity(rule).is_some())
    }

    pub(super) fn is_only_changed(&self, rule: &str) -> bool {
        self.tables(rule).any(|table| table.only == Some(Only::Changed))
    }

    pub(super) fn strictness(&self, rule: &Rule) -> Strictness {
        Strictness {
            max: self.tables(rule.id).find_map(|table| table.max),
            pattern: self.tables(rule.id).find_map(|table| table.pattern.clone()),
            style: self.tables(rule.id).find_map(|table| table.style),
        }
    }
}
