//! `avow.toml` as it is written: entries are added and changed, and everything else stays as a person left it.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value as Toml};

use crate::Error;
use crate::plan::remote_state::Observed;
use crate::plan::settings;
use crate::project::{Assignment, Beside, Declared, LEVEL, Project, glob};
use crate::source::slashed;
use avow_domain::{Content, Glob, Level, Metadata, Mode, Reference};

/// What is to be said about a subject.
#[derive(Debug)]
pub(super) struct Entry {
    subject: String,
    declared: Declared,
    beside: Beside,
}

/// What a registry has of a scope, as it would be declared.
pub(super) fn declared_of(seen: &Observed) -> Declared {
    let mut config = seen.config.clone().unwrap_or_default();
    let level = config.remove(LEVEL);
    let mode = seen.mode.as_deref().and_then(Mode::parse);
    Declared {
        level: level.as_ref().and_then(Value::as_str).and_then(Level::parse),
        config: config.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        // The others are for the time of a migration.
        mode: mode.filter(|mode| matches!(mode, Mode::ReadWrite | Mode::ReadOnly)),
    }
}

impl Entry {
    pub(super) fn of(subject: &str, seen: &Observed, stored: &Content) -> Self {
        Self {
            subject: subject.to_owned(),
            declared: declared_of(seen),
            beside: Beside {
                // The number of a version is written by the registry.
                metadata: stored.metadata.as_ref().map(Metadata::without_version),
                rule_set: stored.rule_set.clone(),
            },
        }
    }

    /// Whether the project says just this already.
    pub(super) fn is_said_by(&self, assignment: &Assignment) -> bool {
        let own: Map<String, Value> = self.declared.settings();
        let declared = &assignment.declared;
        assignment.subject == self.subject
            && settings::changed(declared, Some(&own)).is_empty()
            && settings::changed(&self.declared, Some(&declared.settings())).is_empty()
            && declared.mode == self.declared.mode
            && assignment.beside == self.beside
    }
}

/// The project file, old or new.
pub(super) struct ProjectText {
    before: Option<String>,
    document: DocumentMut,
}

impl ProjectText {
    pub(super) fn read(project: &Project) -> Result<Self, Error> {
        let file = &project.file;
        if !file.exists() {
            return Ok(Self { before: None, document: DocumentMut::new() });
        }
        let text = fs::read_to_string(file).map_err(Error::reading(file))?;
        let document = text.parse().map_err(|error| Error::Input(format!("`{}`: {error}", file.display())))?;
        Ok(Self { before: Some(text), document })
    }

    pub(super) fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// The text, if it is another now.
    pub(super) fn changed(&self) -> Option<String> {
        let text = self.document.to_string();
        (self.before.as_ref() != Some(&text)).then_some(text)
    }

    /// The project that it describes.
    pub(super) fn project(&self, project: &Project) -> Result<Project, Error> {
        let file = &project.file;
        Project::parse(&project.root, &self.document.to_string())
            .map_err(|reason| Error::Input(format!("`{}`: {reason}", file.display())))
    }

    pub(super) fn registry(&mut self, url: &str) {
        self.section("registry").insert("url", text(url));
    }

    /// Lists the files of a folder.
    pub(super) fn list(&mut self, folder: &Path) {
        let mut table = Table::new();
        table.insert("files", text(&format!("{}/*.avsc", globset::escape(&slashed(folder)))));
        self.subjects().push(table);
    }

    pub(super) fn scope(&mut self, globs: &[Glob]) {
        let globs: toml_edit::Array = globs.iter().map(Glob::as_str).collect();
        self.section("scope").insert("subjects", Item::Value(Toml::Array(globs)));
    }

    pub(super) fn defaults(&mut self, declared: &Declared) {
        // That anything may be written needs no saying.
        let declared = Declared { mode: declared.mode.filter(|mode| *mode != Mode::ReadWrite), ..declared.clone() };
        if declared != Declared::default() {
            declare(self.section("defaults"), &declared);
        }
    }

    /// Says something about one file, before anything that is said about several.
    pub(super) fn declare(&mut self, project: &Project, path: &Path, entry: &Entry, references: Option<&[Reference]>) {
        let relative = project.relative(path);
        let files = globset::escape(&relative);
        let subjects = self.subjects();
        let is_it = |table: &Table| table.get("files").and_then(Item::as_str) == Some(&files);
        if !subjects.iter().any(is_it) {
            let mut table = Table::new();
            table.insert("files", text(&files));
            let was_empty = subjects.is_empty();
            insert(subjects, table, &relative);
            if was_empty {
                // Without entries every file belongs to the project; with one, only those that are listed.
                let mut rest = Table::new();
                rest.insert("files", text("**/*.avsc"));
                subjects.push(rest);
            }
        }
        let Some(table) = subjects.iter_mut().find(|table| is_it(table)) else { return };
        table.insert("name", text(&entry.subject.replace('{', "{{")));
        declare(table, &entry.declared);
        let beside = [
            ("metadata", entry.beside.metadata.as_ref().map(|it| serde_json::json!(it))),
            ("rule_set", entry.beside.rule_set.as_ref().map(|it| serde_json::json!(it))),
        ];
        for (key, value) in beside {
            set(table, key, value.as_ref().and_then(toml));
        }
        if let Some(references) = references {
            let list: toml_edit::Array = references.iter().filter_map(|it| toml(&serde_json::json!(it))).collect();
            set(table, "references", (!references.is_empty()).then_some(Toml::Array(list)));
        }
    }

    fn section(&mut self, name: &str) -> &mut Table {
        let item = self.document.entry(name).or_insert_with(|| Item::Table(Table::new()));
        if !item.is_table() {
            *item = Item::Table(item.clone().into_table().unwrap_or_default());
        }
        item.as_table_mut().expect("the lines before made it one")
    }

    fn subjects(&mut self) -> &mut ArrayOfTables {
        let item = self.document.entry("subjects").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        if !item.is_array_of_tables() {
            *item = Item::ArrayOfTables(item.clone().into_array_of_tables().unwrap_or_default());
        }
        item.as_array_of_tables_mut().expect("the lines before made it one")
    }
}

/// Adds an entry about one file before the first that is about it, too; those about one file are in order.
fn insert(tables: &mut ArrayOfTables, mut table: Table, relative: &str) {
    let old = std::mem::take(tables);
    let files = |table: &Table| table.get("files").and_then(Item::as_str).unwrap_or_default().to_owned();
    let own = files(&table);
    let comes_after = |other: &Table| {
        let files = files(other);
        let is_about_one = !files.contains(['*', '?', '{']);
        (is_about_one && files > own) || glob(&files).is_ok_and(|glob| glob.is_match(relative))
    };
    let at = old.iter().position(comes_after).unwrap_or(old.len());
    // Tables are written where their positions say; those of one position in the order of the list.
    if let Some(next) = old.get(at) {
        table.set_position(next.position());
        table.decor_mut().set_prefix("\n");
    }
    let mut old: Vec<Table> = old.into_iter().collect();
    old.insert(at, table);
    for table in old {
        tables.push(table);
    }
}

fn declare(table: &mut Table, declared: &Declared) {
    set(table, "level", declared.level.map(|level| Toml::from(level.as_str())));
    let config: InlineTable =
        declared.config.iter().filter_map(|(key, value)| Some((key.as_str(), toml(value)?))).collect();
    set(table, "config", (!config.is_empty()).then_some(Toml::InlineTable(config)));
    set(table, "mode", declared.mode.map(|mode| Toml::from(mode.as_str())));
}

fn set(table: &mut Table, key: &str, value: Option<Toml>) {
    match value {
        Some(value) => drop(table.insert(key, Item::Value(value))),
        None => drop(table.remove(key)),
    }
}

fn text(text: &str) -> Item {
    Item::Value(Toml::from(text))
}

/// A value of JSON; there is no null in TOML.
fn toml(value: &Value) -> Option<Toml> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => Toml::from(*value),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Toml::from(number),
            None => Toml::from(number.as_f64()?),
        },
        Value::String(text) => Toml::from(text.as_str()),
        Value::Array(items) => Toml::Array(items.iter().filter_map(toml).collect()),
        Value::Object(object) => {
            let fields = object.iter().filter_map(|(key, value)| Some((key.as_str(), toml(value)?)));
            Toml::InlineTable(fields.collect())
        }
    })
}
