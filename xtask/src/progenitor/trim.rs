//! The post-pass over what progenitor generated: what this SDK does by itself, or does not want, is taken out.

use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, ExprMethodCall, ImplItem, Item, ItemImpl, Stmt, parse_quote};

use crate::model::Model;

/// Takes out the `types` and `prelude` modules, the constructor with its own timeouts, and the `api-version` header;
/// replaces the docs.
pub fn trim(file: &mut syn::File, model: &Model) -> Result<(), String> {
    file.items
        .retain(|item| !matches!(item, Item::Mod(module) if module.ident == "prelude"));
    drop_types(file)?;
    encode_strictly(file)?;
    for item in &mut file.items {
        match item {
            Item::Impl(item) if item.trait_.is_none() => trim_impl(item, model),
            Item::Struct(item) => document(
                &mut item.attrs,
                "Builds the request of each operation.".to_owned(),
            ),
            _ => {}
        }
    }
    file.attrs.push(
        parse_quote!(#![doc = " How the request of each operation is built: code by progenitor."]),
    );
    let text = prettyplease::unparse(file);
    for unwanted in ["api-version", "Duration", ".unwrap()"] {
        if text.contains(unwanted) {
            return Err(format!(
                "progenitor's code still has `{unwanted}` after the post-pass"
            ));
        }
    }
    Ok(())
}

/// progenitor's `encode_path` leaves `\\` as it is, which URL parsers read as `/`: the SDK's own is used instead.
fn encode_strictly(file: &mut syn::File) -> Result<(), String> {
    let imports = file.items.iter_mut().find_map(|item| match item {
        Item::Use(item) if quote::quote!(#item).to_string().contains("encode_path") => Some(item),
        _ => None,
    });
    let Some(imports) = imports else {
        return Err("progenitor's code no longer imports `encode_path`".to_owned());
    };
    imports.tree = parse_quote!(progenitor_client::{ClientHooks, OperationInfo, RequestBuilderExt});
    file.items.insert(
        0,
        parse_quote!(
            use crate::operation::encode_path;
        ),
    );
    Ok(())
}

/// Replaces the docs of an item.
fn document(attributes: &mut Vec<Attribute>, text: String) {
    attributes.retain(|attribute| !attribute.path().is_ident("doc"));
    let text = format!(" {text}");
    attributes.insert(0, parse_quote!(#[doc = #text]));
}

/// Every schema was replaced by one of our types, so `types` holds nothing but progenitor's error of conversions.
fn drop_types(file: &mut syn::File) -> Result<(), String> {
    for item in &file.items {
        let Item::Mod(module) = item else { continue };
        let Some((_, items)) = &module.content else {
            continue;
        };
        let own = items.iter().find_map(|item| match item {
            Item::Struct(item) => Some(&item.ident),
            Item::Enum(item) => Some(&item.ident),
            _ => None,
        });
        if let Some(name) = own {
            return Err(format!(
                "progenitor made a type `{name}` of its own: give its schema a name"
            ));
        }
    }
    file.items
        .retain(|item| !matches!(item, Item::Mod(module) if module.ident == "types"));
    Ok(())
}

fn trim_impl(item: &mut ItemImpl, model: &Model) {
    item.items
        .retain(|item| !matches!(item, ImplItem::Fn(function) if function.sig.ident == "new"));
    for item in &mut item.items {
        let ImplItem::Fn(function) = item else {
            continue;
        };
        let name = function.sig.ident.to_string();
        let mut operations = model
            .resources
            .iter()
            .flat_map(|resource| &resource.operations);
        let Some(operation) = operations.find(|operation| operation.rust_function == name) else {
            continue;
        };
        let text = format!(
            "`{}`: {} `{}`.",
            operation.id, operation.method, operation.path
        );
        document(&mut function.attrs, text);
        let statements = &mut function.block.stmts;
        statements.retain(|statement| !sets_api_version(statement));
        // The map was made with room for that header; without others it is not needed at all.
        let empty = statements
            .iter()
            .filter(|statement| mentions(statement, "header_map"))
            .count()
            == 2;
        if empty {
            statements.retain(|statement| !is_local(statement, "header_map"));
            DropHeaders.visit_block_mut(&mut function.block);
        }
    }
}

fn sets_api_version(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Expr(Expr::MethodCall(_), _))
        && mentions(statement, "\"api-version\"")
}

fn mentions(statement: &Stmt, what: &str) -> bool {
    quote::quote!(#statement).to_string().contains(what)
}

fn is_local(statement: &Stmt, name: &str) -> bool {
    match statement {
        Stmt::Local(local) => {
            let pattern = &local.pat;
            quote::quote!(#pattern).to_string().ends_with(name)
        }
        _ => false,
    }
}

/// Takes `.headers(header_map)` out of a chain of calls.
struct DropHeaders;

impl VisitMut for DropHeaders {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        if let Expr::MethodCall(ExprMethodCall {
            receiver, method, ..
        }) = expression
            && method == "headers"
        {
            *expression = (**receiver).clone();
        }
    }
}
