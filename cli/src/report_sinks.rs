//! `-o FORMAT[=FILE]`: output formats and the files they go to.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use clap::ValueEnum;

use super::Error;
use super::printable::{Printable, printable};
use super::terminal::Terminal;

/// The formats that a command knows.
pub(super) trait Format: ValueEnum + Copy + PartialEq {
    /// The format for people: the default for standard output.
    const HUMAN: Self;
}

/// One `--output`.
#[derive(Debug, Clone)]
pub(super) struct Sink<F> {
    format: F,
    file: Option<PathBuf>,
}

impl<F> Sink<F> {
    pub(super) fn stdout(format: F) -> Self {
        Self { format, file: None }
    }
}

pub(super) fn parse<F: Format>(text: &str) -> Result<Sink<F>, String> {
    let (format, file) = match text.split_once('=') {
        Some((format, file)) => (format, Some(PathBuf::from(file))),
        None => (text, None),
    };
    let format = F::from_str(format, false).map_err(|_| {
        let known: Vec<_> =
            F::value_variants().iter().filter_map(|it| Some(it.to_possible_value()?.get_name().to_owned())).collect();
        format!("formats are {}", known.join(", "))
    })?;
    Ok(Sink { format, file })
}

/// Refuses two formats for one standard output, before any work is done.
pub(super) fn check<F>(report_sinks: &[Sink<F>]) -> Result<(), Error> {
    if report_sinks.iter().filter(|output| output.file.is_none()).count() > 1 {
        return Err(Error::Usage(
            "only one --output can go to standard output; write the others to files, as in `-o junit=report.xml`"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Writes every requested format to its file or to standard output.
pub(super) fn write_all<F: Format>(
    report_sinks: &[Sink<F>],
    terminal: &Terminal,
    render: impl Fn(F) -> Result<String, Error>,
) -> Result<(), Error> {
    if report_sinks.iter().all(|output| output.file.is_some()) {
        write!(terminal.stdout(), "{}", render(F::HUMAN)?)?;
    }
    for Sink { format, file } in report_sinks {
        let text = render(*format)?;
        match file {
            Some(path) => {
                let text = match *format == F::HUMAN {
                    true => anstream::adapter::strip_str(&text).to_string(),
                    false => text,
                };
                let text = printable(&text).into_owned();
                if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                    fs::create_dir_all(folder).map_err(Error::writing(folder))?;
                }
                fs::write(path, text).map_err(Error::writing(path))?;
            }
            None if *format == F::HUMAN => write!(terminal.stdout(), "{text}")?,
            None => Printable(std::io::stdout().lock()).write_all(text.as_bytes())?,
        }
    }
    Ok(())
}

/// GitHub shows what is appended to the file it names.
pub(super) fn summarise(markdown: &str) -> Result<(), Error> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").map(PathBuf::from) else { return Ok(()) };
    let file = OpenOptions::new().append(true).create(true).open(&path);
    file.and_then(|mut file| file.write_all(printable(markdown).as_bytes())).map_err(Error::writing(path))
}

/// A workflow command of GitHub that becomes an annotation.
pub(super) fn annotation(kind: &str, properties: &[(&str, &str)], text: &str) -> String {
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    format!("::{kind} {}::{}\n", properties.join(","), data(text))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
