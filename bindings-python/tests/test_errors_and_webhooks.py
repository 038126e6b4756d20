"""Errors pickle and copy; webhooks are verified, read and signed."""

from __future__ import annotations

import copy
import json
import pickle
import time
from typing import Any

import pytest

import approute
from approute import models, webhooks
from approute.testing import MockTransport, Reply

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def confirmation_required() -> approute.ConfirmationRequiredError:
    mock = MockTransport()
    reply = Reply.problem(409, "confirmation_required", "Ask a person.")
    body = json.loads(reply.body)
    body["confirmation"] = {"token": "cnf_s3cret", "delete_count": 30, "expires_at": "2026-11-05T09:30:00Z"}
    mock.reply(Reply.json(409, body, {"content-type": "application/problem+json"}))
    with pytest.raises(approute.ConfirmationRequiredError) as caught:
        mock.client().links.delete("lnk_1")
    return caught.value


def test_errors_pickle_and_copy() -> None:
    error = confirmation_required()
    assert error.confirmation.delete_count == 30
    assert error.confirmation.token == "cnf_s3cret"
    assert "cnf_s3cret" not in f"{error} {error!r}"
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is approute.ConfirmationRequiredError
        assert again.__dict__ == error.__dict__
        assert (str(again), repr(again)) == (str(error), repr(error))
    wrong = approute.ConfigurationTypeError("x")
    assert isinstance(pickle.loads(pickle.dumps(wrong)), TypeError)


def test_the_tree() -> None:
    for name in dir(approute):
        kind = getattr(approute, name)
        if isinstance(kind, type) and issubclass(kind, BaseException):
            assert issubclass(kind, approute.ApprouteError)
            made = kind("what")
            assert str(made) == "what"
            assert type(pickle.loads(pickle.dumps(made))) is kind


def delivery(**more: object) -> tuple[bytes, dict[str, str], int]:
    now = int(time.time())
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    body = json.dumps({"id": "evt_1", "type": "link.opened", "sent_at": stamp, **more}).encode()
    return body, webhooks.sign(body, SECRET, id="evt_1", timestamp=now), now


def test_verifies_however_headers_come() -> None:
    body, headers, _ = delivery()
    pairs = list(headers.items())
    webhooks.verify(body, headers, SECRET)
    webhooks.verify(body, {name.upper(): value for name, value in pairs}, SECRET)
    webhooks.verify(body, {name: [value] for name, value in pairs}, SECRET)
    webhooks.verify(body, pairs, [SECRET])
    webhooks.verify(body, [(name.encode(), value.encode()) for name, value in pairs], SECRET)
    webhooks.verify(bytearray(body), headers, ["whsec_b3RoZXI=", SECRET])
    webhooks.verify(memoryview(body), headers, SECRET)
    webhooks.verify(body.decode(), headers, SECRET)
    webhooks.verify(body, headers["x-approute-signature"], SECRET)


def test_refuses_and_says_why() -> None:
    body, headers, now = delivery()
    for payload, given, secret, when, reason in [
        (body + b" ", headers, SECRET, now, "no_match"),
        (body, {}, SECRET, now, "no_signature"),
        (body, {"X-Approute-Signature": "sha256=xyz"}, SECRET, now, "malformed"),
        (body, headers, "whsec_b3RoZXI=", now, "no_match"),
        (body, headers, SECRET, now + 301, "too_old"),
        (body, headers, SECRET, now - 301, "in_future"),
    ]:
        with pytest.raises(approute.WebhookVerificationError) as caught:
            webhooks.verify(payload, given, secret, now=when)
        assert caught.value.reason == reason
    webhooks.verify(body, headers, SECRET, now=now + 301, tolerance=400)
    verify: Any = webhooks.verify
    for arguments in [(1, headers), (body, 1)]:
        with pytest.raises(TypeError) as refused:
            verify(*arguments, SECRET)
        assert isinstance(refused.value, approute.ConfigurationError)


def test_reads_events() -> None:
    body, headers, _ = delivery(data={"new": 1})
    event = webhooks.unwrap(body, headers, SECRET)
    assert isinstance(event, models.UnknownEvent)
    assert event.type == "link.opened"
    assert event.raw["data"] == {"new": 1}
    assert event.to_dict() == json.loads(body)
    assert pickle.loads(pickle.dumps(event)) == event
