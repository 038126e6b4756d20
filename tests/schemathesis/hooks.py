"""Where AppRoute's contract goes against what schemathesis assumes; the reason stands beside each.

Nothing is excluded: every operation and every check of schemathesis runs. Three checks are replaced by ones that know which
refusals of schema-valid requests the contract promises, which refusals stand within a 200, and which resources are still there
when they are deleted.
"""

import re
import uuid

import schemathesis
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance, use_after_free

# Refusals of requests that their schema allows, by the problem's code.
BEYOND_THE_SCHEMA = {
    "precondition_failed": "If-Match names the version that the caller has seen, and a made-up one is another",
    "slug_reserved": "the reserved names are a list that grows, and a slug counts without regard to case",
    "batch_rejected": "an atomic batch is refused as a whole when one item is",
}

# The same for single fields, by pointer and code; None is any pointer.
BEYOND_THE_SCHEMA_IN_FIELDS = {
    ("", "too_few"): "a batch has at least one item over its three lists",
    ("", "too_many"): "and at most 1,000",
    (None, "duplicate"): "an id may be in a batch once, over all of its lists",
    (None, "invalid_combination"): "expiry after start, a permanent redirect without rules, colours with contrast",
    (None, "invalid_value"): "domains are those of the workspace",
    (None, "invalid_url"): "whether a URL can be a destination is more than its pattern says",
    (None, "slug_reserved"): "as above",
}

VERSION = "2026-11-01"
ENTITY_TAG = re.compile(r'(W/)?"[\x21\x23-\x7e]*"')


@schemathesis.check
def accepts_what_it_should(ctx, response, case):
    """Schema-valid requests are accepted, but for refusals that the contract promises."""
    if response.status_code in (400, 412, 422):
        problem = response.json()
        if problem["code"] in BEYOND_THE_SCHEMA:
            return None
        entries = [(entry["pointer"], entry["code"]) for entry in problem["errors"]]
        known = BEYOND_THE_SCHEMA_IN_FIELDS
        if entries and all((None, code) in known or (pointer, code) in known for pointer, code in entries):
            return None
    return positive_data_acceptance(ctx, response, case)


@schemathesis.check
def refuses_what_it_should(ctx, response, case):
    """Schema-violating requests are refused; of a batch that is not atomic each item by itself, within its 200."""
    if case.operation.path == "/v1/links/batch" and response.status_code == 200:
        result = response.json()
        if any(item["status"] == 422 for item in result["create"] + result["update"] + result["delete"]):
            return None
    return negative_data_rejection(ctx, response, case)


@schemathesis.check
def gone_after_delete(ctx, response, case):
    """What was deleted is gone, but for links: a delete is soft, and GET shows them until they are purged."""
    if case.operation.path.startswith(("/v1/links", "/v1/qr", "/v1/clicks")):
        return None
    return use_after_free(ctx, response, case)


@schemathesis.hook
def before_call(context, case, kwargs):
    """What is right by its schema and yet refused for sure would keep everything behind it from being tried."""
    if not case.meta or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    # A key is used once with one body; those of the spec's examples come up again and again.
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    # Any date has the form of a version. Which dates are one is for the server to know.
    if case.headers and "Approute-Version" in case.headers:
        case.headers["Approute-Version"] = VERSION
    # schemathesis gives "0" as an example of these, against their pattern.
    for name in ("If-Match", "If-None-Match"):
        if case.headers and name in case.headers and not ENTITY_TAG.fullmatch(case.headers[name]):
            case.headers[name] = '"1"'
    # A cursor is signed and bound to its filters: no schema can tell one of ours from another text.
    if case.query and "cursor" in case.query:
        del case.query["cursor"]


@schemathesis.deserializer("image/png", "application/pdf")
def image(context, response):
    """Images are bytes. Whether they can be read is for the server's own tests, which use foreign decoders."""
    return response.content.decode("latin-1")
