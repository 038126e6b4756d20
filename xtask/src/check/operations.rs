//! Operations and webhooks hold to the conventions that SDKs are built on.

use std::collections::HashMap;

use crate::problems::{Place, Problems};
use crate::spec::{Kind, Location, Media, Operation, Parameter, Response, Schema, Spec, Webhook};

pub fn check(spec: &Spec, problems: &Problems) {
    let mut ids: HashMap<&str, &Place> = HashMap::new();
    for operation in &spec.operations {
        if let Some(first) = ids.insert(&operation.id, &operation.id_place) {
            let line = first.at.line;
            let message = format!(
                "duplicate operationId `{}`, first on line {line}: rename one",
                operation.id
            );
            problems.add_at(&operation.id_place, message);
        }
        let checker = Checker {
            spec,
            problems,
            operation,
        };
        checker.id();
        checker.parameters();
        checker.body();
        checker.responses();
        checker.pagination();
    }
    for webhook in &spec.webhooks {
        event(spec, webhook, problems);
    }
}

struct Checker<'a> {
    spec: &'a Spec,
    problems: &'a Problems,
    operation: &'a Operation,
}

impl<'a> Checker<'a> {
    fn problem(&self, message: impl Into<String>) {
        self.problems.add_at(&self.operation.place, message);
    }

    fn id(&self) {
        let Operation {
            id,
            id_place,
            tags,
            place,
            ..
        } = self.operation;
        let snake = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_lowercase())
                && text
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        let Some((resource, _)) = id
            .split_once('.')
            .filter(|(resource, verb)| snake(resource) && snake(verb))
        else {
            let message =
                format!("`{id}` must be `<resource>.<verb>` in snake_case, such as `links.create`");
            self.problems.add_at(id_place, message);
            return;
        };
        if tags.as_slice() != [resource] {
            self.problems.add_at(
                place,
                format!("`tags` must be [{resource}], the resource of its operationId"),
            );
        } else if !self.spec.tags.iter().any(|tag| tag.name == *resource) {
            self.problems.add_at(
                place,
                format!("`{resource}` is missing from the document's `tags`: add it"),
            );
        }
    }

    fn all(&self) -> impl Iterator<Item = &'a Parameter> {
        let spec = self.spec;
        self.operation
            .parameters
            .iter()
            .filter_map(|item| spec.parameter(item))
    }

    fn parameters(&self) {
        let path = &self.operation.path;
        if !path.starts_with('/') || path.contains(['?', '#']) {
            self.problem(format!("`{path}` must start with `/` and have no query"));
        }
        let mut in_path = Vec::new();
        for segment in path.split('/') {
            match segment
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'))
            {
                Some(name) => in_path.push(name),
                None if segment.contains(['{', '}']) => {
                    self.problem(format!(
                        "`{segment}` in the path must be text or `{{name}}`, not both"
                    ));
                }
                None => {}
            }
        }
        let mut seen: Vec<(&str, Location)> = Vec::new();
        for parameter in self.all() {
            let name = parameter.name.as_str();
            if seen.contains(&(name, parameter.location)) {
                self.problem(format!("parameter `{name}` is there twice: remove one"));
            }
            seen.push((name, parameter.location));
            if parameter.location == Location::Path && !in_path.contains(&name) {
                self.problem(format!(
                    "path parameter `{name}` does not occur in `{path}`: remove it"
                ));
            }
            let text = self
                .spec
                .target(&parameter.schema)
                .map(|target| &target.kind);
            if parameter.location == Location::Path && !matches!(text, Some(Kind::Text { .. })) {
                let message = "a path parameter must be a string: SDKs refuse `.` and `..` there";
                self.problems.add_at(&parameter.schema.place, message);
            }
            self.parameter(parameter);
        }
        for name in in_path {
            if !seen.contains(&(name, Location::Path)) {
                self.problem(format!(
                    "`{{{name}}}` in the path is not declared: add a path parameter `{name}`"
                ));
            }
        }
    }

    fn parameter(&self, parameter: &Parameter) {
        let scalar = |schema: &Schema| {
            let target = self.spec.target(schema);
            target.is_some_and(|target| {
                let scalar = matches!(
                    target.kind,
                    Kind::Text { .. }
                        | Kind::Integer(_)
                        | Kind::Number(_)
                        | Kind::Boolean
                        | Kind::Enum { .. }
                );
                scalar && !schema.nullable && !target.nullable
            })
        };
        let list = match self
            .spec
            .target(&parameter.schema)
            .map(|target| &target.kind)
        {
            Some(Kind::List { items, .. }) => {
                parameter.location == Location::Query && scalar(items)
            }
            _ => false,
        };
        if !list && !scalar(&parameter.schema) {
            let message = "must be a scalar, or in a query a list of scalars, and not null";
            self.problems.add_at(&parameter.schema.place, message);
        }
    }

    fn body(&self) {
        let Some(body) = &self.operation.request_body else {
            return;
        };
        let Some(body) = self.spec.body(body) else {
            return;
        };
        if matches!(self.operation.method.as_str(), "GET" | "DELETE") {
            self.problem(format!(
                "{} cannot have a body: remove requestBody",
                self.operation.method
            ));
        }
        if !body.required {
            self.problems
                .add_at(&body.place, "must have `required: true`");
        }
        match &body.content[..] {
            [media] if media.media_type == "application/json" => {
                json_model(self.spec, media, self.problems)
            }
            _ => self.problems.add_at(
                &body.place,
                "must have exactly one media type, application/json",
            ),
        }
    }

    fn responses(&self) {
        let success: Vec<_> = self.operation.successes().collect();
        if let [(_, response)] = &success[..] {
            if let Some(response) = self.spec.response(response) {
                self.success(response);
            }
        } else {
            let count = success.len();
            self.problem(format!(
                "must have exactly one 2xx answer with its code, has {count}"
            ));
        }
        for (status, response) in &self.operation.responses {
            let error = status == "default" || status.starts_with(['4', '5']);
            let Some(response) = self.spec.response(response).filter(|_| error) else {
                continue;
            };
            match &response.content[..] {
                [media] if media.media_type == "application/problem+json" => {
                    json_model(self.spec, media, self.problems);
                }
                _ => self.problems.add_at(
                    &response.place,
                    "an error must have exactly one media type, application/problem+json",
                ),
            }
        }
    }

    fn success(&self, response: &Response) {
        let json = response
            .content
            .iter()
            .find(|media| media.media_type.ends_with("json"));
        match json {
            Some(media)
                if response.content.len() == 1 && media.media_type == "application/json" =>
            {
                json_model(self.spec, media, self.problems);
            }
            Some(media) => {
                let message = "a JSON answer must have exactly one media type, application/json";
                self.problems.add_at(&media.place, message);
            }
            None => {
                for media in &response.content {
                    binary(self.spec, media, self.problems);
                }
            }
        }
    }

    fn pagination(&self) {
        let Some(pagination) = &self.operation.pagination else {
            return;
        };
        let problem = |message: String| self.problems.add_at(&pagination.place, message);
        let cursor = self
            .all()
            .find(|item| item.name == pagination.cursor && item.location == Location::Query);
        if cursor.is_none() {
            problem(format!(
                "there is no query parameter `{}`: add it",
                pagination.cursor
            ));
        }
        let page = crate::model::page(self.spec, self.operation);
        let Some(fields) = page else {
            problem("the answer is no model with fields".into());
            return;
        };
        let field = |name: &str| {
            fields
                .iter()
                .find(|field| field.name == name)
                .map(|field| &field.schema)
        };
        let model_list = field(&pagination.items).and_then(|schema| self.spec.target(schema)).is_some_and(|list| {
            matches!(&list.kind, Kind::List { items, .. }
                if self.spec.target(items).is_some_and(|item| matches!(item.kind, Kind::Object { .. })))
        });
        if !model_list {
            problem(format!(
                "`{}` of the page must be a list of models",
                pagination.items
            ));
        }
        let next = field(&pagination.next).is_some_and(|next| {
            let target = self.spec.target(next);
            next.nullable && target.is_some_and(|target| matches!(target.kind, Kind::Text { .. }))
        });
        if !next {
            problem(format!(
                "`{}` of the page must be a string or null",
                pagination.next
            ));
        }
    }
}

fn json_model(spec: &Spec, media: &Media, problems: &Problems) {
    let model = match &media.schema.kind {
        Kind::Ref(target) => spec.schema(&target.name),
        _ => None,
    };
    let model = model.filter(|schema| matches!(schema.kind, Kind::Object { .. }));
    if model.is_none() || media.schema.nullable {
        problems.add_at(
            &media.schema.place,
            "the body must be a $ref to a model (an object with properties)",
        );
    }
}

fn binary(spec: &Spec, media: &Media, problems: &Problems) {
    let target = spec.target(&media.schema);
    let binary = |schema: &Schema| matches!(&schema.kind, Kind::Text { format: Some(f), .. } if f == "binary");
    if !target.is_some_and(binary) {
        let message = format!(
            "a body of {} must be a string of format binary",
            media.media_type
        );
        problems.add_at(&media.schema.place, message);
    }
}

/// The body of a webhook is a model whose `type` is the webhook's name.
fn event(spec: &Spec, webhook: &Webhook, problems: &Problems) {
    let body = webhook
        .request_body
        .as_ref()
        .and_then(|body| spec.body(body));
    let media = body.and_then(|body| {
        body.content
            .iter()
            .find(|media| media.media_type == "application/json")
    });
    let Some(media) = media else {
        problems.add_at(
            &webhook.place,
            "a webhook needs a requestBody of application/json",
        );
        return;
    };
    json_model(spec, media, problems);
    if let Some(Kind::Object { fields, .. }) = spec.target(&media.schema).map(|schema| &schema.kind)
    {
        let named = fields.iter().any(|field| {
            field.name == "type" && matches!(&field.schema.kind, Kind::Const(value) if value == webhook.name.as_str())
        });
        if !named {
            let message = format!("the event's `type` must be `const: {}`", webhook.name);
            problems.add_at(&media.schema.place, message);
        }
    }
}
