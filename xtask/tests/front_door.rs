//! What a newcomer reads must be true: links lead somewhere, quoted code is the code that is compiled, listed commands and
//! error codes exist, and every copyleft dependency is named.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the workspace")
        .to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All Markdown files that people wrote.
fn pages() -> Vec<PathBuf> {
    fn walk(folder: &Path, pages: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder)
            .expect("a folder of the project")
            .flatten()
        {
            let (path, name) = (
                entry.path(),
                entry.file_name().to_string_lossy().into_owned(),
            );
            if path.is_dir() {
                let built = ["target", "node_modules"].contains(&name.as_str())
                    || path.join("CACHEDIR.TAG").exists();
                if !built && !name.starts_with('.') {
                    walk(&path, pages);
                }
            } else if name.ends_with(".md") {
                pages.push(path);
            }
        }
    }
    let mut pages = Vec::new();
    walk(&root(), &mut pages);
    pages.sort();
    assert!(
        pages.iter().any(|page| page.ends_with("README.md")),
        "no README found"
    );
    pages
}

/// A page's prose, where brackets are links, and its code: the lines of fenced blocks and the inline pieces.
fn prose_and_code(text: &str) -> (String, Vec<&str>) {
    let (mut prose, mut code) = (String::new(), Vec::new());
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            code.push(line);
        } else {
            for (i, part) in line.split('`').enumerate() {
                if i % 2 == 0 {
                    prose.push_str(part);
                } else {
                    code.push(part);
                }
            }
        }
        prose.push('\n');
    }
    (prose, code)
}

/// The targets of `[text](target)`.
fn links(prose: &str) -> Vec<&str> {
    prose
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', ' ', '\n']).next())
        .collect()
}

/// The anchors that a page offers: its headings as GitHub spells them, and `<a id="…">`.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors: BTreeSet<String> = text
        .split("<a id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect();
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if let (false, true, title) = (
            fenced,
            line.starts_with('#'),
            line.trim_start_matches('#').trim(),
        ) {
            let slug = title
                .to_lowercase()
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect();
            anchors.insert(slug);
        }
    }
    anchors
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = read(&page);
        for link in links(&prose_and_code(&text).0) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = link
                .split_once('#')
                .map_or((link, None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() {
                page.clone()
            } else {
                page.parent().expect("a folder").join(file)
            };
            let found = target.exists()
                && anchor.is_none_or(|anchor| anchors(&read(&target)).contains(anchor));
            if !found {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "these links lead nowhere:\n{}",
        broken.join("\n")
    );
}

/// `<!-- from: FILE -->` before a fenced block says that the block is FILE, without its leading `//!` lines; a test of the
/// block's language runs FILE.
#[test]
fn quoted_code_is_the_code_that_is_compiled() {
    let mut quoted = 0;
    for page in pages() {
        let text = read(&page);
        for rest in text.split("<!-- from: ").skip(1) {
            let (file, rest) = rest.split_once(" -->").expect("the comment ends");
            let (_, block) = rest
                .trim_start()
                .strip_prefix("```")
                .and_then(|block| block.split_once('\n'))
                .expect("a block follows the comment");
            let block = block.split_once("\n```").expect("the block ends").0;
            let source = read(&root().join(file));
            let code: Vec<&str> = source
                .lines()
                .skip_while(|line| line.starts_with("//!") || line.is_empty())
                .collect();
            assert_eq!(
                block,
                code.join("\n").trim_end(),
                "{} quotes {file}, but differently",
                page.display()
            );
            quoted += 1;
        }
    }
    assert!(quoted > 0, "the README quotes its quick start");
}

#[test]
fn every_error_code_of_the_spec_is_explained_and_no_other() {
    let spec: serde_json::Value =
        serde_json::from_str(&read(&root().join("spec/openapi.json"))).expect("JSON");
    let codes = spec["components"]["schemas"]["ErrorCode"]["enum"]
        .as_array()
        .expect("the codes");
    let specified: BTreeSet<&str> = codes.iter().filter_map(|code| code.as_str()).collect();
    let page = read(&root().join("docs/errors.md"));
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| <a id=\""));
    let explained: BTreeSet<&str> = rows
        .clone()
        .filter_map(|row| row.split('"').next())
        .collect();
    assert_eq!(
        explained, specified,
        "docs/errors.md (left) and ErrorCode in spec/openapi.yaml (right)"
    );
    for row in rows {
        let code = row.split('"').next().expect("a code");
        assert!(
            row.contains(&format!("</a>`{code}` |")),
            "the anchor and the text of {code} differ"
        );
    }
}

#[test]
fn every_decision_is_in_the_index() {
    let folder = root().join("docs/adr");
    let index = read(&folder.join("README.md"));
    for entry in fs::read_dir(&folder).expect("docs/adr").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            assert!(
                index.contains(&format!("({name})")),
                "docs/adr/README.md does not list {name}"
            );
        }
    }
}

#[test]
fn commands_that_pages_name_exist() {
    let makefile = read(&root().join("Makefile"));
    let targets: BTreeSet<&str> = makefile
        .lines()
        // `name: prerequisites ## what it does`, or without the words where another target lists it.
        .filter_map(|line| line.split_once(':').map(|(name, _)| name))
        .collect();
    for page in pages() {
        for code in prose_and_code(&read(&page)).1 {
            if let Some(arguments) = code.strip_prefix("make ") {
                let target = arguments.split_whitespace().next().unwrap_or_default();
                assert!(
                    targets.contains(target),
                    "{}: the Makefile has no target {target}",
                    page.display()
                );
            }
        }
    }
}

/// Copyleft asks that users are told; permissive licences do not.
#[test]
fn every_copyleft_dependency_is_named_in_the_notices() {
    const PERMISSIVE: &[&str] = &[
        "MIT",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "Zlib",
        "Unicode-3.0",
        "Unlicense",
        "0BSD",
        "BSL-1.0",
        "CC0-1.0",
        "CDLA-Permissive-2.0",
        "MIT-0",
        "Unicode-DFS-2016",
    ];
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let metadata = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        metadata.status.success(),
        "{}",
        String::from_utf8_lossy(&metadata.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).expect("JSON");
    let notices = read(&root().join("THIRD_PARTY_NOTICES.md"));
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 50, "cargo metadata lists the dependencies");
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        let license = package["license"].as_str().unwrap_or("none");
        // One permissive alternative is enough; parts joined by AND must all be permissive.
        let license = license.replace('/', " OR ").replace(['(', ')'], "");
        let permissive = license.split(" OR ").any(|choice| {
            choice.split(" AND ").all(|part| {
                PERMISSIVE.contains(&part.split(" WITH ").next().unwrap_or(part).trim())
            })
        });
        assert!(
            permissive || notices.contains(&format!("`{name}`")),
            "{name} is under {license}: name it in THIRD_PARTY_NOTICES.md and decide on it in deny.toml"
        );
    }
}
