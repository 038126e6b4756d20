//! The real binary: command line, faults, and SIGKILL.

#![forbid(unsafe_code)]

mod cli;
mod clicks;
mod crash;
mod deliveries;
mod faults;
mod logs;
mod nodes;
mod process;
mod samples;
#[allow(dead_code, reason = "the tests of the API use all of it")]
#[path = "../api/spec.rs"]
mod spec;
