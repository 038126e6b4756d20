//! Reading schemas. Inline objects and enums are refused: every model has a name, in every language the same.

use indexmap::IndexMap;
use serde_json::Value;

use super::components::reference;
use crate::cursor::{Cursor, Object};
use crate::spec::{Field, Kind, Limits, Ref, Schema};
use crate::yaml::Node;

/// Formats of strings that xtask knows; another one would silently become a plain string.
const TEXT_FORMATS: &[&str] = &[
    "binary",
    "date",
    "date-time",
    "email",
    "hostname",
    "password",
    "uri",
    "uuid",
];

/// Where a schema stands decides what it may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// Under `components/schemas`, so it has a name.
    Named,
    /// Anywhere else: references, scalars, and lists of these.
    Inline,
}

/// Reads one schema.
pub fn schema(cursor: &Cursor<'_>, stands: Stands) -> Option<Schema> {
    let object = cursor.object()?;
    let mut nullable = false;
    let kind = if object.has("$ref") {
        Kind::Ref(reference(&object.get("$ref")?, "schemas")?)
    } else if object.has("oneOf") {
        one_of(&object, stands, &mut nullable)?
    } else if object.has("type") {
        typed(&object, stands, &mut nullable)?
    } else if object.has("const") {
        Kind::Const(object.get("const")?.node.to_json())
    } else {
        untyped(&object)?
    };
    let schema = Schema {
        place: cursor.place(),
        kind,
        nullable,
        description: object.text("description"),
        default: object.get("default").map(|value| value.node.clone()),
        examples: examples(&object),
        deprecated: object.flag("deprecated"),
        write_only: object.flag("writeOnly"),
    };
    object.finish("a schema");
    Some(schema)
}

/// `examples: [..]`, the form of 3.1; `example` is refused because 3.1 deprecates it in schemas.
fn examples(object: &Object<'_>) -> Vec<Node> {
    let Some(list) = object.get("examples") else {
        return Vec::new();
    };
    list.list().iter().map(|item| item.node.clone()).collect()
}

/// A schema without `type`: any JSON value, which the spec must say on purpose.
fn untyped(object: &Object<'_>) -> Option<Kind> {
    for keyword in ["allOf", "anyOf", "not", "if", "enum", "properties", "items"] {
        if object.has(keyword) {
            let advice = match keyword {
                "allOf" => "write the model out with all its fields",
                "anyOf" => "use oneOf with a discriminator, or oneOf [$ref, null]",
                "enum" | "properties" | "items" => "add `type`",
                _ => "express it with the constructs of docs/generator.md",
            };
            object
                .cursor
                .problem(format!("`{keyword}` is not supported here: {advice}"));
            return None;
        }
    }
    Some(Kind::Any)
}

/// `oneOf`: a nullable reference, or a union with a discriminator.
fn one_of(object: &Object<'_>, stands: Stands, nullable: &mut bool) -> Option<Kind> {
    let list = object.get("oneOf")?;
    let mut refs = Vec::new();
    for item in list.list() {
        let branch = item.object()?;
        if branch.has("$ref") {
            refs.push(reference(&branch.get("$ref")?, "schemas")?);
        } else if branch
            .get("type")
            .and_then(|kind| kind.node.as_text().map(|t| t == "null"))
            == Some(true)
        {
            *nullable = true;
        } else {
            item.problem("a branch of oneOf must be a $ref to a named schema, or `type: \"null\"`");
            return None;
        }
        branch.finish("a branch of oneOf (put the docs beside oneOf)");
    }
    match object.get("discriminator") {
        None if refs.len() == 1 && *nullable => Some(Kind::Ref(refs.remove(0))),
        None => {
            list.problem("oneOf must be `[$ref, {type: \"null\"}]`, or have a discriminator");
            None
        }
        Some(_) if stands == Stands::Inline => {
            list.problem("a union must have a name: move it to components/schemas and $ref it");
            None
        }
        Some(discriminator) => union(&discriminator, refs),
    }
}

fn union(discriminator: &Cursor<'_>, variants: Vec<Ref>) -> Option<Kind> {
    let object = discriminator.object()?;
    let tag = object.require_text("propertyName");
    let mut mapping = Vec::new();
    if let Some(map) = object.require("mapping") {
        for (value, _, target) in map.named() {
            mapping.push((value.to_owned(), reference(&target, "schemas")?));
        }
    }
    object.finish("a discriminator");
    Some(Kind::Union {
        variants,
        tag,
        mapping,
    })
}

/// A schema with `type`.
fn typed(object: &Object<'_>, stands: Stands, nullable: &mut bool) -> Option<Kind> {
    let cursor = object.get("type")?;
    let name = type_name(&cursor, nullable)?;
    if object.has("enum") {
        return enumeration(object, &name, stands);
    }
    if let Some(value) = object.get("const") {
        return Some(Kind::Const(value.node.to_json()));
    }
    Some(match name.as_str() {
        "string" => Kind::Text {
            format: text_format(object),
            limits: Limits {
                min_size: object.count("minLength"),
                max_size: object.count("maxLength"),
                pattern: object.text("pattern"),
                ..Limits::default()
            },
        },
        "integer" => {
            number_format(object, &["int32", "int64"]);
            Kind::Integer(range(object))
        }
        "number" => {
            number_format(object, &["float", "double"]);
            Kind::Number(range(object))
        }
        "boolean" => Kind::Boolean,
        "array" => Kind::List {
            items: Box::new(schema(&object.require("items")?, Stands::Inline)?),
            limits: Limits {
                min_size: object.count("minItems"),
                max_size: object.count("maxItems"),
                unique: object.flag("uniqueItems"),
                ..Limits::default()
            },
        },
        "object" if stands == Stands::Inline => {
            let advice = "an inline object has no name: move it to components/schemas and $ref it";
            object.cursor.problem(advice);
            return None;
        }
        "object" => structure(object)?,
        other => {
            cursor.problem(format!("unknown type `{other}`"));
            return None;
        }
    })
}

/// `type: string` or `type: [string, "null"]`.
fn type_name(cursor: &Cursor<'_>, nullable: &mut bool) -> Option<String> {
    if let Some(name) = cursor.node.as_text() {
        return Some(name.to_owned());
    }
    let mut names = Vec::new();
    for item in cursor.list() {
        match item.text()? {
            "null" => *nullable = true,
            name => names.push(name.to_owned()),
        }
    }
    if names.len() != 1 || !*nullable {
        cursor.problem("`type` must be one type, or one type and \"null\"");
        return None;
    }
    names.pop()
}

fn text_format(object: &Object<'_>) -> Option<String> {
    let format = object.get("format")?;
    let name = format.text()?;
    if !TEXT_FORMATS.contains(&name) {
        let known = TEXT_FORMATS.join(", ");
        format.problem(format!(
            "unknown format `{name}` of a string (known: {known})"
        ));
    }
    Some(name.to_owned())
}

fn number_format(object: &Object<'_>, known: &[&str]) {
    if let Some(format) = object.get("format")
        && let Some(name) = format.text()
        && !known.contains(&name)
    {
        let known = known.join(", ");
        format.problem(format!(
            "unknown format `{name}` of a number (known: {known})"
        ));
    }
}

fn range(object: &Object<'_>) -> Limits {
    let number = |key| object.get(key).and_then(|value| value.number());
    Limits {
        minimum: number("minimum"),
        maximum: number("maximum"),
        above: number("exclusiveMinimum"),
        below: number("exclusiveMaximum"),
        multiple_of: number("multipleOf"),
        ..Limits::default()
    }
}

fn enumeration(object: &Object<'_>, type_name: &str, stands: Stands) -> Option<Kind> {
    let list = object.get("enum")?;
    if stands == Stands::Inline {
        list.problem("an inline enum has no name: move it to components/schemas and $ref it");
        return None;
    }
    let integers = type_name == "integer";
    if !integers && type_name != "string" {
        list.problem("an enum must be of type string or integer");
        return None;
    }
    if integers {
        number_format(object, &["int32", "int64"]);
    }
    let mut values: Vec<Value> = Vec::new();
    for item in list.list() {
        let value = item.node.to_json();
        let fits = if integers {
            value.is_i64()
        } else {
            value.is_string()
        };
        if !fits {
            item.problem(format!(
                "must be of type {type_name} like its enum: quote or correct it"
            ));
        } else if values.contains(&value) {
            item.problem(format!("duplicate value {value}: remove it"));
        }
        values.push(value);
    }
    if values.is_empty() {
        list.problem("an enum needs at least one value");
    }
    let descriptions = by_value(object.get("x-enum-descriptions"), &values);
    let names = by_value(object.get("x-enum-names"), &values);
    Some(Kind::Enum {
        integers,
        values,
        descriptions,
        names,
        open: object.flag("x-open-enum"),
    })
}

/// An extension of an enum that says something about some of its values.
fn by_value(extension: Option<Cursor<'_>>, values: &[Value]) -> IndexMap<String, String> {
    let mut map = IndexMap::new();
    for (value, _, text) in extension.map(|cursor| cursor.named()).unwrap_or_default() {
        if !values.iter().any(|known| plain(known) == value) {
            text.problem(format!("`{value}` is no value of this enum"));
        }
        map.extend(text.text().map(|text| (value.to_owned(), text.to_owned())));
    }
    map
}

/// A string without quotes, everything else as JSON.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// An object: fields, or a map.
fn structure(object: &Object<'_>) -> Option<Kind> {
    let limits = Limits {
        min_size: object.count("minProperties"),
        max_size: object.count("maxProperties"),
        ..Limits::default()
    };
    let additional = object.get("additionalProperties");
    if let Some(values) = &additional
        && values.object_like()
    {
        if object.has("properties") {
            values.problem(
                "an object has either `properties` or `additionalProperties: {..}`, not both",
            );
            return None;
        }
        let keys = object.get("propertyNames");
        return Some(Kind::Map {
            values: Box::new(schema(values, Stands::Inline)?),
            keys: keys
                .and_then(|keys| schema(&keys, Stands::Inline))
                .map(Box::new),
            limits,
        });
    }
    let closed = match additional {
        Some(value) if value.boolean() => {
            value.problem("`additionalProperties: true` is the default: remove it");
            false
        }
        Some(_) => true,
        None => false,
    };
    let fields = fields(object)?;
    Some(Kind::Object {
        fields,
        closed,
        limits,
    })
}

fn fields(object: &Object<'_>) -> Option<Vec<Field>> {
    let required: Vec<_> = object
        .get("required")
        .map(|list| list.list())
        .unwrap_or_default();
    let mut fields = Vec::new();
    if let Some(properties) = object.require("properties") {
        for (name, place, value) in properties.named() {
            let Some(schema) = schema(&value, Stands::Inline) else {
                continue;
            };
            fields.push(Field {
                place,
                name: name.to_owned(),
                required: required
                    .iter()
                    .any(|item| item.node.as_text() == Some(name)),
                schema,
            });
        }
        for item in &required {
            if let Some(name) = item.text()
                && properties.node.get(name).is_none()
            {
                item.problem(format!(
                    "`{name}` is required but is no property: add or remove it"
                ));
            }
        }
    }
    Some(fields)
}

impl Cursor<'_> {
    fn object_like(&self) -> bool {
        matches!(self.node.value, crate::yaml::Value::Map(_))
    }
}
