//! Schema files, read and written.

use std::fs;
use std::io::{self, Read};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use avow_schema::source::Text;

use super::Error;

/// A file that ought to hold a schema.
#[derive(Debug)]
pub(super) struct SchemaFile {
    /// As a person in the current folder would name it.
    pub(super) path: PathBuf,
    source: Text,
    /// A byte order mark came before the text.
    has_mark: bool,
    /// Why there is no text: the file could not be read.
    pub(super) fault: Option<String>,
}

impl Deref for SchemaFile {
    type Target = Text;

    fn deref(&self) -> &Text {
        &self.source
    }
}

/// Text in UTF-8, without a byte order mark; else what it is instead.
pub(super) fn text(bytes: Vec<u8>) -> Result<String, String> {
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(_) if is_utf16 => Err("it is UTF-16, not UTF-8; save it as UTF-8".to_owned()),
        Err(_) => Err("it is not text in UTF-8; save it as UTF-8".to_owned()),
    }
}

/// Longer files are no schemas; no registry takes one.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

impl SchemaFile {
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let bytes = if path == Path::new("-") { bounded(std::io::stdin().lock()) } else { regular(path) };
        let bytes = bytes.map_err(Error::reading(path))?;
        let has_mark = bytes.starts_with("\u{feff}".as_bytes());
        let text = text(bytes);
        let text = text.map_err(|reason| Error::Input(format!("cannot read `{}`: {reason}", path.display())))?;
        Ok(Self { has_mark, ..Self::new(path, text) })
    }

    /// Reads a file that is one of several: that it cannot be read must not hide what is found in the others.
    pub(super) fn read_or_fault(path: &Path) -> Result<Self, Error> {
        match Self::read(path) {
            // A name that was misspelt.
            Err(error @ Error::File { .. }) if !path.is_symlink() && !path.exists() => Err(error),
            Err(error) if path == Path::new("-") => Err(error),
            Err(error) => {
                let fault = std::error::Error::source(&error).map_or_else(String::new, |source| format!(": {source}"));
                Ok(Self { fault: Some(format!("{error}{fault}")), ..Self::new(path, String::new()) })
            }
            file => file,
        }
    }

    pub(super) fn new(path: impl Into<PathBuf>, text: String) -> Self {
        Self { path: path.into(), source: Text::new(text), has_mark: false, fault: None }
    }

    /// The same file with another text.
    pub(super) fn with_text(&self, text: String) -> Self {
        Self { has_mark: self.has_mark, ..Self::new(self.path.clone(), text) }
    }

    /// Writes another text to the file, with the byte order mark that it had.
    pub(super) fn write(&self, text: &str) -> Result<(), Error> {
        let mark = if self.has_mark { "\u{feff}" } else { "" };
        fs::write(&self.path, format!("{mark}{text}")).map_err(Error::writing(&self.path))
    }

    /// The path with forward slashes, for reports.
    pub(super) fn name(&self) -> String {
        slashed(&self.path)
    }
}

/// Reads a regular file: pipes and devices may never end.
fn regular(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file; pipe it into the command and give `-` instead"));
    }
    bounded(fs::File::open(path)?)
}

fn bounded(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(io::Error::other("it is longer than 64 MiB"));
    }
    Ok(bytes)
}

/// The path from the root on, whether or not anything is there.
///
/// The system is asked once where this process is: there may be many paths.
pub(super) fn absolute(path: &Path) -> std::io::Result<PathBuf> {
    static HERE: OnceLock<PathBuf> = OnceLock::new();
    if path.is_absolute() {
        return std::path::absolute(path);
    }
    let here = if let Some(here) = HERE.get() {
        here
    } else {
        let here = std::env::current_dir()?;
        HERE.get_or_init(|| here)
    };
    std::path::absolute(here.join(path))
}

/// A path with forward slashes, without a leading `./`.
pub(super) fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}
