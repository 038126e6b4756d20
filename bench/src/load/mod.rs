//! Load on a running server: what it is made of, for `approute-bench-server`.
//!
//! The server, nginx and wrk are processes of their own. CPU is what the kernel charged to a process, so that wrk's share
//! of the machine counts for nobody.

pub mod measure;
pub mod nginx;
pub mod process;
pub mod server;
pub mod wrk;

/// Why a bench cannot go on, in one line that says what to do.
pub type Result<T> = std::result::Result<T, String>;
