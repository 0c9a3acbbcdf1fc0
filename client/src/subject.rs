//! Subject name strategies.

use crate::wire::Part;
use crate::{Error, PrepareError, Registry};

/// The subject of a schema: a name or a naming strategy.
///
/// ```
/// use avow_client::Subject;
///
/// Subject::topic("orders"); // orders-value
/// Subject::topic("orders").key(); // orders-key
/// Subject::record(); // the full name of the record
/// Subject::topic_record("orders"); // orders-, and the full name of the record
/// Subject::associated("orders"); // the subject associated with the topic, or orders-value
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    naming: Naming,
    part: Part,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Naming {
    Exactly(String),
    Topic(String),
    Record,
    TopicRecord(String),
    Associated { cluster: Option<String>, topic: String, otherwise: Box<Naming> },
}

impl Subject {
    fn of(naming: Naming) -> Self {
        Self { naming, part: Part::Value }
    }

    /// `<topic>-value` or `<topic>-key`.
    pub fn topic(topic: impl Into<String>) -> Self {
        Self::of(Naming::Topic(topic.into()))
    }

    /// The full name of the record.
    pub fn record() -> Self {
        Self::of(Naming::Record)
    }

    /// `<topic>-<full name of the record>`.
    pub fn topic_record(topic: impl Into<String>) -> Self {
        Self::of(Naming::TopicRecord(topic.into()))
    }

    /// The subject that the registry associates with the topic; without an association that of [`topic`](Self::topic).
    pub fn associated(topic: impl Into<String>) -> Self {
        let topic = topic.into();
        let otherwise = Box::new(Naming::Topic(topic.clone()));
        Self::of(Naming::Associated { cluster: None, topic, otherwise })
    }

    /// A fixed name.
    pub fn exactly(subject: impl Into<String>) -> Self {
        Self::of(Naming::Exactly(subject.into()))
    }

    /// The subject of the keys.
    pub fn key(mut self) -> Self {
        self.part = Part::Key;
        self
    }

    /// Restricts associations to the topic of one cluster.
    pub fn in_cluster(mut self, id: impl Into<String>) -> Self {
        if let Naming::Associated { cluster, .. } = &mut self.naming {
            *cluster = Some(id.into());
        }
        self
    }

    /// The subject to use without an association.
    pub fn or(mut self, other: Self) -> Self {
        if let Naming::Associated { otherwise, .. } = &mut self.naming {
            **otherwise = other.naming;
        }
        self
    }

    pub(crate) fn part(&self) -> Part {
        self.part
    }

    /// The name of the subject, for a record with this full name.
    pub(crate) async fn resolve(&self, registry: &Registry, record: Option<&str>) -> Result<String, PrepareError> {
        let mut naming = &self.naming;
        while let Naming::Associated { cluster, topic, otherwise } = naming {
            match self.associations(registry, cluster.as_deref(), topic).await?.as_slice() {
                [] => naming = otherwise,
                [subject] => return Ok(subject.clone()),
                many => return Err(PrepareError::ambiguous(topic, many)),
            }
        }
        let record = || record.ok_or_else(PrepareError::nameless);
        Ok(match naming {
            Naming::Exactly(subject) => subject.clone(),
            Naming::Topic(topic) => format!("{topic}-{}", self.part.as_str()),
            Naming::Record => record()?.to_owned(),
            Naming::TopicRecord(topic) => format!("{topic}-{}", record()?),
            Naming::Associated { topic, .. } => return Err(PrepareError::ambiguous(topic, &[])),
        })
    }

    async fn associations(
        &self,
        registry: &Registry,
        cluster: Option<&str>,
        topic: &str,
    ) -> Result<Vec<String>, Error> {
        match registry.rest()?.associations(cluster, topic, self.part.as_str()).await {
            Ok(associations) => Ok(associations.into_iter().map(|association| association.subject).collect()),
            Err(error) if error.status() == Some(404) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}
