//! Reading `paths` and `webhooks`.

use crate::cursor::{Cursor, Object};
use crate::load::components::{or_ref, parameter, request_body, response};
use crate::spec::{Operation, OrRef, Pagination, Parameter, RequestBody, Response, Webhook};

const METHODS: &[&str] = &["get", "put", "post", "patch", "delete"];

/// Reads `paths`.
pub fn paths(cursor: &Cursor<'_>) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, _, item) in cursor.named() {
        let Some(object) = item.object() else {
            continue;
        };
        let shared = parameters(&object);
        for method in METHODS {
            if let Some(cursor) = object.get(method) {
                operations.extend(operation(&cursor, method, path, &shared));
            }
        }
        object.finish("a path (operations are get, put, post, patch, delete)");
    }
    operations.sort_by_key(|operation| operation.place.at);
    operations
}

fn operation(
    cursor: &Cursor<'_>,
    method: &str,
    path: &str,
    shared: &[OrRef<Parameter>],
) -> Option<Operation> {
    let object = cursor.object()?;
    let id = object.require("operationId")?;
    let mut all = shared.to_vec();
    all.extend(parameters(&object));
    let tags = object
        .require("tags")
        .map(|list| list.list())
        .unwrap_or_default();
    let operation = Operation {
        place: cursor.place(),
        method: method.to_uppercase(),
        path: path.to_owned(),
        id: id.text()?.to_owned(),
        id_place: id.place(),
        tags: tags
            .iter()
            .filter_map(|tag| tag.text())
            .map(str::to_owned)
            .collect(),
        summary: object.text("summary"),
        description: object.text("description"),
        deprecated: object.flag("deprecated"),
        parameters: all,
        request_body: body(&object),
        responses: responses(&object),
        pagination: object
            .get("x-pagination")
            .and_then(|cursor| pagination(&cursor)),
    };
    object.finish("an operation");
    Some(operation)
}

fn parameters(object: &Object<'_>) -> Vec<OrRef<Parameter>> {
    let list = object
        .get("parameters")
        .map(|list| list.list())
        .unwrap_or_default();
    let read = |cursor: &Cursor<'_>| or_ref(cursor, "parameters", parameter);
    list.iter().filter_map(read).collect()
}

fn body(object: &Object<'_>) -> Option<OrRef<RequestBody>> {
    or_ref(&object.get("requestBody")?, "requestBodies", request_body)
}

fn responses(object: &Object<'_>) -> Vec<(String, OrRef<Response>)> {
    let Some(section) = object.require("responses") else {
        return Vec::new();
    };
    let mut list = Vec::new();
    for (status, _, cursor) in section.named() {
        if !is_status(status) {
            cursor.problem(format!("`{status}` is no status: use 201, 4XX or default"));
        }
        let read = or_ref(&cursor, "responses", response);
        list.extend(read.map(|answer| (status.to_owned(), answer)));
    }
    list
}

fn is_status(status: &str) -> bool {
    let class = status.starts_with(|c| ('1'..='5').contains(&c));
    let rest = status.get(1..).unwrap_or_default();
    let code = rest.len() == 2 && rest.bytes().all(|b| b.is_ascii_digit());
    status == "default" || class && (code || rest == "XX")
}

fn pagination(cursor: &Cursor<'_>) -> Option<Pagination> {
    let object = cursor.object()?;
    let pagination = Pagination {
        place: cursor.place(),
        items: object.require_text("items"),
        cursor: object.require_text("cursor"),
        next: object.require_text("next"),
    };
    object.finish("x-pagination");
    Some(pagination)
}

/// Reads `webhooks`.
pub fn webhooks(cursor: &Cursor<'_>) -> Vec<Webhook> {
    let mut webhooks = Vec::new();
    for (name, place, item) in cursor.named() {
        let Some(path) = item.object() else { continue };
        if let Some(post) = path.require("post")
            && let Some(object) = post.object()
        {
            object.text("operationId");
            object.get("tags");
            object.get("security");
            webhooks.push(Webhook {
                place,
                name: name.to_owned(),
                summary: object.text("summary"),
                description: object.text("description"),
                parameters: parameters(&object),
                request_body: body(&object),
                responses: responses(&object),
            });
            object.finish("a webhook");
        }
        path.finish("a webhook's path (it is sent with post)");
    }
    webhooks
}
