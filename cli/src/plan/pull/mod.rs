//! `avow pull`: writes what a registry holds as the files of a project.

mod names;
mod toml_edit;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use avow_client::rest::{SchemaType, Version};
use serde_json::json;

use self::names::Names;
use self::toml_edit::{Entry as Written, ProjectText, declared_of};
use super::document::{Entry, State};
use super::equivalence::content;
use super::planner::Planner;
use super::prune::{self, Prune};
use super::references::{ResolvedReferences, Settled};
use super::remote_state::{self, DEFAULTS, SubjectState};
use super::tree::Tree;
use crate::exit::{self, Exit};
use crate::project::{Documents, Project};
use crate::remote::{Remote, ask_all};
use crate::source::{SchemaFile, slashed};
use crate::subjects::matches;
use crate::target::{OutputFormat, Target, table};
use crate::terminal::count;
use crate::{Error, block_on, fmt};
use avow_domain::Glob;

/// Writes the subjects of the registry as files, and into avow.toml what is to be said about them.
///
/// Afterwards `avow plan` has nothing to do. A subject whose file is there already stays where it is; a file that holds
/// something the registry never had is not overwritten without --force.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Pull {
    /// Only subjects like these, as in `orders-*`; by default the `[scope]` of avow.toml, or everything.
    #[arg(value_name = "GLOB", value_parser = Glob::parse)]
    globs: Vec<Glob>,

    /// Writes the globs into avow.toml as the scope within which `--prune` may delete.
    #[arg(long, requires = "globs")]
    scope: bool,

    /// The folder for new files, as seen from avow.toml.
    #[arg(long, default_value = "schemas", value_name = "FOLDER")]
    dir: PathBuf,

    /// Overwrites files that were changed here.
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    output: OutputFormat,
    #[command(flatten)]
    target: Target,
}

/// A subject to be written.
struct Pulled {
    subject: String,
    state: SubjectState,
    latest: Version,
    path: PathBuf,
    file: Rc<SchemaFile>,
    /// The file is not what the registry has.
    is_new: bool,
}

impl Pull {
    pub(crate) fn run(&self) -> Result<Exit, Error> {
        let project = self.target.project()?;
        let remote = self.target.open_for(&project)?;
        let (pulled, text, written) = block_on(self.pull(&project, &remote))?;
        for it in &written {
            let path = &pulled[*it].path;
            let folder = path.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(folder).map_err(Error::writing(folder))?;
            fs::write(path, &pulled[*it].file.text).map_err(Error::writing(path))?;
        }
        let mut paths: Vec<String> = written.iter().map(|it| slashed(&pulled[*it].path)).collect();
        if let Some(text) = text {
            fs::write(&project.file, text).map_err(Error::writing(&project.file))?;
            let name = project.file.file_name().unwrap_or_default();
            paths.push(slashed(&project.shown(Path::new(name))));
        }
        self.target.terminal.say(format_args!(
            "pull: {}, {} written",
            count(pulled.len(), "subject"),
            count(paths.len(), "file")
        ));
        let rows: Vec<_> = paths.iter().map(|path| vec![path.clone()]).collect();
        self.output.print(
            &self.target.terminal,
            &table(&rows),
            &json!({"subjects": pulled.len(), "written": paths}),
        )?;
        Ok(Exit::Clean)
    }

    /// What is to be written: the subjects, the project file, and which of the subjects have another file now.
    async fn pull(
        &self,
        project: &Project,
        remote: &Remote,
    ) -> Result<(Vec<Pulled>, Option<String>, Vec<usize>), Error> {
        let (mut pulled, defaults, local) = self.read(project, remote).await?;
        let local = local.unwrap_or_default();
        self.guard(&local, &mut pulled)?;
        let mut text = ProjectText::read(project)?;
        if text.is_new() {
            text.registry(&remote.url());
        }
        if text.is_new() && self.globs.is_empty() {
            text.defaults(&declared_of(&defaults.seen));
        }
        if self.scope {
            text.scope(&self.globs);
        }
        if text.is_new() {
            text.list(&self.dir);
        }
        let mut files = files(project, &pulled)?;
        for it in &pulled {
            let parsed = text.project(project)?;
            let wanted = Written::of(&it.subject, &it.state.seen, &content(&it.latest)?);
            let assignments = parsed.assignments(&it.file);
            let fits = parsed.lists(&it.path) && assignments.iter().any(|(it, _)| wanted.is_said_by(it));
            if !fits {
                text.declare(&parsed, &it.path, &wanted, None);
            }
        }
        self.refer(project, remote, &mut text, &pulled, &local, &mut files).await?;
        self.look_back(project, remote, &text, files, &pulled).await?;
        let written = (0..pulled.len()).filter(|at| pulled[*at].is_new).collect();
        Ok((pulled, text.changed(), written))
    }

    /// The subjects that are asked for, and how the files that are there compare with them.
    async fn read(
        &self,
        project: &Project,
        remote: &Remote,
    ) -> Result<(Vec<Pulled>, SubjectState, Option<HashMap<String, Entry>>), Error> {
        let terminal = &self.target.terminal;
        let globs = if self.globs.is_empty() { &project.scope } else { &self.globs };
        let mut subjects = prune::all(remote).await?;
        subjects.retain(|subject| matches(globs, subject));
        let looked = ask_all(terminal, &subjects, |at| remote_state::look(remote, &subjects[at])).await?;
        let defaults = remote_state::look(remote, DEFAULTS).await?;
        let tree = match project.files(&[])? {
            files if files.is_empty() => None,
            _ => Some(Tree::read(project)?),
        };
        let mut names = Names::of(project, tree.as_ref(), &self.dir);
        let mut pulled = Vec::new();
        for (subject, state) in subjects.into_iter().zip(looked) {
            let Some(latest) = state.latest.clone() else { continue };
            if latest.schema.schema_type != SchemaType::Avro {
                terminal.say(format_args!("`{subject}` is {}; avow pulls Avro only", latest.schema.schema_type));
                continue;
            }
            let text = fmt::laid_out(&latest.schema.text).unwrap_or_else(|| latest.schema.text.clone() + "\n");
            let path = names.path(tree.as_ref(), &subject);
            let file = Rc::new(SchemaFile::new(path.clone(), text));
            pulled.push(Pulled { subject, state, latest, path, file, is_new: true });
        }
        let Some(tree) = tree else { return Ok((pulled, defaults, None)) };
        let planner = Planner { project, remote, terminal, prune: Prune::Report, evaluated: false };
        let document = planner.make("pull", &tree).await?;
        let entries = document.subjects.into_iter().map(|entry| (entry.subject.clone(), entry)).collect();
        Ok((pulled, defaults, Some(entries)))
    }

    /// Keeps what says the same already, and refuses to overwrite what the registry never had.
    fn guard(&self, local: &HashMap<String, Entry>, pulled: &mut [Pulled]) -> Result<(), Error> {
        let mut changed = Vec::new();
        for it in pulled {
            let Some(entry) = local.get(&it.subject) else {
                // A file that belongs to no subject of the project.
                if it.path.exists() && !self.force {
                    changed.push(slashed(&it.path));
                }
                continue;
            };
            let is_other = entry.states.iter().any(|state| {
                matches!(state, State::Create | State::NewVersion | State::Invalid) && entry.deleted_version.is_none()
            });
            let is_same = !is_other && entry.deleted_version.is_none() && !entry.states.contains(&State::Older);
            if is_same {
                it.is_new = false;
                it.file = Rc::new(SchemaFile::read(&it.path)?);
            } else if is_other && !self.force {
                changed.push(slashed(&it.path));
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        Err(Error::Conflict(format!(
            "nothing was written: the registry never had what is in {}; register it, or give --force to overwrite it",
            changed.join(", ")
        )))
    }

    /// Writes down the references that would not be found by themselves.
    async fn refer(
        &self,
        project: &Project,
        remote: &Remote,
        text: &mut ProjectText,
        pulled: &[Pulled],
        local: &HashMap<String, Entry>,
        files: &mut [Rc<SchemaFile>],
    ) -> Result<(), Error> {
        let parsed = text.project(project)?;
        let tree = Tree::of(&parsed, files.to_vec())?;
        let by_subject: HashMap<&str, &Pulled> = pulled.iter().map(|it| (it.subject.as_str(), it)).collect();
        let mut settled: Vec<Settled> = Vec::with_capacity(tree.wanted.len());
        for at in 0..tree.wanted.len() {
            let wanted = &tree.wanted[at];
            let subject = wanted.assignment.subject.as_str();
            let resolved_references = ResolvedReferences::of(remote, &tree, &settled, at).await?;
            let mut documents = Documents::default();
            documents.list(&wanted.file.text);
            let mut documents = documents.with(&resolved_references.documents);
            let version = match by_subject.get(subject) {
                Some(it) => {
                    let stored = content(&it.latest)?;
                    if stored.references != resolved_references.references {
                        let wanted = Written::of(subject, &it.state.seen, &stored);
                        let parsed = text.project(project)?;
                        text.declare(&parsed, &it.path, &wanted, Some(&stored.references));
                        let mut others = Documents::default();
                        remote.gather(&stored.references, &mut others).await?;
                        documents = documents.with(&others);
                    }
                    it.latest.version
                }
                None => local.get(subject).and_then(|entry| entry.version).unwrap_or(1),
            };
            settled.push(Settled { version, registered: true, documents: Rc::new(documents) });
        }
        Ok(())
    }

    /// Plans the files about to be written, and reports what `avow plan` would still find to do.
    async fn look_back(
        &self,
        project: &Project,
        remote: &Remote,
        text: &ProjectText,
        files: Vec<Rc<SchemaFile>>,
        pulled: &[Pulled],
    ) -> Result<(), Error> {
        if pulled.is_empty() {
            return Ok(());
        }
        let parsed = text.project(project)?;
        let tree = Tree::of(&parsed, files)?;
        let terminal = &self.target.terminal;
        let planner = Planner { project: &parsed, remote, terminal, prune: Prune::Report, evaluated: false };
        let document = planner.make("pull", &tree).await?;
        for entry in document.entries_to_show() {
            if let Some(it) = pulled.iter().find(|it| it.subject == entry.subject) {
                let reason = entry.refusals.first().cloned().unwrap_or_else(|| "as the project is written".to_owned());
                terminal.say(format_args!(
                    "`{}` cannot be written so that it stays as it is in `{}`: {reason}",
                    entry.subject,
                    slashed(&it.path)
                ));
            }
        }
        Ok(())
    }
}

/// The files of the project as they will be.
fn files(project: &Project, pulled: &[Pulled]) -> Result<Vec<Rc<SchemaFile>>, Error> {
    let mut files: BTreeMap<PathBuf, Rc<SchemaFile>> = BTreeMap::new();
    for path in project.files(&[])? {
        let file = Rc::new(SchemaFile::read(&path)?);
        files.insert(path, file);
    }
    files.extend(pulled.iter().map(|it| (it.path.clone(), Rc::clone(&it.file))));
    Ok(files.into_values().collect())
}
