//! The command line of the registry.

fn main() -> std::process::ExitCode {
    avow_registry::cli::run()
}
