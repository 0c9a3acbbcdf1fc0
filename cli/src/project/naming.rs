//! From the name of a file to the name of a subject.

use std::path::Path;

use crate::source::SchemaFile;

/// A subject's name with placeholders in it.
#[derive(Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    /// The file's name without `.avsc`.
    Stem,
    /// The name of the folder it is in.
    Dir,
    /// The path without `.avsc`, from the project file on.
    Path,
    /// The short name of the schema's top-level type.
    Record,
    Namespace,
    FullName,
}

impl Template {
    pub(super) fn stem() -> Self {
        Self { parts: vec![Part::Stem] }
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            if let Some(behind) = after.strip_prefix('{') {
                parts.push(Part::Text(format!("{before}{{")));
                rest = behind;
                continue;
            }
            let (name, behind) = after.split_once('}').ok_or("a placeholder without its `}`")?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(match name {
                "stem" => Part::Stem,
                "dir" => Part::Dir,
                "path" => Part::Path,
                "record" => Part::Record,
                "namespace" => Part::Namespace,
                "full_name" => Part::FullName,
                _ => {
                    return Err(format!(
                        "unknown placeholder `{{{name}}}`; there are {{stem}}, {{dir}}, {{path}}, {{record}}, {{namespace}} and {{full_name}}"
                    ));
                }
            });
            rest = behind;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self { parts })
    }

    pub(super) fn render(&self, path: &Path, schema: &str) -> Result<String, String> {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let full_name = |text: &str| {
            let file = SchemaFile::new(path, text.to_owned());
            file.full_name().ok_or("the schema has no name")
        };
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out += text,
                Part::Stem => out += &stem,
                Part::Dir => {
                    let folder = path.parent().and_then(Path::file_name).ok_or("the file is in no folder")?;
                    out += &folder.to_string_lossy();
                }
                Part::Path => out += &path.with_extension("").to_string_lossy(),
                Part::Record => out += full_name(schema)?.rsplit('.').next().unwrap_or_default(),
                Part::Namespace => {
                    let full = full_name(schema)?;
                    out += full.rsplit_once('.').ok_or("the schema has no namespace")?.0;
                }
                Part::FullName => out += &full_name(schema)?,
            }
        }
        Ok(out)
    }
}
