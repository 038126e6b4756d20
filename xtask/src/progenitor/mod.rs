//! Operations by progenitor, behind a pre-pass (`document`) and a post-pass (`trim`, `arguments`).
//!
//! progenitor knows how a request is built from arguments: paths are encoded, queries serialised, bodies written. That
//! is all that is taken from it. Types come from our own templates, and what happens to the request from the SDK's
//! runtime, which hooks in through `ClientHooks`. See `docs/adr/0002-progenitor-behind-passes.md`.

mod arguments;
mod document;
mod trim;

use std::panic::{AssertUnwindSafe, catch_unwind};

use progenitor_impl::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TypeImpl};
use quote::quote;

use crate::model::Model;

/// Generates the operations of `model` as Rust source, and fills in their `rust_arguments`.
pub fn operations(model: &mut Model) -> Result<String, String> {
    let document = serde_json::to_string(&document::document(model));
    let spec = document.and_then(|text| serde_json::from_str::<openapiv3::OpenAPI>(&text));
    let spec = spec.map_err(|error| failed(&error.to_string()))?;
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::operation::Capture));
    for name in document::named(model) {
        let ours = format!("crate::generated::models::{name}");
        settings.with_replacement(&name, ours, [TypeImpl::Display].into_iter());
    }
    // progenitor panics on what it does not support; its words are better than a stack trace.
    let tokens = catch_unwind(AssertUnwindSafe(|| {
        Generator::new(&settings).generate_tokens(&spec)
    }));
    let tokens = tokens.map_err(|panic| failed(&panic_text(&*panic)))?;
    let tokens = tokens.map_err(|error| failed(&error.to_string()))?;
    let mut file: syn::File = syn::parse2(tokens).map_err(|error| failed(&error.to_string()))?;
    arguments::read(&file, model)?;
    trim::trim(&mut file, model)?;
    Ok(prettyplease::unparse(&file))
}

fn failed(reason: &str) -> String {
    format!("progenitor does not take this API: {reason}")
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked")
        .to_owned()
}
