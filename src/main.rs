//! The binary: the server's commands and those of `avow-cli` behind one command line.

fn main() -> std::process::ExitCode {
    avow_registry::commands::run()
}
