//! The AppRoute reference server.

fn main() {}
