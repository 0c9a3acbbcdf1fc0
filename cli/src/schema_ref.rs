//! How a person names something that a registry holds, and finding it.

use std::str::FromStr;

use avow_client::rest::Schema;
use avow_client::wire::Guid;
use serde_json::{Value, json};

use super::Error;
use super::remote::Remote;

/// `subject`, `subject@3`, `subject@latest`, `id:7` or `7`, `guid:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SchemaRef {
    /// A version of a subject; without a number its latest.
    Version {
        subject: String,
        version: Option<i32>,
    },
    Id(u32),
    Guid(Guid),
}

impl FromStr for SchemaRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(id) = text.strip_prefix("id:") {
            return id.parse().map(Self::Id).map_err(|_| format!("`{id}` is not an id; one is a number"));
        }
        if let Some(guid) = text.strip_prefix("guid:") {
            return guid.parse().map(Self::Guid).map_err(|error| format!("`{guid}` is {error}"));
        }
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        let (subject, version) = match text.rsplit_once('@') {
            Some((subject, "latest")) => (subject, None),
            // A subject may have an `@` of its own.
            Some((subject, number)) => match number.parse::<i32>() {
                Ok(version @ 1..) => (subject, Some(version)),
                Ok(_) => return Err(format!("`{number}` is not a version; they count from 1")),
                Err(_) => (text, None),
            },
            None => (text, None),
        };
        if subject.is_empty() {
            return Err("give a subject, subject@version, id:N or guid:G".to_owned());
        }
        Ok(Self::Version { subject: subject.to_owned(), version })
    }
}

/// A schema with all that the registry said about where it is.
pub(super) struct Found {
    pub(super) schema: Schema,
    pub(super) subject: Option<String>,
    pub(super) version: Option<i32>,
    pub(super) id: Option<u32>,
}

impl Found {
    /// `orders@3 (id 7)`
    pub(super) fn name(&self) -> String {
        let id = self.id.map(|id| format!("id {id}"));
        match (&self.subject, self.version, id) {
            (Some(subject), Some(version), Some(id)) => format!("{subject}@{version} ({id})"),
            (_, _, Some(id)) => id,
            _ => self.schema.guid.clone().unwrap_or_default(),
        }
    }

    /// As the registry writes it.
    pub(super) fn json(&self) -> Value {
        let mut all = json!({});
        let fields = [("subject", json!(self.subject)), ("version", json!(self.version)), ("id", json!(self.id))];
        for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_null()) {
            all[name] = value;
        }
        if let (Some(all), Value::Object(schema)) = (all.as_object_mut(), json!(self.schema)) {
            all.extend(schema);
        }
        all
    }
}

impl SchemaRef {
    pub(super) async fn find(&self, remote: &Remote, deleted: bool, resolved: bool) -> Result<Found, Error> {
        let client = &remote.client;
        match self {
            Self::Version { subject, version } => {
                let call = match version {
                    Some(version) => client.version(subject, *version),
                    None => client.latest(subject),
                };
                let call = if deleted { call.include_deleted() } else { call };
                let call = if resolved { call.resolved() } else { call };
                let found = match call.await {
                    Ok(found) => found,
                    Err(error) => return Err(remote.failed_for(subject, error).await),
                };
                let (version, id) = (Some(found.version), Some(found.id));
                Ok(Found { schema: found.schema, subject: Some(found.subject), version, id })
            }
            Self::Id(id) => {
                let call = client.schema_by_id(*id);
                let found = if resolved { call.resolved() } else { call }.await.map_err(remote.failed())?;
                Ok(Found { schema: found.schema, subject: found.subject, version: found.version, id: Some(*id) })
            }
            Self::Guid(guid) => {
                let schema = client.schema_by_guid(&guid.to_string()).await.map_err(remote.failed())?;
                Ok(Found { schema, subject: None, version: None, id: None })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SchemaRef;

    #[test]
    fn what_a_person_may_write() {
        let version = |subject: &str, version| Some(SchemaRef::Version { subject: subject.to_owned(), version });
        for (text, expected) in [
            ("orders-value", version("orders-value", None)),
            ("orders-value@3", version("orders-value", Some(3))),
            ("orders-value@latest", version("orders-value", None)),
            (":.dev:orders@2", version(":.dev:orders", Some(2))),
            ("a@b", version("a@b", None)),
            ("a@b@1", version("a@b", Some(1))),
            ("id:7", Some(SchemaRef::Id(7))),
            ("18", Some(SchemaRef::Id(18))),
            ("18@latest", version("18", None)),
            ("id:x", None),
            ("id:-1", None),
            ("orders@0", None),
            ("@1", None),
            ("", None),
            ("guid:x", None),
        ] {
            assert_eq!(text.parse().ok(), expected, "{text}");
        }
    }
}
