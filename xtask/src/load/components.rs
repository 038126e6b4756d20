//! Reading `components`, and the same things where they are written in place.

use crate::cursor::{Cursor, Object};
use crate::load::schema::{Stands, schema};
use crate::spec::{
    Components, Example, Header, Location, Media, OrRef, Parameter, Ref, RequestBody, Response,
};

/// Values of `x-call-option` that SDK runtimes know.
const CALL_OPTIONS: &[&str] = &["api_version", "confirmation", "idempotency_key"];

/// Reads `components`.
pub fn components(cursor: &Cursor<'_>) -> Option<Components> {
    let object = cursor.object()?;
    let mut components = Components::default();
    each(&object, "schemas", |name, cursor| {
        pascal(name, cursor);
        if let Some(schema) = schema(cursor, Stands::Named) {
            components.schemas.insert(name.to_owned(), schema);
        }
    });
    each(&object, "parameters", |name, cursor| {
        components
            .parameters
            .extend(parameter(cursor).map(|item| (name.to_owned(), item)));
    });
    each(&object, "headers", |name, cursor| {
        components
            .headers
            .extend(header(cursor).map(|item| (name.to_owned(), item)));
    });
    each(&object, "responses", |name, cursor| {
        components
            .responses
            .extend(response(cursor).map(|item| (name.to_owned(), item)));
    });
    each(&object, "requestBodies", |name, cursor| {
        let body = request_body(cursor).map(|item| (name.to_owned(), item));
        components.request_bodies.extend(body);
    });
    each(&object, "examples", |name, cursor| {
        components
            .examples
            .extend(example(cursor).map(|item| (name.to_owned(), item)));
    });
    each(&object, "securitySchemes", |_, cursor| {
        security_scheme(cursor)
    });
    object.finish("components");
    Some(components)
}

fn each(object: &Object<'_>, key: &'static str, mut read: impl FnMut(&str, &Cursor<'_>)) {
    if let Some(section) = object.get(key) {
        for (name, _, cursor) in section.named() {
            read(name, &cursor);
        }
    }
}

fn pascal(name: &str, cursor: &Cursor<'_>) {
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|c| c.is_ascii_uppercase());
    if !starts || !chars.all(|c| c.is_ascii_alphanumeric()) {
        cursor.problem(format!(
            "`{name}` must be PascalCase: it becomes a type name in five languages"
        ));
    }
}

/// Only bearer keys: another scheme would need code in every SDK.
fn security_scheme(cursor: &Cursor<'_>) {
    let Some(object) = cursor.object() else {
        return;
    };
    for (key, wanted) in [("type", "http"), ("scheme", "bearer")] {
        if let Some(value) = object.require(key)
            && value.text().is_some_and(|text| text != wanted)
        {
            value.problem(format!(
                "must be `{wanted}`: the SDKs authenticate with a bearer key"
            ));
        }
    }
    object.text("description");
    object.text("bearerFormat");
    object.finish("a security scheme");
}

/// Reads the target of a `$ref`, which must be a component of the right section.
pub fn reference(cursor: &Cursor<'_>, section: &str) -> Option<Ref> {
    let target = cursor.text()?;
    let name = target.strip_prefix(&format!("#/components/{section}/"));
    match name {
        Some(name) if !name.is_empty() && !name.contains('/') => Some(Ref {
            place: cursor.place(),
            name: name.to_owned(),
        }),
        _ => {
            cursor.problem(format!(
                "`{target}` must be `#/components/{section}/<Name>`"
            ));
            None
        }
    }
}

/// Reads a `$ref` to `section`, or the thing itself.
pub fn or_ref<T>(
    cursor: &Cursor<'_>,
    section: &str,
    read: impl FnOnce(&Cursor<'_>) -> Option<T>,
) -> Option<OrRef<T>> {
    let object = cursor.object()?;
    if !object.has("$ref") {
        return read(cursor).map(OrRef::Here);
    }
    let target = reference(&object.get("$ref")?, section)?;
    object.finish("a reference (nothing else may stand beside $ref here)");
    Some(OrRef::Ref(target))
}

/// Reads a parameter.
pub fn parameter(cursor: &Cursor<'_>) -> Option<Parameter> {
    let object = cursor.object()?;
    let name = object.require_text("name");
    let place = object.require("in")?;
    let location = match place.text()? {
        "path" => Location::Path,
        "query" => Location::Query,
        "header" => Location::Header,
        other => {
            place.problem(format!(
                "`{other}` parameters are not supported: use path, query or header"
            ));
            return None;
        }
    };
    let required = object.flag("required");
    if location == Location::Path && !required {
        cursor.problem("a path parameter must have `required: true`");
    }
    let style = if location == Location::Query {
        "form"
    } else {
        "simple"
    };
    if let Some(value) = object.get("style")
        && value.text().is_some_and(|text| text != style)
    {
        value.problem(format!(
            "must be `{style}`, the only style that every SDK sends here"
        ));
    }
    if let Some(explode) = object.get("explode")
        && explode.boolean() != (location == Location::Query)
    {
        explode.problem("must be its default (lists in queries repeat the parameter)");
    }
    let call_option = object.get("x-call-option").and_then(|option| {
        let name = option.text()?;
        if !CALL_OPTIONS.contains(&name) || location != Location::Header {
            let known = CALL_OPTIONS.join(", ");
            option.problem(format!(
                "`{name}` is no call option of a header (known: {known})"
            ));
        }
        Some(name.to_owned())
    });
    let parameter = Parameter {
        place: cursor.place(),
        name,
        location,
        description: object.text("description"),
        required,
        deprecated: object.flag("deprecated"),
        schema: schema(&object.require("schema")?, Stands::Inline)?,
        examples: object
            .get("example")
            .map(|value| value.node.clone())
            .into_iter()
            .collect(),
        call_option,
    };
    object.finish("a parameter");
    Some(parameter)
}

/// Reads a response header.
fn header(cursor: &Cursor<'_>) -> Option<Header> {
    let object = cursor.object()?;
    let header = Header {
        description: object.text("description"),
        required: object.flag("required"),
        schema: schema(&object.require("schema")?, Stands::Inline)?,
    };
    object.get("example");
    object.finish("a header");
    Some(header)
}

/// Reads a response.
pub fn response(cursor: &Cursor<'_>) -> Option<Response> {
    let object = cursor.object()?;
    let description = object.require_text("description");
    let mut headers = Vec::new();
    if let Some(section) = object.get("headers") {
        for (name, _, value) in section.named() {
            headers.push((name.to_owned(), or_ref(&value, "headers", header)?));
        }
    }
    let content = object.get("content").map(|content| media_types(&content));
    object.finish("a response");
    Some(Response {
        place: cursor.place(),
        description,
        headers,
        content: content.unwrap_or_default(),
    })
}

/// Reads a request body.
pub fn request_body(cursor: &Cursor<'_>) -> Option<RequestBody> {
    let object = cursor.object()?;
    let body = RequestBody {
        place: cursor.place(),
        description: object.text("description"),
        required: object.flag("required"),
        content: media_types(&object.require("content")?),
    };
    object.finish("a request body");
    Some(body)
}

fn media_types(content: &Cursor<'_>) -> Vec<Media> {
    let read = |(media_type, _, cursor): (&str, _, Cursor<'_>)| media(media_type, &cursor);
    content.named().into_iter().filter_map(read).collect()
}

fn media(media_type: &str, cursor: &Cursor<'_>) -> Option<Media> {
    let object = cursor.object()?;
    let schema = schema(&object.require("schema")?, Stands::Inline)?;
    let mut examples = Vec::new();
    if let Some(section) = object.get("examples") {
        for (name, _, value) in section.named() {
            examples.push((name.to_owned(), or_ref(&value, "examples", example)?));
        }
    }
    object.finish("a media type");
    Some(Media {
        place: cursor.place(),
        media_type: media_type.to_owned(),
        schema,
        examples,
    })
}

/// Reads a named example.
fn example(cursor: &Cursor<'_>) -> Option<Example> {
    let object = cursor.object()?;
    let example = Example {
        summary: object.text("summary"),
        description: object.text("description"),
        value: object.require("value")?.node.clone(),
    };
    object.finish("an example");
    Some(example)
}
