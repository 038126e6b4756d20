//! Developer tasks: `cargo xtask generate`.

fn main() {}
