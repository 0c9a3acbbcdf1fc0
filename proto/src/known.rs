//! Files that every schema may use without a reference.

use std::sync::LazyLock;

use crate::syntax::{self, File};

macro_rules! known_files {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("known/", $path)))),*]
    };
}

/// Names, numbers and types of the files that the reference knows; options play no part in resolution or comparison.
static TEXTS: [(&str, &str); 30] = known_files![
    "confluent/meta.proto",
    "confluent/type/decimal.proto",
    "confluent/type/variant.proto",
    "google/protobuf/any.proto",
    "google/protobuf/api.proto",
    "google/protobuf/descriptor.proto",
    "google/protobuf/duration.proto",
    "google/protobuf/empty.proto",
    "google/protobuf/field_mask.proto",
    "google/protobuf/source_context.proto",
    "google/protobuf/struct.proto",
    "google/protobuf/timestamp.proto",
    "google/protobuf/type.proto",
    "google/protobuf/wrappers.proto",
    "google/type/calendar_period.proto",
    "google/type/color.proto",
    "google/type/date.proto",
    "google/type/datetime.proto",
    "google/type/dayofweek.proto",
    "google/type/decimal.proto",
    "google/type/expr.proto",
    "google/type/fraction.proto",
    "google/type/interval.proto",
    "google/type/latlng.proto",
    "google/type/money.proto",
    "google/type/month.proto",
    "google/type/phone_number.proto",
    "google/type/postal_address.proto",
    "google/type/quaternion.proto",
    "google/type/timeofday.proto",
];

static FILES: LazyLock<Vec<(&str, File)>> = LazyLock::new(|| {
    TEXTS
        .iter()
        .map(|(path, text)| (*path, syntax::parse(text).expect("a file of this crate, parsed by a test")))
        .collect()
});

/// The known files and the paths by which they are imported.
pub(crate) fn files() -> impl Iterator<Item = (&'static str, &'static File)> {
    FILES.iter().map(|(path, file)| (*path, file))
}

/// The known file of a path.
pub(crate) fn file(path: &str) -> Option<&'static File> {
    files().find(|(known, _)| *known == path).map(|(_, file)| file)
}

#[cfg(test)]
mod tests {
    #[test]
    fn known_files_define_types() {
        assert!(super::files().all(|(_, file)| !file.types.is_empty()));
        assert!(super::file("google/protobuf/any.proto").is_some());
        assert!(super::file("google/protobuf/nope.proto").is_none());
    }
}
