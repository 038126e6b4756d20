//! Notes which compiler builds the crate: it is named in the `User-Agent` header.

use std::process::Command;

fn main() {
    let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(compiler)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .and_then(|text| text.split_whitespace().nth(1).map(str::to_owned))
        // What goes into a header is kept to what a version may look like.
        .filter(|version| {
            version
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c))
        })
        .unwrap_or_else(|| "unknown".to_owned());
    println!("cargo:rustc-env=APPROUTE_RUSTC_VERSION={version}");
    for (name, target) in [
        ("APPROUTE_OS", "CARGO_CFG_TARGET_OS"),
        ("APPROUTE_ARCH", "CARGO_CFG_TARGET_ARCH"),
    ] {
        let value = std::env::var(target).unwrap_or_else(|_| "unknown".to_owned());
        println!("cargo:rustc-env={name}={value}");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
