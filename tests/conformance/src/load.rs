//! Reads the kit's YAML files, strictly: what the JSON Schema does not know is refused with file, case and place.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jsonschema::Validator;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::case::Case;
use crate::facades::{Facade, language};
use crate::mutants::Mutant;

/// Everything in `tests/conformance` that is data.
#[derive(Debug, Clone)]
pub struct Kit {
    /// The folder.
    pub root: PathBuf,
    /// All cases, by file and place in it.
    pub cases: Vec<Case>,
    /// The rules by name.
    pub rules: BTreeMap<String, Rule>,
    /// The drivers by name.
    pub drivers: BTreeMap<String, DriverSpec>,
    /// Cells that fail and may, for now.
    pub known_failing: Vec<KnownFailing>,
    /// What a driver's report must look like.
    pub report_schema: Arc<Validator>,
    /// The ways to break the Rust core.
    pub mutants: Vec<Mutant>,
    /// The ways to break the code of the other languages.
    pub facades: BTreeMap<String, Facade>,
    /// The spec: examples and the list of operations come from it.
    pub spec: Value,
}

/// A sentence of the behaviour that cases hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The sentence.
    pub says: String,
    /// Why no mutation of the Rust core can break it, where none can.
    pub no_mutant: Option<String>,
}

/// How a driver is started.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriverSpec {
    /// Program and arguments; `$BIN` is the folder that the runner is in, `$ROOT` the repository.
    pub run: Vec<String>,
    /// What the columns of the matrix are headed with.
    pub title: String,
    /// The command that builds it.
    #[serde(default)]
    pub build: Vec<String>,
    /// What must be there for it: a program on the PATH, or a file where a slash is in the name; and how to get it.
    #[serde(default)]
    pub needs: BTreeMap<String, String>,
    /// Why `make test` goes on without it where something is missing.
    pub optional: Option<String>,
}

/// A cell that must still fail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFailing {
    /// The driver.
    pub driver: String,
    /// The case.
    pub case: String,
    /// Why it fails.
    pub reason: String,
}

/// All problems that were found, one per line.
pub type Problems = Vec<String>;

/// Reads the kit below `root` (`tests/conformance`).
///
/// # Errors
/// Every problem of every file.
pub fn load(root: &Path) -> Result<Kit, Problems> {
    let mut problems = Problems::new();
    let repository = root.ancestors().nth(2).unwrap_or(root);
    let spec = read(&repository.join("spec/openapi.yaml")).map_err(|problem| vec![problem])?;
    let schema = validator(&root.join("schema/case.schema.json")).map_err(|p| vec![p])?;
    let mut cases = Vec::new();
    for file in case_files(&root.join("cases")).map_err(|p| vec![p])? {
        let name = file
            .strip_prefix(root)
            .unwrap_or(&file)
            .display()
            .to_string();
        let area = file
            .parent()
            .and_then(Path::file_name)
            .map(|area| area.to_string_lossy().into_owned())
            .unwrap_or_default();
        match read(&file) {
            Ok(value) => {
                parse_cases(
                    &name,
                    &area,
                    value,
                    &schema,
                    &spec,
                    &mut cases,
                    &mut problems,
                );
            }
            Err(problem) => problems.push(problem),
        }
    }
    let report = validator(&root.join("schema/report.schema.json")).map_err(|p| vec![p])?;
    let kit = Kit {
        report_schema: Arc::new(report),
        root: root.to_owned(),
        cases,
        rules: typed(&root.join("rules.yaml"), &mut problems),
        drivers: typed(&root.join("drivers.yaml"), &mut problems),
        mutants: typed(&root.join("mutants/rust.yaml"), &mut problems),
        facades: facades(&root.join("mutants"), &mut problems),
        known_failing: typed(&root.join("known-failing.yaml"), &mut problems),
        spec,
    };
    if problems.is_empty() {
        Ok(kit)
    } else {
        Err(problems)
    }
}

/// Reads the cases out of one file's value and appends them.
pub fn parse_cases(
    file: &str,
    area: &str,
    mut value: Value,
    schema: &Validator,
    spec: &Value,
    cases: &mut Vec<Case>,
    problems: &mut Problems,
) {
    // A file may begin with values that its cases share by YAML aliases.
    if let Some(object) = value.as_object_mut() {
        object.remove("shared");
    }
    let before = problems.len();
    if let Err(problem) = expand(&mut value, spec) {
        problems.push(format!("{file}: {problem}"));
    }
    for error in schema.iter_errors(&value) {
        let place = error.instance_path().to_string();
        problems.push(format!("{file}: {}: {error}", named_place(&value, &place)));
    }
    if problems.len() > before {
        return;
    }
    let list = value["cases"].as_array().cloned().unwrap_or_default();
    for entry in list {
        let id = entry["id"].as_str().unwrap_or("?").to_owned();
        match serde_json::from_value::<Case>(entry) {
            Ok(mut case) => {
                area.clone_into(&mut case.area);
                cases.push(case);
            }
            Err(error) => problems.push(format!("{file}: {id}: {error}")),
        }
    }
}

/// `/cases/3/tries/0` → `retry-503 /tries/0`.
fn named_place(value: &Value, place: &str) -> String {
    let mut parts = place.splitn(4, '/');
    let index = parts.nth(2).and_then(|index| index.parse::<usize>().ok());
    let id = index.and_then(|index| value["cases"][index]["id"].as_str());
    match id {
        Some(id) => format!("{id} /{}", parts.next().unwrap_or_default()),
        None => place.to_owned(),
    }
}

/// Replaces `{$example: Link, …}` by that schema's first example with the other keys put over it.
///
/// # Errors
/// An example that the spec does not have.
pub fn expand(value: &mut Value, spec: &Value) -> Result<(), String> {
    match value {
        Value::Array(list) => list.iter_mut().try_for_each(|entry| expand(entry, spec)),
        Value::Object(object) => {
            for entry in object.values_mut() {
                expand(entry, spec)?;
            }
            let Some(name) = object.remove("$example") else {
                return Ok(());
            };
            let name = name.as_str().unwrap_or_default();
            let example = &spec["components"]["schemas"][name]["examples"][0];
            let Some(example) = example.as_object() else {
                return Err(format!("the spec has no schema {name} with an example"));
            };
            let mut whole = example.clone();
            let without = object.remove("$without").unwrap_or_default();
            for field in without.as_array().into_iter().flatten() {
                let field = field.as_str().unwrap_or_default();
                if whole.remove(field).is_none() {
                    return Err(format!("the example of {name} has no field {field}"));
                }
            }
            whole.append(object);
            *object = whole;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Reads one YAML file.
///
/// # Errors
/// The file's name and what is wrong.
pub fn read(file: &Path) -> Result<Value, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    // YAML 1.2: `no` and `y` are words.
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(&text, options)
        .map_err(|error| format!("{}: {error}", file.display()))
}

/// Reads a JSON Schema.
///
/// # Errors
/// The file's name and what is wrong.
pub fn validator(file: &Path) -> Result<Validator, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let schema = serde_json::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))?;
    jsonschema::validator_for(&schema).map_err(|error| format!("{}: {error}", file.display()))
}

/// The lists of all languages but Rust.
fn facades(folder: &Path, problems: &mut Problems) -> BTreeMap<String, Facade> {
    let files = case_files(folder).unwrap_or_else(|problem| {
        problems.push(problem);
        Vec::new()
    });
    let mut facades = BTreeMap::new();
    for file in files.iter().filter(|file| !file.ends_with("rust.yaml")) {
        let value = read(file).and_then(|value| {
            serde_json::from_value(value).map_err(|e| format!("{}: {e}", file.display()))
        });
        match value {
            Ok(facade) => drop(facades.insert(language(file), facade)),
            Err(problem) => problems.push(problem),
        }
    }
    facades
}

fn typed<T: DeserializeOwned + Default>(file: &Path, problems: &mut Problems) -> T {
    let value = read(file).and_then(|value| match value {
        // An empty list file holds nothing but comments.
        Value::Null => Ok(T::default()),
        value => serde_json::from_value(value).map_err(|e| format!("{}: {e}", file.display())),
    });
    value.unwrap_or_else(|problem| {
        problems.push(problem);
        T::default()
    })
}

fn case_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.is_dir() {
            files.extend(case_files(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The operations of the spec: id → (method, path, parameters and body properties that a call can set).
pub fn operations(spec: &Value) -> BTreeMap<String, Vec<String>> {
    let mut operations = BTreeMap::new();
    let paths = spec["paths"].as_object().cloned().unwrap_or_default();
    for item in paths.values() {
        for method in ["get", "post", "put", "patch", "delete"] {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let id = operation["operationId"].as_str().unwrap_or_default();
            let mut arguments = Vec::new();
            for parameter in [item, operation]
                .iter()
                .filter_map(|holder| holder["parameters"].as_array())
                .flatten()
            {
                let parameter = resolve(spec, parameter);
                if parameter.get("x-call-option").is_none() {
                    let name = parameter["name"].as_str().unwrap_or_default();
                    arguments.push(argument_name(name));
                }
            }
            let body = resolve(spec, &operation["requestBody"]);
            let schema = resolve(spec, &body["content"]["application/json"]["schema"]);
            for property in schema["properties"]
                .as_object()
                .map(Map::keys)
                .into_iter()
                .flatten()
            {
                arguments.push(format!("body.{property}"));
            }
            operations.insert(id.to_owned(), arguments);
        }
    }
    operations
}

/// `If-Match` → `if_match`: how a header parameter is spelled as an argument.
pub fn argument_name(wire: &str) -> String {
    wire.to_ascii_lowercase().replace('-', "_")
}

fn resolve<'a>(spec: &'a Value, value: &'a Value) -> &'a Value {
    value["$ref"]
        .as_str()
        .and_then(|reference| spec.pointer(reference.trim_start_matches('#')))
        .unwrap_or(value)
}
