//! YAML tree → [`Spec`]: strict reading. Whatever is not understood is a problem with its place.

mod components;
mod paths;
mod schema;

use crate::cursor::Cursor;
use crate::problems::Problems;
use crate::spec::{Info, Server, Spec, Tag};
use crate::yaml::Node;

/// Reads the document. What could not be read is missing from the result and noted in `problems`.
pub fn load(document: &Node, problems: &Problems) -> Spec {
    let mut spec = Spec::default();
    let Some(object) = Cursor::root(document, problems).object() else {
        return spec;
    };
    if let Some(version) = object.require("openapi")
        && version.text().is_some_and(|text| !text.starts_with("3.1."))
    {
        version.problem("must be 3.1.x: the 3.0 document is derived from it");
    }
    if let Some(cursor) = object.require("info") {
        spec.info = info(&cursor).unwrap_or_default();
    }
    if let Some(list) = object.require("servers") {
        spec.servers = list.list().iter().filter_map(server).collect();
        if spec.servers.is_empty() {
            list.problem("at least one server is needed: it is the default base URL");
        }
    }
    if let Some(list) = object.require("tags") {
        spec.tags = list.list().iter().filter_map(tag).collect();
    }
    if let Some(cursor) = object.require("paths") {
        spec.operations = paths::paths(&cursor);
    }
    if let Some(cursor) = object.get("webhooks") {
        spec.webhooks = paths::webhooks(&cursor);
    }
    if let Some(cursor) = object.get("components") {
        spec.components = components::components(&cursor).unwrap_or_default();
    }
    object.require("security");
    object.finish("the document");
    spec
}

fn info(cursor: &Cursor<'_>) -> Option<Info> {
    let object = cursor.object()?;
    let license = object.get("license").and_then(|license| {
        let object = license.object()?;
        let name = object.require_text("name");
        object.text("identifier");
        object.text("url");
        object.finish("a license");
        Some(name)
    });
    if let Some(contact) = object.get("contact").and_then(|contact| contact.object()) {
        contact.text("name");
        contact.text("url");
        contact.text("email");
        contact.finish("a contact");
    }
    object.text("termsOfService");
    let info = Info {
        title: object.require_text("title"),
        version: object.require_text("version"),
        summary: object.text("summary"),
        description: object.text("description"),
        license,
    };
    object.finish("info");
    Some(info)
}

fn server(cursor: &Cursor<'_>) -> Option<Server> {
    let object = cursor.object()?;
    let url = object.require_text("url").trim_end_matches('/').to_owned();
    object.text("description");
    object.finish("a server (variables are not supported)");
    Some(Server { url })
}

fn tag(cursor: &Cursor<'_>) -> Option<Tag> {
    let object = cursor.object()?;
    let tag = Tag {
        place: cursor.place(),
        name: object.require_text("name"),
        description: object.text("description"),
    };
    object.finish("a tag");
    Some(tag)
}
