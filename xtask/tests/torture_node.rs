//! The TypeScript that the torture spec gives: it compiles strictly with the package's own parts.
//!
//! Where the package's tools are not installed there is nothing to ask; `make test` installs them.

use std::fs;

mod stage;

use stage::{generated, repository, run};

/// What the package expects of the real spec.
const STANDS_IN: &str =
    "\nexport interface FieldError { pointer: string; code: string; message: string }\n";

#[test]
fn compiles() {
    let package = repository().join("bindings-node");
    let tsc = package.join("node_modules/typescript/bin/tsc");
    if !tsc.is_file() {
        eprintln!("skip: bindings-node/node_modules is not installed; scripts/bootstrap does it");
        return;
    }
    // Inside the package, where the compiler finds the types of Node.js.
    let folder = package.join("node_modules/.torture");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("src/generated")).unwrap();
    for entry in fs::read_dir(package.join("src")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "ts") {
            fs::copy(&path, folder.join("src").join(path.file_name().unwrap())).unwrap();
        }
    }
    for mut output in generated("node") {
        let name = output.path.rsplit('/').next().unwrap();
        if name == "models.ts" {
            output.text.push_str(STANDS_IN);
        }
        fs::write(folder.join("src/generated").join(name), output.text).unwrap();
    }
    fs::copy(package.join("tsconfig.json"), folder.join("tsconfig.json")).unwrap();
    fs::write(folder.join("package.json"), r#"{"type":"module"}"#).unwrap();

    let compiler = tsc.to_str().unwrap();
    assert_eq!(run("node", &[compiler, "--noEmit", "-p", "."], &folder), "");
    let _ = fs::remove_dir_all(&folder);
}
