//! Reading the order of arguments back from the functions that progenitor generated.

use std::collections::HashMap;

use quote::ToTokens as _;
use syn::{FnArg, ImplItem, ImplItemFn, Item, Pat};

use crate::model::{Model, Operation, RustArgument};
use crate::names;

/// Fills in `rust_arguments` of every operation.
pub fn read(file: &syn::File, model: &mut Model) -> Result<(), String> {
    let functions: HashMap<String, &ImplItemFn> = functions(file)
        .map(|function| (function.sig.ident.to_string(), function))
        .collect();
    for resource in &mut model.resources {
        for operation in &mut resource.operations {
            let name = &operation.rust_function;
            let function = functions
                .get(name)
                .ok_or_else(|| format!("progenitor made no function `{name}`"))?;
            operation.rust_arguments = arguments(function, operation)?;
        }
    }
    Ok(())
}

fn functions(file: &syn::File) -> impl Iterator<Item = &ImplItemFn> {
    let impls = file.items.iter().filter_map(|item| match item {
        Item::Impl(item) if item.trait_.is_none() => Some(&item.items),
        _ => None,
    });
    impls.flatten().filter_map(|item| match item {
        ImplItem::Fn(function) if function.sig.asyncness.is_some() => Some(function),
        _ => None,
    })
}

fn arguments(function: &ImplItemFn, operation: &Operation) -> Result<Vec<RustArgument>, String> {
    let mut list = Vec::new();
    for input in &function.sig.inputs {
        let FnArg::Typed(argument) = input else {
            continue;
        };
        let Pat::Ident(pattern) = &*argument.pat else {
            return Err(format!(
                "`{}` has an argument without a name",
                operation.rust_function
            ));
        };
        let ident = pattern.ident.to_string();
        let (name, location) = parameter(operation, &ident).ok_or_else(|| {
            format!(
                "`{}` has an unknown argument `{ident}`",
                operation.rust_function
            )
        })?;
        list.push(RustArgument {
            name,
            location: location.to_owned(),
            ident,
            ty: source(&argument.ty),
        });
    }
    let wanted =
        operation.path_params.len() + operation.query_params.len() + operation.header_params.len();
    if list.len() != wanted + usize::from(operation.body.is_some()) {
        return Err(format!(
            "`{}` has {} arguments, not {wanted}",
            operation.rust_function,
            list.len()
        ));
    }
    Ok(list)
}

/// The parameter behind an argument's name: name on the wire and location.
fn parameter(operation: &Operation, ident: &str) -> Option<(String, &'static str)> {
    let places = [
        ("path", &operation.path_params),
        ("query", &operation.query_params),
        ("header", &operation.header_params),
    ];
    let plain = ident.trim_start_matches("r#").trim_end_matches('_');
    for (location, params) in places {
        if let Some(param) = params
            .iter()
            .find(|param| names::snake(&param.name) == plain)
        {
            return Some((param.name.clone(), location));
        }
    }
    (operation.body.is_some() && plain == "body").then(|| ("body".to_owned(), "body"))
}

/// A type as it is usually written, which token streams do not print by themselves.
fn source(ty: &syn::Type) -> String {
    let text = ty.to_token_stream().to_string();
    text.replace(" :: ", "::")
        .replace(":: ", "::")
        .replace(" <", "<")
        .replace("< ", "<")
        .replace(" >", ">")
        .replace("& ", "&")
}
