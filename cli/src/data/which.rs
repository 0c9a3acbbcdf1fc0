//! The schema that data is of: in a registry, in a file, or in a snapshot that a client kept.

use std::path::{Path, PathBuf};

use avow_avro::{Schema, Strictness};
use avow_client::wire::{Guid, SchemaKey};
use avow_client::{LoadedSchema, Registry, Snapshot};

use crate::Error;
use crate::connection::failed;
use crate::schema_ref::SchemaRef;
use crate::source::SchemaFile;
use crate::target::Target;

#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Which {
    /// The schema: a file, `subject` (its latest version), `subject@3`, `id:7` or `guid:…`.
    #[arg(long, short, value_name = "SCHEMA")]
    schema: Option<String>,

    /// Takes schemas by their ids from a file that a client keeps, instead of from a registry.
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,

    #[command(flatten)]
    pub(super) target: Target,
}

/// A schema, and what it is known by.
pub(super) struct Meant {
    pub(super) schema: Schema,
    pub(super) id: Option<u32>,
    pub(super) guid: Option<Guid>,
}

impl Which {
    /// The schema that was named, or else the one that the data names.
    pub(super) async fn find(&self, named_by_data: Option<SchemaKey>) -> Result<Meant, Error> {
        match (&self.schema, named_by_data) {
            (Some(named), _) => self.named(named).await,
            (None, Some(key)) => self.by_key(key).await,
            (None, None) => Err(Error::Usage("name the schema with --schema".to_owned())),
        }
    }

    /// The schema that a command names itself, or else with --schema.
    pub(super) async fn find_named(&self, operand: Option<&str>) -> Result<Meant, Error> {
        match operand {
            Some(named) => self.named(named).await,
            None => self.find(None).await,
        }
    }

    async fn named(&self, named: &str) -> Result<Meant, Error> {
        let path = Path::new(named);
        if path.is_file() || path.extension().is_some_and(|it| it == "avsc") {
            return self.in_file(path).await;
        }
        let stored = named.parse().map_err(Error::Usage)?;
        match stored {
            SchemaRef::Id(id) => self.by_key(SchemaKey::Id(id)).await,
            SchemaRef::Guid(guid) => self.by_key(SchemaKey::Guid(guid)).await,
            SchemaRef::Version { .. } => {
                let found = stored.find(&self.target.open()?, true, false).await?;
                let id =
                    found.id.ok_or_else(|| Error::Input(format!("the registry does not say the id of `{named}`")))?;
                self.by_key(SchemaKey::Id(id)).await
            }
        }
    }

    async fn in_file(&self, path: &Path) -> Result<Meant, Error> {
        let project = self.target.project()?;
        let file = SchemaFile::read(path)?;
        let assignment = project.assignment(&file.path, &file.text)?;
        let resolver = self.target.resolver(&project, &[]);
        let resolved = resolver.resolve(&file, Strictness::Lenient, &assignment).await?.resolved;
        let resolved = resolved.map_err(|broken| Error::Input(format!("`{}`: {}", file.name(), broken.sentence())))?;
        Ok(Meant { schema: resolved.schema, id: None, guid: None })
    }

    async fn by_key(&self, key: SchemaKey) -> Result<Meant, Error> {
        let loaded = if let Some(path) = &self.snapshot {
            let unreadable = |error| Error::Input(format!("`{}`: {error}", path.display()));
            let snapshot = Snapshot::read(path).map_err(unreadable)?;
            let none = || Error::Input(format!("the schema with {key} is not in `{}`", path.display()));
            Registry::offline(snapshot).schema_now(key).ok_or_else(none)?
        } else {
            let remote = self.target.open()?;
            let registry = Registry::new(remote.client.clone());
            registry.schema(key).await.map_err(failed(&remote.url()))?
        };
        meant(&loaded).map_err(|reason| Error::Input(format!("the schema with {key} cannot be used here: {reason}")))
    }
}

fn meant(loaded: &LoadedSchema) -> Result<Meant, String> {
    Ok(Meant { schema: loaded.avro()?.clone(), id: loaded.id(), guid: loaded.guid() })
}
