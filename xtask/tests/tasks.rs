//! `generate` and `generate --check` on a copy of this repository's spec, templates and generated files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use xtask::targets::{MARK, TARGETS};
use xtask::tasks;

/// A copy of the repository, as far as the generator sees it; removed in the end.
struct Copy(PathBuf);

impl Copy {
    fn new(name: &str) -> Self {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let root = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        copy(
            &repository.join("xtask/templates"),
            &root.join("xtask/templates"),
        );
        let generated = TARGETS
            .iter()
            .flat_map(|target| target.files)
            .map(|file| file.path);
        // The documentation takes a page as it is.
        for path in generated.chain([tasks::SPEC, "docs/errors.md"]) {
            let target = root.join(path);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(repository.join(path), target).unwrap();
        }
        Self(root)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.0.join(path), text).unwrap();
    }

    fn change(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert_eq!(
            text.matches(from).count(),
            1,
            "{from:?} must occur once in {path}"
        );
        self.write(path, &text.replacen(from, to, 1));
    }

    fn modified(&self, path: &str) -> SystemTime {
        fs::metadata(self.0.join(path)).unwrap().modified().unwrap()
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

const MODELS: &str = "core/src/generated/models.rs";

#[test]
fn this_repository_is_up_to_date() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    tasks::check(repository).unwrap_or_else(|message| panic!("{message}"));
}

#[test]
fn every_generated_file_is_marked() {
    let copy = Copy::new("marked");
    for file in TARGETS.iter().flat_map(|target| target.files) {
        let text = copy.read(file.path);
        assert!(
            text.lines().take(3).any(|line| line.contains(MARK)),
            "{}",
            file.path
        );
    }
}

#[test]
fn check_names_each_file_that_was_changed_by_hand() {
    let copy = Copy::new("drift");
    tasks::check(&copy.0).unwrap();
    copy.change(MODELS, "pub struct LinkPage {", "pub struct LinkPage { ");
    fs::remove_file(copy.0.join("spec/openapi.json")).unwrap();
    let line = 1 + copy
        .read(MODELS)
        .lines()
        .position(|line| line == "pub struct LinkPage { ")
        .unwrap();
    let message = tasks::check(&copy.0).unwrap_err();
    assert!(
        message.contains(&format!("{MODELS}:{line}: differs")),
        "{message}"
    );
    assert!(
        message.contains("spec/openapi.json: is missing"),
        "{message}"
    );
    assert!(
        message.ends_with("run `cargo xtask generate` and commit what it changes"),
        "{message}"
    );
    tasks::generate(&copy.0).unwrap();
    tasks::check(&copy.0).unwrap();
}

#[test]
fn check_names_orphans_and_generate_removes_them() {
    let copy = Copy::new("orphan");
    let orphan = "core/src/generated/old.rs";
    copy.write(orphan, &format!("// {MARK}\n"));
    copy.write("core/src/generated/by_hand.rs", "// Written by a person.\n");
    let message = tasks::check(&copy.0).unwrap_err();
    assert!(
        message.starts_with(&format!("{orphan}: is marked @generated, but nothing")),
        "{message}"
    );
    assert_eq!(message.lines().count(), 2, "{message}");
    tasks::generate(&copy.0).unwrap();
    assert!(!copy.0.join(orphan).exists());
    assert!(copy.0.join("core/src/generated/by_hand.rs").exists());
}

#[test]
fn unchanged_files_are_not_touched() {
    let copy = Copy::new("untouched");
    let before = copy.modified(MODELS);
    let summary = tasks::generate(&copy.0).unwrap();
    assert!(summary.ends_with(" 0 changed"), "{summary}");
    assert_eq!(copy.modified(MODELS), before);
}

#[test]
fn a_broken_spec_changes_nothing() {
    let copy = Copy::new("broken");
    let before = copy.read(MODELS);
    copy.change(
        tasks::SPEC,
        "operationId: links.get",
        "operationId: links.list",
    );
    let message = tasks::generate(&copy.0).unwrap_err();
    assert!(message.starts_with("spec/openapi.yaml:"), "{message}");
    assert!(
        message.contains("duplicate operationId `links.list`"),
        "{message}"
    );
    assert_eq!(copy.read(MODELS), before);
    fs::remove_file(copy.0.join(tasks::SPEC)).unwrap();
    assert!(
        tasks::generate(&copy.0)
            .unwrap_err()
            .starts_with("spec/openapi.yaml: ")
    );
}

#[test]
fn a_broken_template_is_named_with_its_line() {
    let copy = Copy::new("template");
    let template = "xtask/templates/rust/mod.rs.j2";
    for (text, expected) in [
        (
            "//! {{ api.titel }}\n",
            "xtask/templates/rust/mod.rs.j2:1: undefined value",
        ),
        (
            "\n{% for x in models %}\n",
            "xtask/templates/rust/mod.rs.j2:2: syntax error: unexpected end of input",
        ),
        (
            "pub mod {{ api.title }};\n",
            "core/src/generated/mod.rs: the template gives no valid Rust",
        ),
    ] {
        copy.write(template, text);
        let message = tasks::generate(&copy.0).unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
}

/// A new field costs one edit: of the spec. `cargo check -p approute` after it needs nothing else, since every
/// hand-written use of `Link` goes by field names.
#[test]
fn a_new_field_changes_only_generated_files() {
    let copy = Copy::new("field");
    let field = "        mood:\n          type: [string, 'null']\n          description: How the link feels.\n";
    let place = "        short_url:\n          type: string\n          format: uri\n          description: What to share.\n";
    copy.change(tasks::SPEC, place, &format!("{field}{place}"));
    let changed = tasks::generate(&copy.0).unwrap();
    let changed: Vec<_> = changed.lines().collect();
    let (_, changed) = changed.split_last().unwrap();
    for path in [MODELS, "spec/openapi.json", "spec/openapi-3.0.json"] {
        assert!(changed.contains(&path), "{changed:?}");
    }
    for path in changed {
        assert!(
            TARGETS
                .iter()
                .flat_map(|target| target.files)
                .any(|file| file.path == *path),
            "{path}"
        );
    }
    assert!(
        copy.read(MODELS)
            .contains("    /// How the link feels.\n    pub mood: Option<String>,\n")
    );
}
