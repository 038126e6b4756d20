//! Templates: minijinja with the filters that every language needs.
//!
//! A template sees the members of [`Model`] as variables. Filters beside minijinja's own:
//!
//! | filter | gives |
//! |---|---|
//! | `snake`, `camel`, `pascal`, `screaming`, `kebab` | a name in that spelling |
//! | `docs` | description, bounds and default of a field, parameter or map as one Markdown text; `docs(limits=false)` only the description |
//! | `comment("# ", 100)` | text as comment lines behind a prefix, wrapped |
//! | `quote` | a string literal with JSON's escapes, which JavaScript, Python, Ruby and Go read alike |
//! | `wire` | a value as in a URL: strings without quotes |
//! | `go_name`, `go_local`, `go_type(params)`, `go_model(params)` | Go's spellings; `params` lists models that are arguments |
//! | `ruby_method`, `ruby_local`, `ruby_class`, `ruby_constant`, `ruby_rbs`, `ruby_rbs_argument`, `ruby_yard`, `ruby_yard_argument` | Ruby's spellings |
//! | `ts_local`, `ts_key`, `ts_property(of)`, `ts_type(sent)`, `ts_fits(it)`, `ts_shape` | TypeScript's spellings, and checks of what came |
//! | `py_ident`, `py_attribute`, `py_argument`, `py_constant`, `py_string`, `py_plain`, `py_read_type`, `py_write_type(prefix)`, `py_doc(indent, "fallback")` | Python's spellings |
//! | `rust_doc("fallback")`, `rust_ident`, `rust_setter`, `rust_variant`, `rust_type`, `rust_base_type`, `rust_string` | Rust's spellings |
//!
//! An undefined variable is an error, so that a misspelt member cannot silently render as nothing.

use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};

use crate::model::Model;
use crate::{go, markdown, names, node, python, ruby, rust};

/// Width of generated comments.
const WIDTH: usize = 120;

/// Renders `name`, such as `rust/models.rs.j2`, of the folder `templates` with the model. Templates include and import
/// others by such names too.
pub fn render(templates: &Path, name: &str, model: &Model) -> Result<String, String> {
    let folder = templates.to_owned();
    let rendered = environment().and_then(|mut environment| {
        // A page of the documentation, by its path from the root of the repository.
        let root = folder.join("../..");
        environment.add_function("page", move |path: String| {
            let text = std::fs::read_to_string(root.join(&path));
            text.map(|text| markdown::page(&text)).map_err(failed)
        });
        environment.set_loader(move |name| load(&folder, name));
        environment.get_template(name)?.render(Serde(model))
    });
    rendered.map_err(|error| {
        let place = error.name().unwrap_or(name);
        let line = error.line().unwrap_or_default();
        let detail = error.detail().unwrap_or_default();
        format!("xtask/templates/{place}:{line}: {}: {detail}", error.kind())
    })
}

fn load(folder: &Path, name: &str) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(folder.join(name)) {
        Ok(source) => Ok(Some(source)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()?;
    environment.set_syntax(syntax);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.add_filter("snake", |text: String| names::snake(&text));
    environment.add_filter("camel", |text: String| names::camel(&text));
    environment.add_filter("pascal", |text: String| names::pascal(&text));
    environment.add_filter("screaming", |text: String| names::screaming(&text));
    environment.add_filter("kebab", |text: String| names::kebab(&text));
    environment.add_filter("docs", docs);
    environment.add_filter("comment", comment);
    environment.add_filter("html", |text: String| markdown::html(&text));
    environment.add_filter("pretty", |value: Value| {
        serde_json::to_string_pretty(&value).map_err(failed)
    });
    environment.add_filter("quote", |value: Value| {
        serde_json::to_string(&value).map_err(failed)
    });
    environment.add_filter("wire", wire);
    environment.add_filter("go_name", |text: String| go::exported(&text));
    environment.add_filter("go_local", |text: String| go::local(&text));
    environment.add_filter("go_model", |text: String, params: Vec<String>| {
        go::model_name(&text, &params)
    });
    environment.add_filter("go_type", |ty: Value, params: Vec<String>| {
        if rust::member(&ty, "kind").as_str().is_none() {
            return Err(not_a_type());
        }
        Ok(go::base_type(&ty, &params))
    });
    environment.add_filter("go_full_type", |ty: Value, params: Vec<String>| {
        go::full_type(&ty, &params)
    });
    environment.add_filter("ruby_method", |text: String| ruby::method(&text));
    environment.add_filter("ruby_local", |text: String| ruby::local(&text));
    environment.add_filter("ruby_class", |text: String| ruby::class(&text));
    environment.add_filter("ruby_constant", |text: String| ruby::constant(&text));
    environment.add_filter("ruby_rbs", |ty: Value| ruby::rbs(&ty));
    environment.add_filter("ruby_rbs_argument", |ty: Value| ruby::rbs_argument(&ty));
    environment.add_filter("ruby_yard", |ty: Value| ruby::yard(&ty));
    environment.add_filter("ruby_yard_argument", |ty: Value| ruby::yard_argument(&ty));
    environment.add_filter("ts_local", |text: String| node::local(&text));
    environment.add_filter("ts_key", |text: String| node::key(&text));
    environment.add_filter("ts_property", |name: String, of: String| {
        node::property(&of, &name)
    });
    environment.add_filter(
        "ts_type",
        |ty: Value, sent: bool, prefix: Option<String>| {
            node::full_type(&ty, sent, prefix.as_deref().unwrap_or_default())
        },
    );
    environment.add_filter("ts_fits", |ty: Value, it: String| node::fits(&ty, &it));
    environment.add_filter("ts_shape", |ty: Value| node::shape(&ty));
    environment.add_filter("py_ident", |text: String| python::ident(&text));
    environment.add_filter("py_attribute", |text: String| python::attribute(&text));
    environment.add_filter("py_argument", |text: String| python::argument(&text));
    environment.add_filter("py_constant", |text: String| python::constant(&text));
    environment.add_filter("py_string", |text: String| python::string(&text));
    environment.add_filter("py_plain", |text: String| python::is_plain(&text));
    environment.add_filter("py_read_type", |ty: Value| python::read_type(&ty));
    environment.add_filter("py_write_type", |ty: Value, prefix: String| {
        python::write_type(&ty, &prefix)
    });
    environment.add_filter(
        "py_doc",
        |text: Value, indent: usize, fallback: Option<String>| {
            let text = text.as_str().filter(|text| !text.trim().is_empty());
            python::docstring(text.or(fallback.as_deref()).unwrap_or_default(), indent)
        },
    );
    environment.add_filter("rust_doc", rust_doc);
    environment.add_filter("rust_ident", |text: String| rust::ident(&text));
    environment.add_filter("rust_setter", |text: String| rust::setter(&text));
    environment.add_filter("rust_variant", |text: String| rust::variant(&text));
    environment.add_filter("rust_string", |text: String| rust::string(&text));
    environment.add_filter("rust_type", |ty: Value, options: Kwargs| {
        typed(&ty, &options, rust::full_type)
    });
    environment.add_filter("rust_base_type", |ty: Value, options: Kwargs| {
        typed(&ty, &options, rust::base_type)
    });
    Ok(environment)
}

fn failed(error: impl std::error::Error) -> Error {
    Error::new(ErrorKind::InvalidOperation, error.to_string())
}

fn not_a_type() -> Error {
    Error::new(ErrorKind::InvalidOperation, "not a type of the model")
}

fn typed(ty: &Value, options: &Kwargs, spell: fn(&Value, &str) -> String) -> Result<String, Error> {
    let prefix: Option<String> = options.get("prefix")?;
    options.assert_all_used()?;
    if rust::member(ty, "kind").as_str().is_none() {
        return Err(not_a_type());
    }
    Ok(spell(ty, prefix.as_deref().unwrap_or_default()))
}

fn wire(value: Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Description, bounds and default of something as one Markdown text.
///
/// `docs(limits=false)` leaves the bounds out: they are rules for what is written, of no use to who reads an answer.
fn docs(value: &Value, options: Kwargs) -> Result<String, Error> {
    let limits: Option<bool> = options.get("limits")?;
    options.assert_all_used()?;
    let mut text = rust::member(value, "description")
        .as_str()
        .unwrap_or_default()
        .trim()
        .to_owned();
    let mut notes = Vec::new();
    if limits != Some(false)
        && let Ok(constraints) = rust::member(value, "constraints").try_iter()
    {
        let phrases: Vec<_> = constraints.map(wire).collect();
        if !phrases.is_empty() {
            notes.push(format!("Limits: {}.", phrases.join("; ")));
        }
    }
    let default = rust::member(value, "default");
    if limits != Some(false) && !default.is_none() && !default.is_undefined() {
        let json = serde_json::to_string(&default).map_err(failed)?;
        notes.push(format!("Default: `{json}`."));
    }
    if !notes.is_empty() {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&notes.join(" "));
    }
    Ok(text)
}

fn comment(text: &Value, prefix: &str, width: Option<usize>) -> String {
    markdown::comment(
        text.as_str().unwrap_or_default(),
        prefix,
        width.unwrap_or(WIDTH),
    )
}

/// Text as `///` lines that rustdoc reads as it is meant; where there is none, `fallback`, or nothing.
fn rust_doc(text: &Value, fallback: Option<String>) -> String {
    let text = text.as_str().filter(|text| !text.trim().is_empty());
    let text = text.or(fallback.as_deref()).unwrap_or_default();
    let line = |line: String| format!("/// {line}").trim_end().to_owned();
    let lines = markdown::wrap(&markdown::rustdoc(text), WIDTH - 8);
    lines.into_iter().map(line).collect::<Vec<_>>().join("\n")
}
