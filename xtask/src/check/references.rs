//! Every `$ref` leads to a component, and no model contains itself.

use indexmap::IndexMap;

use crate::problems::Problems;
use crate::spec::{Kind, Media, OrRef, Parameter, Ref, RequestBody, Response, Schema, Spec};

pub fn check(spec: &Spec, problems: &Problems) {
    let checker = Checker { spec, problems };
    for operation in &spec.operations {
        checker.parameters(&operation.parameters);
        checker.bodies(operation.request_body.as_ref());
        checker.responses(&operation.responses);
    }
    for webhook in &spec.webhooks {
        checker.parameters(&webhook.parameters);
        checker.bodies(webhook.request_body.as_ref());
        checker.responses(&webhook.responses);
    }
    let components = &spec.components;
    components
        .parameters
        .values()
        .for_each(|item| checker.schema(&item.schema));
    components
        .headers
        .values()
        .for_each(|item| checker.schema(&item.schema));
    components
        .responses
        .values()
        .for_each(|item| checker.response(item));
    components
        .request_bodies
        .values()
        .for_each(|item| checker.content(&item.content));
    for (name, schema) in &components.schemas {
        checker.schema(schema);
        if let Kind::Ref(target) = &schema.kind {
            problems.add_at(
                &target.place,
                "a named schema that is only a $ref: use the target's name instead",
            );
        }
        let mut path = vec![name.as_str()];
        checker.recursion(schema, &mut path);
    }
}

struct Checker<'a> {
    spec: &'a Spec,
    problems: &'a Problems,
}

impl<'a> Checker<'a> {
    fn parameters(&self, list: &[OrRef<Parameter>]) {
        for item in list {
            if let Some(parameter) =
                self.found(item, &self.spec.components.parameters, "parameters")
            {
                self.schema(&parameter.schema);
            }
        }
    }

    fn bodies(&self, body: Option<&OrRef<RequestBody>>) {
        let bodies = &self.spec.components.request_bodies;
        if let Some(body) = body.and_then(|body| self.found(body, bodies, "requestBodies")) {
            self.content(&body.content);
        }
    }

    fn responses(&self, list: &[(String, OrRef<Response>)]) {
        for (_, item) in list {
            if let Some(response) = self.found(item, &self.spec.components.responses, "responses") {
                self.response(response);
            }
        }
    }

    fn response(&self, response: &Response) {
        for (_, item) in &response.headers {
            if let Some(header) = self.found(item, &self.spec.components.headers, "headers") {
                self.schema(&header.schema);
            }
        }
        self.content(&response.content);
    }

    fn content(&self, content: &[Media]) {
        for media in content {
            self.schema(&media.schema);
            for (_, example) in &media.examples {
                self.found(example, &self.spec.components.examples, "examples");
            }
        }
    }

    fn schema(&self, schema: &Schema) {
        for target in schema.references() {
            self.known(target, &self.spec.components.schemas, "schemas");
        }
    }

    fn found<'b, T>(
        &self,
        item: &'b OrRef<T>,
        section: &'b IndexMap<String, T>,
        name: &str,
    ) -> Option<&'b T> {
        if let OrRef::Ref(target) = item {
            self.known(target, section, name);
        }
        item.get(section)
    }

    fn known<T>(&self, target: &Ref, section: &IndexMap<String, T>, name: &str) {
        if !section.contains_key(&target.name) {
            let message = format!(
                "there is no components/{name}/{}: add it or correct the name",
                target.name
            );
            self.problems.add_at(&target.place, message);
        }
    }

    /// A struct that holds itself has no size. Lists and maps end the search, since they hold their items elsewhere.
    fn recursion(&self, schema: &'a Schema, path: &mut Vec<&'a str>) {
        let Kind::Object { fields, .. } = &schema.kind else {
            return;
        };
        for field in fields {
            let Kind::Ref(target) = &field.schema.kind else {
                continue;
            };
            if path.first() == Some(&target.name.as_str()) {
                let message = format!(
                    "`{}` contains itself: put a list between, or an id",
                    target.name
                );
                self.problems.add_at(&target.place, message);
            } else if !path.contains(&target.name.as_str())
                && let Some(schema) = self.spec.schema(&target.name)
            {
                path.push(&target.name);
                self.recursion(schema, path);
                path.pop();
            }
        }
    }
}
