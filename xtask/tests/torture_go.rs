//! The Go that the torture spec gives: formatted as gofmt would, and it compiles with the module's own parts.
//!
//! Where Go is not installed there is nothing to ask; CI has it.

use std::fs;
use std::path::Path;
use std::process::Command;

mod stage;

use stage::{generated, repository, run};

/// What the module expects of the real spec, in fewer words.
const STANDS_IN: &str = r#"package approute

type ErrorCode string

type FieldErrorCode string

const (
	ErrorCodeIdempotencyInFlight   ErrorCode = "a"
	ErrorCodeIdempotencyResultGone ErrorCode = "b"
	ErrorCodeConfirmationRequired  ErrorCode = "c"
)

type FieldError struct {
	Pointer string
	Code    FieldErrorCode
	Message string
}
"#;

/// Copies the files of a folder that are written by hand and no tests.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let generated = name.ends_with("_gen.go") || name.ends_with("_test.go");
        if path.is_file() && !generated && (name.ends_with(".go") || name == "go.mod") {
            fs::copy(&path, to.join(&name)).unwrap();
        }
    }
}

#[test]
fn compiles_and_is_formatted() {
    if Command::new("go").arg("version").output().is_err() {
        eprintln!("skip: Go is not installed");
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("torture-go");
    let _ = fs::remove_dir_all(&folder);
    let sdk = repository().join("sdk-go");
    copy(&sdk, &folder);
    copy(&sdk.join("internal/wire"), &folder.join("internal/wire"));
    fs::write(folder.join("stands_in.go"), STANDS_IN).unwrap();

    for output in generated("go") {
        let name = output.path.rsplit('/').next().unwrap();
        fs::write(folder.join(name), output.text).unwrap();
    }

    assert_eq!(run("gofmt", &["-l", "."], &folder), "");
    assert_eq!(run("go", &["vet", "."], &folder), "");
}
