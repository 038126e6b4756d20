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
