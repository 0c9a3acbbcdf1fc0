//! The project file, `avow.toml`: which files there are, which subjects they belong to, what holds for them.
//!
//! It is looked for in the current folder and upwards, to the root of the repository. Without one everything has a default.

mod declared;
mod documents;
mod file;
mod lock;
mod naming;
mod resolver;
mod walk;

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use avow_avro::Strictness;
use globset::GlobMatcher;

pub(super) use declared::{Beside, Declared, LEVEL};
pub(super) use documents::{Broken, Documents, Resolved};
pub(super) use file::{LintRule, LintSection, LintTable, Only};
pub(super) use lock::{Lock, LockedSubject, LockedVersion, NAME as LOCK};
pub(super) use resolver::{Resolution, Resolver};
pub(super) use walk::{glob, walk};

use super::Error;
use super::source::{SchemaFile, absolute, slashed};
use avow_domain::{Glob, Level, Reference};
use naming::Template;
use walk::is_literal;

pub(super) const NAME: &str = "avow.toml";

/// Where a command finds its project.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Project")]
pub(super) struct ProjectOptions {
    /// The project file; by default `avow.toml` in this folder or one above it.
    #[arg(long, env = "AVOW_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What a project says about its schemas.
#[derive(Debug)]
pub(super) struct Project {
    /// The folder that paths in the project file are relative to.
    pub(super) root: PathBuf,
    /// The project file, there or not.
    pub(super) file: PathBuf,
    pub(super) registry_url: Option<String>,
    /// Addresses of registries by the names of their profiles.
    profiles: BTreeMap<String, String>,
    pub(super) check: file::CheckSection,
    pub(super) lint: LintSection,
    /// What is declared for the whole registry, or for the context.
    pub(super) defaults: Declared,
    /// Which subjects belong to the project, whether a file describes them or not; empty where nothing is said.
    pub(super) scope: Vec<Glob>,
    subjects: Vec<SubjectRule>,
    /// Files that are none of the project's.
    exclude: Vec<GlobMatcher>,
}

/// What holds for the files of one glob.
#[derive(Debug)]
struct SubjectRule {
    files: GlobMatcher,
    /// It names one file; several entries may, each with another subject.
    is_literal: bool,
    name: Template,
    declared: Declared,
    references: Vec<Reference>,
    beside: Beside,
}

/// What a project says about one file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Assignment {
    pub(super) subject: String,
    /// The level to check by, where nobody knows better.
    pub(super) level: Option<Level>,
    /// What the file refers to in the registry, as far as it is written down.
    pub(super) references: Vec<Reference>,
    pub(super) declared: Declared,
    pub(super) beside: Beside,
}

impl ProjectOptions {
    pub(super) fn load(&self) -> Result<Project, Error> {
        let here = env::current_dir()?;
        let file = self.config.clone().or_else(|| discover(&here));
        let Some(path) = file else { return Ok(Project::without_file(here)) };
        let text = fs::read_to_string(&path).map_err(Error::reading(&path))?;
        let root = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let project = Project::parse(root, &text);
        let project = project.map_err(|reason| Error::Input(format!("`{}`: {reason}", path.display())))?;
        Ok(Project { file: path, ..project })
    }
}

/// The project file of a folder: its own, or one above it within the same repository.
fn discover(from: &Path) -> Option<PathBuf> {
    for folder in from.ancestors() {
        let file = folder.join(NAME);
        if file.is_file() {
            return Some(file);
        }
        if folder.join(".git").exists() {
            break;
        }
    }
    None
}

impl Project {
    fn without_file(root: PathBuf) -> Self {
        let (check, lint) = (file::CheckSection::default(), LintSection::default());
        let (defaults, scope) = (Declared::default(), Vec::new());
        let file = root.join(NAME);
        let (profiles, subjects, exclude) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { root, file, registry_url: None, profiles, check, lint, defaults, scope, subjects, exclude }
    }

    pub(super) fn parse(root: &Path, text: &str) -> Result<Self, String> {
        let file: file::File = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let mut subjects = Vec::new();
        for entry in file.subjects {
            subjects.push(SubjectRule {
                files: glob(&entry.files)?,
                is_literal: is_literal(&entry.files),
                name: Template::parse(entry.name.as_deref().unwrap_or("{stem}"))?,
                declared: Declared::parse(entry.level.as_deref(), entry.config, entry.mode.as_deref())?,
                references: entry.references,
                beside: Beside::parse(entry.metadata, entry.rule_set)?,
            });
        }
        file.lint.validate()?;
        let defaults = file.defaults;
        Ok(Self {
            defaults: Declared::parse(defaults.level.as_deref(), defaults.config, defaults.mode.as_deref())?,
            scope: file.scope.subjects.iter().map(|text| Glob::parse(text)).collect::<Result<_, _>>()?,
            root: root.to_owned(),
            file: root.join(NAME),
            registry_url: file.registry.url,
            profiles: file.profiles.into_iter().map(|(name, profile)| (name, profile.url)).collect(),
            check: file.check,
            lint: file.lint,
            subjects,
            exclude: file.exclude.iter().map(|text| glob(text)).collect::<Result<_, _>>()?,
        })
    }

    /// The address of the registry that a profile means.
    pub(super) fn profile(&self, name: &str) -> Result<String, Error> {
        self.profiles.get(name).cloned().ok_or_else(|| {
            let known: Vec<_> = self.profiles.keys().map(|name| format!("`{name}`")).collect();
            let what = match known.as_slice() {
                [] => format!("write one into avow.toml: `[profiles.{name}]` with a `url`"),
                known => format!("avow.toml has {}", known.join(", ")),
            };
            Error::Usage(format!("there is no profile `{name}`; {what}"))
        })
    }

    /// A path of the project file, as seen from the current folder.
    pub(super) fn path(&self, relative: &Path) -> PathBuf {
        if self.root == Path::new(".") { relative.to_owned() } else { self.root.join(relative) }
    }

    /// What the globs of the project file are matched against.
    pub(super) fn relative(&self, path: &Path) -> String {
        let absolute = |path: &Path| absolute(path).unwrap_or_else(|_| path.to_owned());
        let (path, root) = (absolute(path), absolute(&self.root));
        slashed(path.strip_prefix(&root).unwrap_or(&path))
    }

    /// Whether a file belongs to the project.
    pub(super) fn lists(&self, path: &Path) -> bool {
        !self.excludes(path) && (self.subjects.is_empty() || self.rule(path).is_some())
    }

    fn excludes(&self, path: &Path) -> bool {
        let relative = self.relative(path);
        self.exclude.iter().any(|glob| glob.is_match(&relative))
    }

    /// Entries of `[[subjects]]` that none of the files belongs to.
    pub(super) fn unmatched(&self, files: &[Rc<SchemaFile>]) -> Vec<&str> {
        let paths: Vec<String> = files.iter().map(|file| self.relative(&file.path)).collect();
        let is_unmatched = |rule: &&SubjectRule| !paths.iter().any(|path| rule.files.is_match(path));
        self.subjects.iter().filter(is_unmatched).map(|rule| rule.files.glob().glob()).collect()
    }

    /// The schema files meant by the paths given; without any, all of the project.
    pub(super) fn files(&self, paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
        let mut found = Vec::new();
        if paths.is_empty() {
            let root = self.visible_root();
            found.extend(walk(&root)?.into_iter().filter(|path| self.lists(path)));
        }
        for path in paths {
            if path.is_dir() {
                found.extend(walk(path)?.into_iter().filter(|path| self.lists(path)));
            } else {
                found.push(path.clone());
            }
        }
        let mut seen = std::collections::HashSet::new();
        found.retain(|path| seen.insert(path.clone()));
        Ok(found)
    }

    /// Every file that may define types, listed or not.
    pub(super) fn all_files(&self) -> Result<Vec<PathBuf>, Error> {
        let mut files = walk(&self.visible_root())?;
        files.retain(|path| !self.excludes(path));
        Ok(files)
    }

    /// A path of the project file, as a person in the current folder would write it.
    pub(super) fn shown(&self, relative: &Path) -> PathBuf {
        match self.visible_root() {
            root if root == Path::new(".") => relative.to_owned(),
            root => root.join(relative),
        }
    }

    /// The root as a person would write it: nothing at all for the current folder.
    fn visible_root(&self) -> PathBuf {
        let here = env::current_dir().ok();
        let root = absolute(&self.root).unwrap_or_else(|_| self.root.clone());
        match here.as_deref().and_then(|here| root.strip_prefix(here).ok()) {
            Some(inside) if inside.as_os_str().is_empty() => PathBuf::from("."),
            Some(inside) => inside.to_owned(),
            None => self.root.clone(),
        }
    }

    /// What is said about a file whose subject is known.
    pub(super) fn assignment_to(&self, path: &Path, subject: String) -> Assignment {
        Self::assignment_by(self.rule(path), subject)
    }

    fn assignment_by(rule: Option<&SubjectRule>, subject: String) -> Assignment {
        Assignment {
            subject,
            level: rule.and_then(|rule| rule.declared.level),
            references: rule.map(|rule| rule.references.clone()).unwrap_or_default(),
            declared: rule.map(|rule| rule.declared.clone()).unwrap_or_default(),
            beside: rule.map(|rule| rule.beside.clone()).unwrap_or_default(),
        }
    }

    /// How strictly the schemas of a subject are parsed, as far as `validateNewSchemas` is declared.
    pub(super) fn strictness(&self, assignment: &Assignment) -> Option<Strictness> {
        let of = |declared: &Declared| declared.config.get("validateNewSchemas").and_then(serde_json::Value::as_bool);
        let validates = of(&assignment.declared).or_else(|| of(&self.defaults))?;
        Some(if validates { Strictness::Strict } else { Strictness::Lenient })
    }

    fn rule(&self, path: &Path) -> Option<&SubjectRule> {
        self.rules(path).into_iter().next()
    }

    /// The entries about a file: those that name it and no other, else the first whose glob matches.
    fn rules(&self, path: &Path) -> Vec<&SubjectRule> {
        let relative = self.relative(path);
        let matching: Vec<_> = self.subjects.iter().filter(|rule| rule.files.is_match(&relative)).collect();
        match matching.first() {
            Some(first) if first.is_literal => matching.into_iter().filter(|rule| rule.is_literal).collect(),
            first => first.into_iter().copied().collect(),
        }
    }

    /// What is said about a file: by the first entry about it, else its name says the subject.
    pub(super) fn assignment(&self, path: &Path, text: &str) -> Result<Assignment, Error> {
        self.assignment_of(self.rule(path), path, text)
    }

    fn assignment_of(&self, rule: Option<&SubjectRule>, path: &Path, text: &str) -> Result<Assignment, Error> {
        let fallback = Template::stem();
        let name = rule.map_or(&fallback, |rule| &rule.name);
        let subject = name
            .render(Path::new(&self.relative(path)), text)
            .map_err(|reason| Error::Input(format!("`{}`: no subject: {reason}", path.display())))?;
        Ok(Self::assignment_by(rule, subject))
    }

    /// The subjects of a file, one for each entry about it.
    pub(super) fn assignments(&self, file: &SchemaFile) -> Vec<(Assignment, Option<Broken>)> {
        match &self.rules(&file.path)[..] {
            [] | [_] => vec![self.assignment_or_fault(file)],
            rules => rules
                .iter()
                .map(|rule| match self.assignment_of(Some(rule), &file.path, &file.text) {
                    Ok(assignment) => (assignment, None),
                    Err(error) => {
                        (Self::assignment_by(Some(rule), file.name()), Some(Broken::Unreadable(error.to_string())))
                    }
                })
                .collect(),
        }
    }

    /// The same of a file that may be of no use; then the subject is its name.
    pub(super) fn assignment_or_fault(&self, file: &SchemaFile) -> (Assignment, Option<Broken>) {
        match self.assignment(&file.path, &file.text) {
            Ok(assignment) => (assignment, None),
            Err(error) => {
                let stem = file.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
                (self.assignment_to(&file.path, stem), Some(Broken::Unreadable(error.to_string())))
            }
        }
    }

    /// Reads the schema files meant by the paths given; that there are none is an error, or a typing error would pass
    /// every check.
    pub(super) fn files_to_check(&self, paths: &[PathBuf]) -> Result<Vec<Rc<SchemaFile>>, Error> {
        let files = self.files(paths)?;
        if files.is_empty() {
            return Err(Error::Input("no schema files found; name some, or list them in avow.toml".to_owned()));
        }
        files.iter().map(|path| SchemaFile::read_or_fault(path).map(Rc::new)).collect()
    }
}

/// Refuses two files for one subject.
pub(super) fn one_file_each<'s>(subjects: impl Iterator<Item = (&'s str, &'s SchemaFile)>) -> Result<(), Error> {
    let mut known: HashMap<&str, &SchemaFile> = HashMap::new();
    for (subject, file) in subjects {
        if let Some(other) = known.insert(subject, file) {
            let (a, b) = (other.name(), file.name());
            return Err(Error::Input(if a == b {
                format!("two entries of avow.toml give `{a}` the subject `{subject}`; remove one of them")
            } else {
                format!(
                    "`{a}` and `{b}` both belong to the subject `{subject}`; give one of them another `name` in avow.toml"
                )
            }));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_entry_that_matches_holds() {
        let text = r#"
            [[subjects]]
            files = "orders/*.avsc"
            name = "{dir}-{stem}-value"
            level = "full_transitive"
            [[subjects]]
            files = "**/*.avsc"
            name = "{full_name}"
        "#;
        let project = Project::parse(Path::new("."), text).expect("a project");
        let schema = r#"{"type":"record","name":"a.b.Order","fields":[]}"#;
        for (path, subject, level) in [
            ("orders/new.avsc", "orders-new-value", Some(Level::FullTransitive)),
            ("orders/deep/new.avsc", "a.b.Order", None),
            ("elsewhere.json", "elsewhere", None),
        ] {
            let assignment = project.assignment(Path::new(path), schema).expect("a subject");
            assert_eq!((assignment.subject.as_str(), assignment.level), (subject, level), "{path}");
        }
    }

    #[test]
    fn entries_that_name_one_file_give_it_a_subject_each() {
        let text = r#"
            exclude = ["target/**"]
            [[subjects]]
            files = "order[{]1[}].avsc"
            name = "orders"
            [[subjects]]
            files = "order[{]1[}].avsc"
            name = "orders-retry"
            [[subjects]]
            files = "*.avsc"
        "#;
        let project = Project::parse(Path::new("."), text).expect("a project");
        let subjects = |path: &str| -> Vec<String> {
            let file = SchemaFile::new(path, "\"int\"".to_owned());
            project.assignments(&file).into_iter().map(|(assignment, _)| assignment.subject).collect()
        };
        assert_eq!(subjects("order{1}.avsc"), ["orders", "orders-retry"]);
        assert_eq!(subjects("other.avsc"), ["other"]);
        assert!(!project.lists(Path::new("target/other.avsc")));
        let files = [Rc::new(SchemaFile::new("other.avsc", String::new()))];
        assert_eq!(project.unmatched(&files), ["order[{]1[}].avsc", "order[{]1[}].avsc"]);
    }

    #[test]
    fn a_pattern_may_stand_in_a_wider_place_than_the_level() {
        let text = r#"
            [lint.rules]
            namespace-pattern = { level = "off", pattern = "com.acme.*" }
            [[lint.paths]]
            files = "new/**"
            rules = { namespace-pattern = "error" }
        "#;
        assert!(Project::parse(Path::new("."), text).is_ok());
    }

    #[test]
    fn what_nobody_knows_is_an_error_with_its_place() {
        for (text, complaint) in [
            ("[chekc]\n", "unknown field `chekc`"),
            ("[[subjects]]\nfiles = \"a\"\nlevel = \"BACK\"\n", "unknown level `BACK`"),
            ("[[subjects]]\nfiles = \"a\"\nname = \"{stemm}\"\n", "unknown placeholder `{stemm}`"),
            ("[lint.rules]\nno-such = \"off\"\n", "unknown rule `no-such`"),
            ("[lint.rules]\nmax-fields = \"loud\"\n", "unknown variant `loud`"),
            ("[lint.rules]\nmax-fields = { max = -1 }\n", "integer `-1`"),
            ("[lint.rules]\nmax-fields = { maximum = 1 }\n", "unknown field `maximum`"),
            ("[lint.rules]\nmax-fields = { pattern = \"a\" }\n", "takes no `pattern`, but a `max`"),
            ("[[lint.paths]]\nfiles = \"a\"\nrules = { doc-required = { max = 1 } }\n", "takes no `max`"),
            ("[lint.rules]\nnamespace-pattern = \"warn\"\n", "give it a `pattern`"),
            ("[profiles.prod]\nurl = \"http://a\"\npassword = \"b\"\n", "unknown field `password`"),
            ("[[subjects]]\nfiles = \"a\"\nmode = \"IMPORT\"\n", "`mode` cannot be IMPORT"),
            ("[defaults]\nmode = \"SHUT\"\n", "unknown mode `SHUT`"),
            ("[defaults]\nconfig = { normalise = true }\n", "did you mean `normalize`?"),
            ("[lint.rules]\nmax-field = \"off\"\n", "did you mean `max-fields`?"),
            ("[defaults]\nconfig = { compatibility = \"FULL\" }\n", "write `level"),
            ("[[subjects]]\nfiles = \"a\"\nmetadata = { owner = \"ann\" }\n", "unknown key `owner` under `metadata`"),
            ("[[subjects]]\nfiles = \"a\"\nrule_set = { domainRules = 1 }\n", "`rule_set`"),
            ("[scope]\nsubjects = [\"[\"]\n", "error parsing glob"),
        ] {
            let error = Project::parse(Path::new("."), text).expect_err("it is wrong");
            assert!(error.contains(complaint), "{error}");
        }
    }
}
