//! Metrics of this process; those that the system does not offer are left out.

use super::Page;
use std::fs;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::Handle;

static STARTED: LazyLock<f64> =
    LazyLock::new(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64());

/// Records the start time of the process.
pub fn started() {
    LazyLock::force(&STARTED);
}

/// Writes the version of the program, and the time, memory and files of the process.
pub fn write(page: &mut Page) {
    let info = [("version", env!("CARGO_PKG_VERSION"))];
    page.gauge("schema_registry_build_info", "The program's version; the value is always 1.").sample(&info, 1);
    page.gauge("process_start_time_seconds", "Start time of the process, in seconds since the epoch.")
        .sample(&[], *STARTED);
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(kib) = read_field(&status, "VmRSS:") {
        page.gauge("process_resident_memory_bytes", "Resident memory.").sample(&[], kib * 1024);
    }
    if let Some(kib) = read_field(&status, "VmSize:") {
        page.gauge("process_virtual_memory_bytes", "Virtual memory.").sample(&[], kib * 1024);
    }
    if let Some(threads) = read_field(&status, "Threads:") {
        page.gauge("process_threads", "Operating system threads.").sample(&[], threads);
    }
    if let Some(ticks) = cpu_ticks() {
        let seconds = format_args!("{}.{:02}", ticks / 100, ticks % 100);
        page.counter("process_cpu_seconds_total", "User and system CPU time.").sample(&[], seconds);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        page.gauge("process_open_fds", "Open file descriptors.").sample(&[], files.count());
    }
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    if let Some(files) = read_field(&limits, "Max open files") {
        page.gauge("process_max_fds", "The limit of open file descriptors.").sample(&[], files);
    }
    runtime(page);
}

/// Metrics of the async runtime.
fn runtime(page: &mut Page) {
    let Ok(runtime) = Handle::try_current() else { return };
    let runtime = runtime.metrics();
    page.gauge("tokio_workers", "Worker threads of the runtime.").sample(&[], runtime.num_workers());
    page.gauge("tokio_alive_tasks", "Live tasks of the runtime.").sample(&[], runtime.num_alive_tasks());
    let help = "Tasks that wait for any worker; a number that stays high says that the processors are too few.";
    page.gauge("tokio_global_queue_depth", help).sample(&[], runtime.global_queue_depth());
    let busy: Duration = (0..runtime.num_workers()).map(|worker| runtime.worker_total_busy_duration(worker)).sum();
    page.counter("tokio_worker_busy_seconds_total", "Time that workers of the runtime were busy.")
        .sample(&[], busy.as_secs_f64());
}

/// The first number on the line with a prefix.
fn read_field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// Processor time, in Linux's hundredths of a second.
fn cpu_ticks() -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may contain anything, but it ends with the last parenthesis.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}
