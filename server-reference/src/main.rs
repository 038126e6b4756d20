//! `approute-server`, the AppRoute reference server.

use std::process::ExitCode;

/// Requests and flushes take much memory for a moment, on several threads: this allocator gives it back (how soon is set in
/// `.cargo/config.toml`), where glibc's keeps twice as much as is needed.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    approute_server::cli::main()
}
