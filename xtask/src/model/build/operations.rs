//! Operations and webhooks → the model. Expects a spec that passed its checks.

use super::{limits, samples, types};
use crate::model::{
    Answer, Body, CallOption, Event, Example, Operation, Pagination, Param, ResponseHeader, Scope,
    Segment, Shape, Success, SuccessBody,
};
use crate::names;
use crate::spec::{self, Kind, Location, Media, OrRef, Schema, Spec};

/// Name of the function that progenitor generates for an operation.
pub fn rust_function(id: &str) -> String {
    names::snake(id)
}

/// An operation of the model.
pub fn operation(spec: &Spec, operation: &spec::Operation) -> Option<Operation> {
    let (resource, verb) = operation.resource_and_verb()?;
    let params = |location| -> Vec<Param> {
        let all = operation
            .parameters
            .iter()
            .filter_map(|item| spec.parameter(item));
        let wanted = all.filter(|item| item.location == location && item.call_option.is_none());
        wanted.map(|item| param(spec, item)).collect()
    };
    let mut path_params = params(Location::Path);
    let segments = segments(&operation.path);
    let place = |param: &Param| {
        let same =
            |segment: &Segment| matches!(segment, Segment::Param(name) if *name == param.name);
        segments.iter().position(same)
    };
    path_params.sort_by_key(place);
    let request_body = operation
        .request_body
        .as_ref()
        .and_then(|body| spec.body(body));
    let (status, success) = operation.successes().next()?;
    let response = spec.response(success)?;
    let read = operation.method == "GET";
    Some(Operation {
        id: operation.id.clone(),
        resource: resource.to_owned(),
        verb: verb.to_owned(),
        method: operation.method.clone(),
        path: operation.path.clone(),
        path_params,
        query_params: params(Location::Query),
        header_params: params(Location::Header),
        call_options: call_options(spec, operation)
            .map(|option| option.name)
            .collect(),
        body: request_body.and_then(|body| self::body(spec, body)),
        success: Success {
            status,
            body: success_body(response),
            headers: headers(spec, response),
            description: response.description.clone(),
        },
        answers: answers(spec, operation),
        pagination: pagination(spec, operation),
        idempotent: matches!(operation.method.as_str(), "GET" | "PUT" | "DELETE"),
        scope: if read { Scope::Read } else { Scope::Write },
        summary: operation.summary.clone(),
        description: operation.description.clone(),
        deprecated: operation.deprecated,
        request_examples: request_body
            .map(|body| examples(spec, &body.content))
            .unwrap_or_default(),
        response_examples: examples(spec, &response.content),
        rust_arguments: Vec::new(),
        rust_function: rust_function(&operation.id),
        segments,
    })
}

fn segments(path: &str) -> Vec<Segment> {
    let segment = |part: &str| match part
        .strip_prefix('{')
        .and_then(|part| part.strip_suffix('}'))
    {
        Some(name) => Segment::Param(name.to_owned()),
        None => Segment::Literal(part.to_owned()),
    };
    path.trim_start_matches('/')
        .split('/')
        .map(segment)
        .collect()
}

/// A parameter of the model.
fn param(spec: &Spec, param: &spec::Parameter) -> Param {
    let target = spec.target(&param.schema).unwrap_or(&param.schema);
    let ty = types::type_of(spec, &param.schema);
    let example = param.examples.first().or(param.schema.examples.first());
    Param {
        name: param.name.clone(),
        required: param.required,
        repeated: matches!(ty.shape, Shape::List { .. }),
        zero_says_nothing: zero_says_nothing(target),
        description: param
            .description
            .clone()
            .or_else(|| target.description.clone()),
        constraints: limits::phrases(target),
        default: param
            .schema
            .default
            .clone()
            .or_else(|| target.default.clone()),
        example: example.or(target.examples.first()).cloned(),
        deprecated: param.deprecated,
        ty,
    }
}

fn zero_says_nothing(target: &Schema) -> bool {
    match &target.kind {
        Kind::Integer(limits) | Kind::Number(limits) => limits
            .minimum
            .as_ref()
            .is_some_and(|least| least.as_f64() > Some(0.0)),
        Kind::Boolean => false,
        // An empty filter is no filter, and an empty header no header.
        _ => true,
    }
}

/// The call options whose headers an operation reads.
pub fn call_options<'a>(
    spec: &'a Spec,
    operation: &'a spec::Operation,
) -> impl Iterator<Item = CallOption> + 'a {
    let params = operation
        .parameters
        .iter()
        .filter_map(|item| spec.parameter(item));
    params.filter_map(|param| {
        let target = spec.target(&param.schema).unwrap_or(&param.schema);
        Some(CallOption {
            name: param.call_option.clone()?,
            header: param.name.clone(),
            description: param.description.clone(),
            secret: matches!(&target.kind, Kind::Text { format: Some(format), .. } if format == "password"),
        })
    })
}

/// Name of the model that a JSON body refers to.
fn model_name(content: &[Media]) -> Option<&str> {
    let json = content
        .iter()
        .find(|media| media.media_type.ends_with("json"))?;
    match &json.schema.kind {
        Kind::Ref(target) => Some(&target.name),
        _ => None,
    }
}

fn body(spec: &Spec, body: &spec::RequestBody) -> Option<Body> {
    let model = model_name(&body.content)?;
    let schema = spec.schema(model)?;
    let may_be_empty = match &schema.kind {
        Kind::Object { fields, .. } => fields.iter().all(|field| !field.required),
        _ => false,
    };
    Some(Body {
        model: model.to_owned(),
        required: body.required,
        may_be_empty,
        description: body.description.clone(),
        example: match examples(spec, &body.content).into_iter().next() {
            Some(example) => example.value,
            None => samples::sample(spec, schema),
        },
    })
}

fn success_body(response: &spec::Response) -> SuccessBody {
    if let Some(model) = model_name(&response.content) {
        return SuccessBody::Json {
            model: model.to_owned(),
        };
    }
    if response.content.is_empty() {
        return SuccessBody::Empty;
    }
    SuccessBody::Binary {
        media_types: response
            .content
            .iter()
            .map(|media| media.media_type.clone())
            .collect(),
    }
}

fn headers(spec: &Spec, response: &spec::Response) -> Vec<ResponseHeader> {
    let header = |(name, header): &(String, OrRef<spec::Header>)| {
        let header = header.get(&spec.components.headers)?;
        Some(ResponseHeader {
            name: name.clone(),
            required: header.required,
            description: header.description.clone(),
        })
    };
    response.headers.iter().filter_map(header).collect()
}

fn answers(spec: &Spec, operation: &spec::Operation) -> Vec<Answer> {
    let success = operation
        .successes()
        .next()
        .map(|(status, _)| status.to_string());
    let others = operation
        .responses
        .iter()
        .filter(|(status, _)| Some(status) != success.as_ref());
    let answer = |(status, reference): &(String, OrRef<spec::Response>)| {
        let response = spec.response(reference)?;
        Some(Answer {
            status: status.clone(),
            name: reference.name().map(str::to_owned),
            description: response.description.clone(),
            model: model_name(&response.content).map(str::to_owned),
        })
    };
    others.filter_map(answer).collect()
}

fn examples(spec: &Spec, content: &[Media]) -> Vec<Example> {
    let all = content.iter().flat_map(|media| &media.examples);
    let example = |(name, example): &(String, OrRef<spec::Example>)| {
        let example = example.get(&spec.components.examples)?;
        Some(Example {
            name: name.clone(),
            summary: example.summary.clone(),
            value: example.value.clone(),
        })
    };
    all.filter_map(example).collect()
}

/// The fields of the model that an operation answers with.
pub fn page<'a>(spec: &'a Spec, operation: &spec::Operation) -> Option<&'a [spec::Field]> {
    let (_, response) = operation.successes().next()?;
    let response = response.get(&spec.components.responses)?;
    match &spec.schema(model_name(&response.content)?)?.kind {
        Kind::Object { fields, .. } => Some(fields),
        _ => None,
    }
}

/// How an operation's pages hang together; none where it has no `x-pagination`.
pub fn pagination(spec: &Spec, operation: &spec::Operation) -> Option<Pagination> {
    let pagination = operation.pagination.as_ref()?;
    let (_, response) = operation.successes().next()?;
    let page_model = model_name(&spec.response(response)?.content)?;
    let items = page(spec, operation)?
        .iter()
        .find(|field| field.name == pagination.items)?;
    let Shape::List { items } = types::type_of(spec, &items.schema).shape else {
        return None;
    };
    let Shape::Model { name: item_model } = items.shape else {
        return None;
    };
    Some(Pagination {
        items: pagination.items.clone(),
        cursor: pagination.cursor.clone(),
        next: pagination.next.clone(),
        page_model: page_model.to_owned(),
        item_model,
    })
}

/// An event of the model.
pub fn event(spec: &Spec, webhook: &spec::Webhook) -> Option<Event> {
    let body = spec.body(webhook.request_body.as_ref()?)?;
    let headers = webhook
        .parameters
        .iter()
        .filter_map(|item| spec.parameter(item));
    Some(Event {
        name: webhook.name.clone(),
        model: model_name(&body.content)?.to_owned(),
        headers: headers.map(|item| param(spec, item)).collect(),
        summary: webhook.summary.clone(),
        description: webhook.description.clone(),
    })
}
