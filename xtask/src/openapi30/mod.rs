//! The spec as OpenAPI 3.0, for generators and tools that stop there.
//!
//! The two versions differ in a handful of places, and each has its function here. The document is walked by its
//! structure, so that nothing inside of an example or a default is taken for a schema.

mod nullable;

use crate::yaml::{Node, Value};

const SCHEMAS: &str = "#/components/schemas/";

/// Begins the name of a schema that only the 3.0 document has.
pub const NULLABLE: &str = "Nullable";

/// The 3.0 form of a 3.1 document that passed the checks of xtask.
pub fn downgrade(document: &Node) -> Node {
    let mut document = document.clone();
    document.set("openapi", Node::text("3.0.3"));
    if let Some(info) = document.get_mut("info") {
        info.remove("summary");
        // 3.0 knows licenses by their address only.
        if let Some(license) = info.get_mut("license")
            && let Some(id) = license.remove("identifier")
        {
            let id = id.as_text().unwrap_or_default();
            license.set(
                "url",
                Node::text(format!("https://spdx.org/licenses/{id}.html")),
            );
        }
    }
    document.remove("jsonSchemaDialect");
    document.remove("webhooks");
    each(document.get_mut("paths"), |path| {
        path.get_mut("parameters").map(parameters);
        for method in ["get", "put", "post", "patch", "delete"] {
            path.get_mut(method).map(operation);
        }
    });
    if let Some(components) = document.get_mut("components") {
        each(components.get_mut("schemas"), schema);
        each(components.get_mut("parameters"), holder);
        each(components.get_mut("headers"), holder);
        each(components.get_mut("requestBodies"), content);
        each(components.get_mut("responses"), response);
    }
    nullable::add_schemas(&mut document);
    drop_unused(&mut document);
    document
}

/// Changes every value of a mapping.
fn each(map: Option<&mut Node>, mut change: impl FnMut(&mut Node)) {
    if let Some(entries) = map.and_then(Node::entries_mut) {
        entries
            .iter_mut()
            .for_each(|entry| change(&mut entry.value));
    }
}

fn operation(operation: &mut Node) {
    operation.get_mut("parameters").map(parameters);
    operation.get_mut("requestBody").map(content);
    each(operation.get_mut("responses"), response);
}

fn parameters(list: &mut Node) {
    if let Value::List(items) = &mut list.value {
        items.iter_mut().for_each(holder);
    }
}

/// A parameter, header or media type.
fn holder(holder: &mut Node) {
    holder.get_mut("schema").map(schema);
}

fn content(body: &mut Node) {
    each(body.get_mut("content"), holder);
}

fn response(response: &mut Node) {
    each(response.get_mut("headers"), holder);
    content(response);
}

fn schema(node: &mut Node) {
    nested(node);
    null_type(node);
    null_branch(node);
    constant(node);
    exclusive_bound(node, "exclusiveMinimum", "minimum");
    exclusive_bound(node, "exclusiveMaximum", "maximum");
    property_names(node);
    first_example(node);
    reference_with_siblings(node);
}

fn nested(node: &mut Node) {
    each(node.get_mut("properties"), schema);
    node.get_mut("items").map(schema);
    if let Some(values) = node.get_mut("additionalProperties")
        && values.entries_mut().is_some()
    {
        schema(values);
    }
}

/// `type: [string, "null"]` → `type: string`, `nullable: true`.
fn null_type(node: &mut Node) {
    let Some(kind) = node.get_mut("type") else {
        return;
    };
    let Value::List(types) = &kind.value else {
        return;
    };
    let other = types
        .iter()
        .find(|item| item.as_text() != Some("null"))
        .cloned();
    if let Some(other) = other {
        *kind = other;
        node.set("nullable", Node::new(Value::Bool(true)));
    }
}

/// `oneOf: [{$ref: X}, {type: "null"}]` → `$ref: NullableX`, which `nullable` adds. In 3.0 `nullable` widens
/// the type beside it and nothing else, so a reference cannot be made nullable from outside.
fn null_branch(node: &mut Node) {
    let Some(branches) = node.get("oneOf") else {
        return;
    };
    let is_null = |branch: &Node| branch.get("type").and_then(Node::as_text) == Some("null");
    let mut others = branches.items().iter().filter(|branch| !is_null(branch));
    let target = match (others.next(), others.next()) {
        (Some(only), None) => only.get("$ref").and_then(Node::as_text),
        _ => None,
    };
    if let Some(name) = target.and_then(|target| target.strip_prefix(SCHEMAS)) {
        let target = Node::text(format!("{SCHEMAS}{NULLABLE}{name}"));
        rename(node, "oneOf", "$ref", target);
    }
}

/// `const: x` → `enum: [x]`.
fn constant(node: &mut Node) {
    if let Some(value) = node.get("const").cloned() {
        let is_text = value.as_text().is_some();
        rename(node, "const", "enum", Node::new(Value::List(vec![value])));
        if is_text && node.get("type").is_none() {
            node.set("type", Node::text("string"));
        }
    }
}

/// `exclusiveMinimum: 1` → `minimum: 1`, `exclusiveMinimum: true`.
fn exclusive_bound(node: &mut Node, exclusive: &str, plain: &str) {
    if let Some(bound) = node.get(exclusive).cloned() {
        node.set(exclusive, Node::new(Value::Bool(true)));
        node.set(plain, bound);
    }
}

/// 3.0 cannot say what keys look like, so the description does.
fn property_names(node: &mut Node) {
    let Some(keys) = node.remove("propertyNames") else {
        return;
    };
    let pattern = keys
        .get("pattern")
        .and_then(Node::as_text)
        .map(|pattern| format!("Keys match `{pattern}`."));
    let named = keys.get("$ref").and_then(Node::as_text).or_else(|| {
        // By now a reference with siblings is wrapped.
        keys.get("allOf")?.items().first()?.get("$ref")?.as_text()
    });
    let named = named
        .and_then(|target| target.rsplit('/').next())
        .map(|name| format!("Keys are a `{name}`."));
    if let Some(note) = pattern.or(named) {
        describe(node, &note);
    }
}

/// Adds a sentence to a description.
fn describe(node: &mut Node, note: &str) {
    let old = node
        .get("description")
        .and_then(Node::as_text)
        .unwrap_or_default()
        .trim_end();
    let text = if old.is_empty() {
        note.to_owned()
    } else {
        format!("{old} {note}")
    };
    node.set("description", Node::text(text));
}

/// `examples: [x, y]` → `example: x`.
fn first_example(node: &mut Node) {
    if let Some(first) = node
        .get("examples")
        .map(|examples| examples.items().first().cloned())
    {
        match first {
            Some(first) => rename(node, "examples", "example", first),
            None => {
                node.remove("examples");
            }
        }
    }
}

/// 3.0 ignores whatever stands beside `$ref`, so the reference moves into `allOf`.
fn reference_with_siblings(node: &mut Node) {
    if node.entries().len() > 1
        && let Some(target) = node.get("$ref").cloned()
    {
        let list = Node::new(Value::List(vec![Node::map([("$ref", target)])]));
        rename(node, "$ref", "allOf", list);
    }
}

/// Replaces an entry in its place.
fn rename(node: &mut Node, old: &str, new: &str, value: Node) {
    let entries = node.entries_mut();
    if let Some(entry) =
        entries.and_then(|entries| entries.iter_mut().find(|entry| entry.key == old))
    {
        new.clone_into(&mut entry.key);
        entry.value = value;
    }
}

/// Without webhooks, what only they refer to would lie about unused. Schemas stay: events are still part of the API.
fn drop_unused(document: &mut Node) {
    for section in [
        "parameters",
        "requestBodies",
        "responses",
        "headers",
        "examples",
    ] {
        let mut used = Vec::new();
        references(document, &format!("#/components/{section}/"), &mut used);
        let components = document.get_mut("components");
        if let Some(entries) = components
            .and_then(|all| all.get_mut(section))
            .and_then(Node::entries_mut)
        {
            entries.retain(|entry| used.contains(&entry.key));
        }
    }
}

fn references(node: &Node, prefix: &str, used: &mut Vec<String>) {
    for entry in node.entries() {
        if entry.key == "$ref"
            && let Some(name) = entry
                .value
                .as_text()
                .and_then(|target| target.strip_prefix(prefix))
        {
            used.push(name.to_owned());
        }
        references(&entry.value, prefix, used);
    }
    node.items()
        .iter()
        .for_each(|item| references(item, prefix, used));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems::Problems;
    use crate::yaml::parse;

    fn json(text: &str) -> String {
        let mut node = parse(text, &Problems::new("t")).unwrap();
        schema(&mut node);
        serde_json::to_string(&node).unwrap()
    }

    #[test]
    fn every_difference_of_schemas() {
        for (before, after) in [
            (
                "type: [string, 'null']\nminLength: 1",
                r#"{"type":"string","minLength":1,"nullable":true}"#,
            ),
            (
                "description: d\noneOf: [{$ref: '#/components/schemas/A'}, {type: 'null'}]",
                r##"{"description":"d","allOf":[{"$ref":"#/components/schemas/NullableA"}]}"##,
            ),
            (
                "type: string\nconst: a",
                r#"{"type":"string","enum":["a"]}"#,
            ),
            ("const: a", r#"{"enum":["a"],"type":"string"}"#),
            (
                "type: integer\nexclusiveMinimum: 1",
                r#"{"type":"integer","exclusiveMinimum":true,"minimum":1}"#,
            ),
            (
                "type: string\nexamples: [a, b]",
                r#"{"type":"string","example":"a"}"#,
            ),
            (
                "$ref: '#/components/schemas/A'",
                r##"{"$ref":"#/components/schemas/A"}"##,
            ),
            (
                "$ref: '#/components/schemas/A'\ndescription: d",
                r##"{"allOf":[{"$ref":"#/components/schemas/A"}],"description":"d"}"##,
            ),
            (
                "type: object\npropertyNames: {$ref: '#/components/schemas/K'}\nadditionalProperties: {type: [integer, 'null']}",
                r#"{"type":"object","additionalProperties":{"type":"integer","nullable":true},"description":"Keys are a `K`."}"#,
            ),
            (
                "type: object\nproperties: {a: {type: array, items: {const: x}}}\nexamples: [{const: x, examples: [1]}]",
                r#"{"type":"object","properties":{"a":{"type":"array","items":{"enum":["x"],"type":"string"}}},"example":{"const":"x","examples":[1]}}"#,
            ),
        ] {
            assert_eq!(json(before), after, "from {before}");
        }
    }

    #[test]
    fn nullable_references_get_a_schema_of_their_own() {
        let nullable = "oneOf: [{$ref: '#/components/schemas/A'}, {type: 'null'}]";
        let schemas = |other: &str| {
            let fields = format!("properties: {{a: {{{nullable}}}, b: {{{other}}}}}");
            let text = format!(
                "components: {{schemas: {{A: {{type: string, enum: [x]}}, B: {{{fields}}}}}}}"
            );
            let document = downgrade(&parse(&text, &Problems::new("t")).unwrap());
            serde_json::to_string(document.get("components").unwrap().get("schemas").unwrap())
                .unwrap()
        };
        assert_eq!(
            schemas("$ref: '#/components/schemas/A'"),
            r##"{"A":{"type":"string","enum":["x"]},"##.to_owned()
                + r##""NullableA":{"type":"string","nullable":true,"description":"One of \"x\", or null."},"##
                + r##""B":{"properties":{"a":{"$ref":"#/components/schemas/NullableA"},"##
                + r##""b":{"$ref":"#/components/schemas/A"}}}}"##
        );
        assert_eq!(
            schemas("type: string"),
            r##"{"A":{"type":"string","nullable":true,"description":"One of \"x\", or null."},"##
                .to_owned()
                + r##""B":{"properties":{"a":{"$ref":"#/components/schemas/A"},"b":{"type":"string"}}}}"##
        );
    }

    #[test]
    fn nullable_values_are_in_words() {
        let text = "components: {schemas: {A: {type: integer, description: d, enum: [1, 2]}, \
                    B: {properties: {a: {oneOf: [{$ref: '#/components/schemas/A'}, {type: 'null'}]}}}}}";
        let document = downgrade(&parse(text, &Problems::new("t")).unwrap());
        let schemas = document.get("components").unwrap().get("schemas").unwrap();
        assert_eq!(
            serde_json::to_string(schemas.get("A").unwrap()).unwrap(),
            r#"{"type":"integer","description":"d One of 1, 2, or null.","nullable":true}"#
        );
    }

    #[test]
    fn a_union_keeps_its_branches() {
        let text = "oneOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}]";
        assert!(json(text).contains("oneOf"));
    }
}
