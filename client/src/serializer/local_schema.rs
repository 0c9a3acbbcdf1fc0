//! Schemas that are part of the program.

use crate::rest::Reference;

/// A schema that is part of the program, with its references.
///
/// ```
/// use avow_client::LocalSchema;
///
/// let money = r#"{"type":"record","name":"Money","namespace":"shop","fields":[{"name":"cents","type":"long"}]}"#;
/// let order = r#"{"type":"record","name":"Order","fields":[{"name":"price","type":"shop.Money"}]}"#;
/// LocalSchema::new(order).with("shop.Money", "money", LocalSchema::new(money));
/// ```
#[derive(Debug, Clone)]
pub struct LocalSchema {
    pub(super) text: String,
    pub(super) references: Vec<LocalReference>,
}

#[derive(Debug, Clone)]
pub(super) enum LocalReference {
    Registered(Reference),
    Local { name: String, subject: String, schema: LocalSchema },
}

impl LocalSchema {
    /// A schema in the format of the serializer.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), references: Vec::new() }
    }

    /// The JSON Schema of a type, in draft 7 as other serializers write it.
    #[cfg(feature = "schemars")]
    pub fn of_type<T: schemars::JsonSchema>() -> Self {
        let generator = schemars::generate::SchemaSettings::draft07().into_generator();
        Self::new(generator.into_root_schema_for::<T>().to_value().to_string())
    }

    /// Adds a reference to a registered version.
    pub fn refers_to(mut self, reference: Reference) -> Self {
        self.references.push(LocalReference::Registered(reference));
        self
    }

    /// Adds a reference to another schema of the program, which is registered or looked up before this one.
    pub fn with(mut self, name: impl Into<String>, subject: impl Into<String>, schema: Self) -> Self {
        self.references.push(LocalReference::Local { name: name.into(), subject: subject.into(), schema });
        self
    }
}

impl<S: Into<String>> From<S> for LocalSchema {
    fn from(text: S) -> Self {
        Self::new(text)
    }
}
