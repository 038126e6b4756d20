//! Names stay apart, and stay names, in every language.

use std::collections::HashMap;

use crate::model;
use crate::names::{snake, words};
use crate::openapi30::NULLABLE;
use crate::problems::{Place, Problems};
use crate::rust::RESERVED_TYPES;
use crate::spec::{Kind, Spec};

pub fn check(spec: &Spec, problems: &Problems) {
    let mut types = Names::new("schemas", problems);
    for (name, schema) in &spec.components.schemas {
        types.add(name, name, &schema.place);
        if RESERVED_TYPES.contains(&name.as_str()) {
            problems.add_at(
                &schema.place,
                format!("`{name}` is taken in the SDKs: choose another name"),
            );
        }
        if name.starts_with(NULLABLE) {
            let message =
                format!("names with `{NULLABLE}` belong to the 3.0 document: choose another name");
            problems.add_at(&schema.place, message);
        }
        match &schema.kind {
            Kind::Object { fields, closed, .. } => {
                let mut names = Names::new("fields", problems);
                for field in fields {
                    names.add(&field.name, &field.name, &field.place);
                    if field.name == "extra" && !closed {
                        let message =
                            "`extra` is where SDKs keep unknown fields: choose another name";
                        problems.add_at(&field.place, message);
                    }
                }
            }
            Kind::Enum { open, .. } => {
                let mut names = Names::new("values", problems);
                for variant in model::variants(schema) {
                    names.add(&variant.name, &model::wire(&variant.value), &schema.place);
                    if *open && variant.name == "unknown" {
                        let message =
                            "`unknown` is what SDKs call a new value: name it by `x-enum-names`";
                        problems.add_at(&schema.place, message);
                    }
                    let plain =
                        snake(&variant.name) == variant.name && starts_with_letter(&variant.name);
                    if !plain {
                        let message = format!(
                            "`{}` is no name in snake_case: correct `x-enum-names`",
                            variant.name
                        );
                        problems.add_at(&schema.place, message);
                    }
                }
            }
            _ => {}
        }
    }
    let mut operations = Names::new("operations", problems);
    for operation in &spec.operations {
        operations.add(&operation.id, &operation.id, &operation.id_place);
        let mut names = Names::new("parameters", problems);
        let parameters = operation
            .parameters
            .iter()
            .filter_map(|item| spec.parameter(item));
        for parameter in parameters.filter(|parameter| parameter.call_option.is_none()) {
            names.add(&parameter.name, &parameter.name, &parameter.place);
        }
    }
}

fn starts_with_letter(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Names that must differ in all spellings.
struct Names<'a> {
    what: &'static str,
    problems: &'a Problems,
    seen: HashMap<String, String>,
}

impl<'a> Names<'a> {
    fn new(what: &'static str, problems: &'a Problems) -> Self {
        Self {
            what,
            problems,
            seen: HashMap::new(),
        }
    }

    /// Notes `name`; `shown` is how the spec has it.
    fn add(&mut self, name: &str, shown: &str, place: &Place) {
        // What is left when spellings differ: the letters and digits, all small.
        let key = words(name).concat();
        if key.is_empty() {
            let message = format!("`{shown}` has no letter or digit: choose another name");
            self.problems.add_at(place, message);
        } else if let Some(other) = self
            .seen
            .insert(key, shown.to_owned())
            .filter(|other| other != shown)
        {
            let what = self.what;
            let message = format!(
                "the {what} `{other}` and `{shown}` are the same in some languages: rename one"
            );
            self.problems.add_at(place, message);
        }
    }
}
