//! Broken input: request bodies and cursors against the real server, signatures against the verification of webhooks.
//!
//! Inputs are made from good ones (the examples of the spec, real cursors, real signatures) by breaking them, since
//! noise never gets past the first check. It is generation and mutation by a seed, on stable Rust; coverage does not
//! guide it, which is what cargo-fuzz would add and needs nightly for.

mod bodies;
mod cursors;
mod http;
mod mutate;
mod signatures;

use std::path::Path;

/// Something to break.
pub trait Target {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// Makes one case and performs it.
    ///
    /// # Errors
    /// What went wrong, and with which input.
    fn case(&mut self, random: &mut fastrand::Rng) -> Result<(), String>;

    /// What has to hold after all cases.
    ///
    /// # Errors
    /// What does not.
    fn end(&mut self) -> Result<(), String> {
        Ok(())
    }
}

/// All targets; `server` is the reference server's program.
///
/// # Errors
/// When the server does not start.
pub fn targets(server: &Path) -> Result<Vec<Box<dyn Target>>, String> {
    Ok(vec![
        Box::new(bodies::Bodies::new(server)?),
        Box::new(cursors::Cursors::new(server)?),
        Box::new(signatures::Signatures::new()),
    ])
}
