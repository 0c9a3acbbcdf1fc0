//! The frame before data, by which readers find the schema.

use avow_avro::{Schema, Type};
use avow_client::wire::SchemaKey;

use super::which::Meant;
use crate::Error;

#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Frame {
    /// Avro alone, without a frame that names the schema.
    #[arg(long)]
    bare: bool,

    /// A frame with this id, whatever the registry says.
    #[arg(long, conflicts_with_all = ["bare", "guid"], value_name = "ID")]
    id: Option<u32>,

    /// A frame with the GUID of the schema instead of its id.
    #[arg(long, conflicts_with = "bare")]
    guid: bool,
}

impl Frame {
    /// What comes before the data; nothing if it is bare.
    pub(super) fn key(&self, meant: &Meant) -> Result<Option<SchemaKey>, Error> {
        if self.bare {
            return Ok(None);
        }
        let key = match (self.guid, self.id) {
            (true, _) => meant.guid.map(SchemaKey::Guid),
            (false, id) => id.or(meant.id).map(SchemaKey::Id),
        };
        let unknown = || Error::Usage("the frame needs an id; give --id, or --bare for no frame".to_owned());
        key.ok_or_else(unknown).map(Some)
    }
}

/// Puts data into a frame.
pub(super) fn framed(key: Option<SchemaKey>, schema: &Schema, data: &[u8]) -> Vec<u8> {
    let Some(key) = key else { return data.to_owned() };
    let mut framed = key.to_bytes().as_slice().to_vec();
    // Java's serializers write bytes that are the whole record without their length.
    framed.extend(if is_bytes_alone(schema) { after_length(data) } else { data });
    framed
}

pub(super) fn is_bytes_alone(schema: &Schema) -> bool {
    schema.type_of(schema.root_type()) == Type::Bytes
}

fn after_length(data: &[u8]) -> &[u8] {
    let length = data.iter().position(|byte| byte & 0x80 == 0).map_or(data.len(), |last| last + 1);
    &data[length..]
}
