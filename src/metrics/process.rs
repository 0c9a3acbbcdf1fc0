//! What the system knows of this process. Left out where it does not tell.

use super::Page;
use std::fs;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

static STARTED: LazyLock<f64> =
    LazyLock::new(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64());

/// Notes the moment as the one this process started at.
pub fn started() {
    LazyLock::force(&STARTED);
}

/// Writes the version of the program, and time, memory and files of the process.
pub fn write(page: &mut Page) {
    let info = [("version", env!("CARGO_PKG_VERSION"))];
    page.gauge("schema_registry_build_info", "The program, always 1.").sample(&info, 1);
    page.gauge("process_start_time_seconds", "When the process started, since the epoch.").sample(&[], *STARTED);
    if let Some(bytes) = resident_bytes() {
        page.gauge("process_resident_memory_bytes", "Memory that is in use.").sample(&[], bytes);
    }
    if let Some(ticks) = cpu_ticks() {
        let seconds = format_args!("{}.{:02}", ticks / 100, ticks % 100);
        page.counter("process_cpu_seconds_total", "Processor time that was used.").sample(&[], seconds);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        page.gauge("process_open_fds", "File descriptors that are open.").sample(&[], files.count());
    }
}

fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Processor time in the hundredths of a second that Linux tells it in.
fn cpu_ticks() -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may hold anything, but it ends with the last parenthesis.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}
