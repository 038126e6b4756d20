//! The whole way from the spec's text to finished files.

use std::path::Path;

use crate::model::{self, Model};
use crate::outputs::Output;
use crate::problems::Problems;
use crate::targets::{File, MARK, Source, Target};
use crate::yaml::{self, Entry, Node};
use crate::{check, format, load, openapi30, progenitor, render};

/// A spec that was read and found right.
#[derive(Debug)]
pub struct Api {
    /// The document as it is written.
    pub document: Node,
    /// What templates see.
    pub model: Model,
    /// The operations as progenitor generates them.
    pub operations: String,
}

/// Reads and checks a spec. `file` is its name in messages; the error is one line for each problem.
pub fn read(text: &str, file: &str) -> Result<Api, String> {
    let problems = Problems::new(file);
    let Some(document) = yaml::parse(text, &problems) else {
        return Err(problems.to_string());
    };
    let spec = load::load(&document, &problems);
    // A check of what could not be read would report what follows from the first problem.
    if problems.is_empty() {
        check::check(&spec, &problems);
    }
    if !problems.is_empty() {
        return Err(problems.to_string());
    }
    let mut model = model::build(&spec);
    let operations =
        progenitor::operations(&mut model).map_err(|error| format!("{file}: {error}"))?;
    Ok(Api {
        document,
        model,
        operations,
    })
}

/// Makes the files of `targets`. `templates` is the folder with one folder for each target.
pub fn outputs(api: &Api, templates: &Path, targets: &[Target]) -> Result<Vec<Output>, String> {
    let mut outputs = Vec::new();
    for target in targets {
        for file in target.files {
            let text = text(api, templates, target, file);
            outputs.push(Output {
                path: file.path.to_owned(),
                text: format::finish(&text?, file.format)
                    .map_err(|error| format!("{}: {error}", file.path))?,
            });
        }
    }
    Ok(outputs)
}

fn text(api: &Api, templates: &Path, target: &Target, file: &File) -> Result<String, String> {
    match file.source {
        Source::Template(name) => {
            render::render(templates, &format!("{}/{name}", target.name), &api.model)
        }
        Source::Operations => Ok(api.operations.clone()),
        Source::Json => json(&api.document),
        Source::Json30 => {
            let text = json(&openapi30::downgrade(&api.document))?;
            // A second opinion: another reader of 3.0 has to understand it too.
            serde_json::from_str::<openapiv3::OpenAPI>(&text)
                .map_err(|error| format!("is no OpenAPI 3.0: {error}"))?;
            Ok(text)
        }
    }
}

/// A document as JSON, in the order of the spec. JSON has no comments, so the mark is its second member.
fn json(document: &Node) -> Result<String, String> {
    let mut marked = document.clone();
    if let Some(entries) = marked.entries_mut() {
        let key = "x-generated".to_owned();
        let value = Node::text(MARK);
        let at = value.at;
        entries.insert(1.min(entries.len()), Entry { key, at, value });
    }
    let text = serde_json::to_string_pretty(&marked).map_err(|error| error.to_string())?;
    Ok(format!("{text}\n"))
}
