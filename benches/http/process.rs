//! Servers under test: started on their core, watched from outside, stopped when dropped.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{SERVER_CORE, load};

pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    /// From the start of the process to its first answer.
    pub(crate) started_in: Duration,
}

impl Server {
    pub(crate) fn avow(database: &Path) -> Self {
        Self::avow_on(&format!("sqlite://{}", database.display()), SERVER_CORE, &[])
    }

    /// A registry on any database, on given cores.
    pub(crate) fn avow_on(database: &str, cores: &str, flags: &[&str]) -> Self {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--log", "error", "--database-url", database];
        Self::start(Path::new(env!("CARGO_BIN_EXE_avow")), cores, &[&arguments, flags].concat())
    }

    /// The bare handler, which returns the answer kept in `file`.
    pub(crate) fn floor(file: &Path) -> Self {
        let this = std::env::current_exe().expect("a path");
        Self::start(&this, SERVER_CORE, &["floor", "answer", &file.display().to_string()])
    }

    fn start(program: &Path, cores: &str, arguments: &[&str]) -> Self {
        let begun = Instant::now();
        let mut child = Command::new("taskset")
            .args(["-c", cores])
            .arg(program)
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .expect("taskset starts a server");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let address = lines
            .by_ref()
            .map(|line| line.expect("a line"))
            .find_map(|line| line.split_once("http://").map(|(_, address)| address.to_owned()))
            .expect("the server says where it listens");
        let answer = load::once("GET", &address, "/", "");
        assert_eq!(answer.status, 200);
        let started_in = begun.elapsed();
        // Reads on, so that the server never waits for room in the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, started_in }
    }

    /// The resident memory of the process, in mebibytes.
    pub(crate) fn resident(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line about memory");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
    }

    /// The CPU time of the process so far.
    pub(crate) fn busy(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("Linux");
        let after_name = stat.rsplit_once(')').expect("a name in brackets").1;
        let ticks: u64 = after_name.split(' ').skip(12).take(2).map(|it| it.parse::<u64>().expect("a number")).sum();
        // USER_HZ is 100 on every Linux in use.
        Duration::from_millis(ticks * 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
