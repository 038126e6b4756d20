//! `approute-server`, the AppRoute reference server.

use std::process::ExitCode;

fn main() -> ExitCode {
    approute_server::cli::main()
}
