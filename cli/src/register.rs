//! `avow register`: registers one schema under one subject.

use std::rc::Rc;

use avow_avro::{ParseError, Strictness};
use avow_client::rest::{Metadata, NewSchema, Reference as ClientReference, SchemaType, Version};
use serde_json::json;

use super::check;
use super::exit::{self, Exit};
use super::project::{Assignment, Broken, Documents, Project};
use super::remote::Remote;
use super::report::{FailOn, Report};
use super::source::SchemaFile;
use super::target::{OutputFormat, Target};
use super::{Error, block_on};
use avow_domain::Reference;

/// Registers a schema, unless the subject has it already.
///
/// The subject is the one that avow.toml gives the file, or --subject. Types that the schema uses and does not define
/// are taken from the --reference given, from avow.toml, or from the latest version of a subject called like the type.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Register {
    /// The file, or the subject and the file; `-` is standard input.
    #[arg(num_args = 1..=2, required = true, value_names = ["SUBJECT", "FILE"])]
    operands: Vec<String>,

    /// The subject, whatever avow.toml says.
    #[arg(long, short)]
    subject: Option<String>,

    /// A type that is defined by a version of another subject; may be repeated.
    #[arg(long = "reference", value_name = "TYPE=SUBJECT@VERSION", value_parser = reference)]
    references: Vec<Reference>,

    /// A property of the metadata; may be repeated.
    #[arg(long = "metadata", value_name = "NAME=VALUE", value_parser = pair)]
    metadata: Vec<(String, String)>,

    /// The language: AVRO, or whatever else the registry knows.
    #[arg(long = "type", default_value = "AVRO", value_name = "LANGUAGE")]
    language: String,

    /// Brings the schema into normal form first.
    #[arg(long)]
    normalize: bool,

    /// The id it must get; the mode has to be IMPORT.
    #[arg(long, requires = "as_version", value_name = "ID")]
    as_id: Option<u32>,

    /// The version it must become.
    #[arg(long, value_name = "NUMBER")]
    as_version: Option<i32>,

    /// Asks whether the registry would take it, and registers nothing.
    #[arg(long, conflicts_with_all = ["as_id", "as_version"])]
    dry_run: bool,

    #[command(flatten)]
    output: OutputFormat,
    #[command(flatten)]
    target: Target,
}

impl Register {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let project = self.target.project()?;
        let remote = self.target.open_for(&project)?;
        let (subject, path) = self.operands()?;
        let file = Rc::new(SchemaFile::read(path.as_ref())?);
        let mut assignment = match subject {
            Some(subject) => project.assignment_to(&file.path, subject.to_owned()),
            None if path == "-" => {
                return Err(Error::Usage("name the subject of standard input: avow register SUBJECT -".to_owned()));
            }
            None => project.assignment(&file.path, &file.text)?,
        };
        let references = &mut assignment.references;
        references.retain(|known| self.references.iter().all(|given| given.name != known.name));
        references.extend(self.references.iter().cloned());
        block_on(self.register(&project, &remote, file, assignment))
    }

    /// The subject, where one is given, and the file.
    fn operands(&self) -> Result<(Option<&str>, &str), Error> {
        match (&self.operands[..], &self.subject) {
            ([file], subject) => Ok((subject.as_deref(), file)),
            ([subject, file], None) => Ok((Some(subject), file)),
            _ => Err(Error::Usage("the subject is given twice; leave --subject out".to_owned())),
        }
    }

    async fn register(
        &self,
        project: &Project,
        remote: &Remote,
        file: Rc<SchemaFile>,
        mut assignment: Assignment,
    ) -> Result<Exit, Error> {
        let subject = assignment.subject.clone();
        let language = SchemaType::from(self.language.as_str());
        if language == SchemaType::Avro {
            assignment.references = complete(remote, &file, assignment.references).await?;
        }
        let mut schema = NewSchema::of_type(language, file.text.clone());
        for Reference { name, subject, version } in assignment.references.clone() {
            schema = schema.reference(ClientReference { name, subject, version });
        }
        if !self.metadata.is_empty() {
            let add = |all: Metadata, (name, value): &(String, String)| all.property(name, value);
            schema = schema.metadata(self.metadata.iter().fold(Metadata::default(), add));
        }
        if let Some(there) = self.find(remote, &subject, &schema).await? {
            return self.print_result(&there, false);
        }
        if self.dry_run {
            let Some(messages) = self.refusal(remote, &subject, &schema).await? else {
                let json = json!({"subject": subject, "compatible": true, "messages": []});
                self.output.print(&self.target.terminal, &format!("{subject}: would become a new version\n"), &json)?;
                return Ok(Exit::Clean);
            };
            self.target.terminal.say(format_args!("{subject}: would be refused"));
            return self.explain(project, remote, file, assignment, &messages).await;
        }
        let mut exact = schema.clone();
        if let Some(version) = self.as_version {
            exact = exact.version(version);
        }
        if let Some(id) = self.as_id {
            exact = exact.id(id);
        }
        let call = remote.client.register(&subject, &exact);
        match if self.normalize { call.normalize() } else { call }.await {
            Ok(_) => {}
            Err(error) if error.is_conflict() => {
                self.target.terminal.say(format_args!("{subject}: refused"));
                return self.explain(project, remote, file, assignment, &[error.to_string()]).await;
            }
            Err(error) => return Err(remote.failed()(error)),
        }
        let there = self.find(remote, &subject, &schema).await?;
        let there =
            there.ok_or_else(|| Error::Conflict(format!("`{subject}` lost the schema as soon as it had it")))?;
        self.print_result(&there, true)
    }

    /// Shows why a schema is refused, as `avow check` does; where that finds nothing, what the registry said.
    async fn explain(
        &self,
        project: &Project,
        remote: &Remote,
        file: Rc<SchemaFile>,
        assignment: Assignment,
        messages: &[String],
    ) -> Result<Exit, Error> {
        let terminal = &self.target.terminal;
        let outcomes = if SchemaType::from(self.language.as_str()) == SchemaType::Avro {
            check::against_registry(project, remote, file, assignment, terminal).await?
        } else {
            Vec::new()
        };
        let report = Report { command: "check", outcomes };
        let is_explained = report.exit(FailOn::default()) != Exit::Clean;
        let (text, mut json) = (report.human(terminal.quiet), report.json());
        json["messages"] = json!(messages);
        self.output.print(terminal, if is_explained { &text } else { "" }, &json)?;
        if !is_explained {
            for message in messages {
                terminal.say(message);
            }
        }
        Ok(Exit::Findings)
    }

    /// The version that has the schema already.
    async fn find(&self, remote: &Remote, subject: &str, schema: &NewSchema) -> Result<Option<Version>, Error> {
        let call = remote.client.look_up(subject, schema);
        match if self.normalize { call.normalize() } else { call }.await {
            // Registries look into other contexts, too.
            Ok(found) => Ok(Some(found).filter(|it| same_subject(&it.subject, subject, remote))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(remote.failed()(error)),
        }
    }

    /// What the registry has against a schema; none if it would take it.
    async fn refusal(&self, remote: &Remote, subject: &str, schema: &NewSchema) -> Result<Option<Vec<String>>, Error> {
        let call = remote.client.check(subject, schema).verbose();
        let mut verdict = if self.normalize { call.normalize() } else { call }.await;
        if verdict.as_ref().is_err_and(avow_client::Error::is_unsupported) {
            verdict = remote.client.check_latest(subject, schema).verbose().await;
        }
        match verdict {
            // Older registries know no history of a subject that is not there.
            Err(error) if error.is_not_found() => Ok(None),
            verdict => {
                let verdict = verdict.map_err(remote.failed())?;
                Ok((!verdict.is_compatible).then_some(verdict.messages))
            }
        }
    }

    fn print_result(&self, there: &Version, new: bool) -> Result<Exit, Error> {
        let Version { subject, version, id, .. } = there;
        let state = if new { "registered" } else { "there already" };
        let json = json!({"subject": subject, "version": version, "id": id, "new": new});
        self.output.print(&self.target.terminal, &format!("{subject}@{version} (id {id}) {state}\n"), &json)?;
        Ok(Exit::Clean)
    }
}

fn same_subject(found: &str, asked: &str, remote: &Remote) -> bool {
    found == asked || remote.client.context().is_some_and(|context| found == format!(":{context}:{asked}"))
}

/// Adds what is not written down: types that subjects are called like.
async fn complete(remote: &Remote, file: &SchemaFile, mut references: Vec<Reference>) -> Result<Vec<Reference>, Error> {
    loop {
        let mut documents = Documents::default();
        remote.gather(&references, &mut documents).await?;
        let name = match documents.resolve(&file.text, Strictness::Lenient) {
            Ok(_) => return Ok(references),
            Err(Broken::Invalid(ParseError::Undefined(name))) => name,
            Err(broken) => return Err(Error::Input(format!("`{}`: {}", file.name(), broken.sentence()))),
        };
        let found = match references.iter().any(|known| known.name == name) {
            true => None,
            false => remote.referenced(&name, -1).await?,
        };
        let Some(found) = found else {
            let file = file.name();
            let message =
                format!("`{file}` uses {name}, which it does not define; say --reference {name}=SUBJECT@VERSION");
            return Err(Error::Input(message));
        };
        references.push(Reference { subject: name.clone(), name, version: found.version });
    }
}

fn reference(text: &str) -> Result<Reference, String> {
    let parsed = text.split_once('=').and_then(|(name, rest)| {
        let (subject, version) = rest.rsplit_once('@')?;
        let version = if version == "latest" { -1 } else { version.parse().ok()? };
        Some(Reference { name: name.to_owned(), subject: subject.to_owned(), version })
    });
    parsed.ok_or_else(|| "write it as com.acme.Address=addresses-value@2".to_owned())
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    pair.ok_or_else(|| "write it as owner=orders-team".to_owned())
}
