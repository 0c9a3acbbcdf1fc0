//! Recorded vectors: those of the crate, and public ones where they are at hand.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde::de::DeserializeOwned;

/// Names the folder of the public vectors, if it is not beside the repository.
const FOLDER: &str = "AVOW_SHARED_VECTORS";

/// All vectors of a file: the crate's own, then those that are public.
pub(crate) fn vectors<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = root.join("tests/vectors").join(name);
    let mut lines = lines(&own);
    assert!(!lines.is_empty(), "{} has vectors", own.display());
    let shared = std::env::var_os(FOLDER).map_or_else(|| root.join("../../shared/vectors"), PathBuf::from).join(name);
    if shared.exists() {
        lines.extend(
            self::lines(&shared)
                .into_iter()
                .filter(|line| line.contains("\"public\": true") || line.contains("\"public\":true")),
        );
    }
    lines.iter().map(|line| serde_json::from_str(line).expect("a vector")).collect()
}

fn lines(path: &Path) -> Vec<String> {
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    BufReader::new(GzDecoder::new(file)).lines().map(|line| line.expect("UTF-8")).collect()
}
