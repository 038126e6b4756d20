"""Models: read only, compared, printed, copied, pickled, written back."""

from __future__ import annotations

import copy
import json
import pathlib
import pickle
from datetime import datetime, timezone

import pytest

import approute
from approute import enums, models

SPEC = json.loads((pathlib.Path(__file__).parents[2] / "spec/openapi.json").read_text())
LINK = SPEC["components"]["schemas"]["Link"]["examples"][0]


@pytest.fixture
def link() -> models.Link:
    return models.Link.from_dict(LINK)


def test_every_field_reads_as_its_type(link: models.Link) -> None:
    assert link.id == LINK["id"]
    assert link.tags == LINK["tags"]
    assert link.geo == LINK["geo"]
    assert isinstance(link.created_at, datetime)
    assert link.created_at == datetime.fromisoformat(LINK["created_at"].replace("Z", "+00:00"))
    assert link.created_at.tzinfo is timezone.utc
    assert isinstance(link.redirect_status, enums.RedirectStatus)
    assert link.redirect_status == 302
    assert json.dumps([link.status, link.redirect_status]) == '["active", 302]'
    assert f"{link.status} {link.redirect_status}" == "active 302"
    for name in models.Link.__match_args__:
        getattr(link, name)
    assert set(models.Link.__match_args__) == set(LINK)


def test_is_read_only(link: models.Link) -> None:
    with pytest.raises(AttributeError):
        link.title = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        models.Link()


def test_compares_by_value(link: models.Link) -> None:
    other = models.Link.from_dict(LINK)
    changed = models.Link.from_dict({**LINK, "title": "another"})
    assert link == other
    assert link is not other
    assert link != changed
    assert link != LINK
    assert hash(link) == hash(other)
    assert {link, other, changed} == {link, changed}
    assert link.utm == other.utm
    another: object = link.password_policy
    assert link.utm != another


def test_prints_its_fields_and_no_secret() -> None:
    policy = models.PasswordPolicy.from_dict({"max_failures": 5, "window_seconds": 600, "new": "s3cret"})
    assert repr(policy) == "PasswordPolicy(max_failures=5, window_seconds=600, extra={'new': ...})"
    example = SPEC["components"]["schemas"]["Webhook"]["examples"][0]
    webhook = models.Webhook.from_dict({**example, "secret": "whsec_c2VjcmV0"})
    assert webhook.secret == "whsec_c2VjcmV0"
    assert "c2VjcmV0" not in repr(webhook) + str(webhook)
    assert "secret='**********'" in repr(webhook)


def test_copies_and_pickles(link: models.Link) -> None:
    assert copy.copy(link) is link
    assert copy.deepcopy([link]) == [link]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps([link, link.utm, link.status, approute.NOT_GIVEN], protocol))
        assert again == [link, link.utm, link.status, approute.NOT_GIVEN]
        assert type(again[2]) is enums.LinkStatus
        assert again[3] is approute.NOT_GIVEN


def test_writes_what_it_read(link: models.Link) -> None:
    assert link.to_dict() == LINK
    assert json.loads(link.to_json()) == LINK
    assert models.Link.from_json(link.to_json()) == link
    assert models.Link.from_json(link.to_json().encode()) == link


def test_keeps_what_it_does_not_know() -> None:
    unknown = {"deep": [1, 2.5, None, True, {"a": "ü"}]}
    link = models.Link.from_dict({**LINK, "new": unknown, "status": "haunted", "redirect_status": 399})
    assert link.extra == {"new": unknown}
    assert link.status == "haunted"
    assert type(link.status) is enums.LinkStatus
    assert link.redirect_status == 399
    assert link.to_dict()["new"] == unknown
    assert pickle.loads(pickle.dumps(link)) == link


def test_matches(link: models.Link) -> None:
    # `match` in its own terms, since Python 3.9 could not parse this file otherwise; 3.10 can.
    match link:
        case models.Link(status=enums.LinkStatus.ACTIVE, utm=models.Utm(source=source)):
            assert source == link.utm.source
        case _:
            pytest.fail("no match")


def test_says_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="missing field") as caught:
        models.Link.from_dict({"id": "s3cret"})
    assert isinstance(caught.value, approute.ConfigurationError)
    assert "s3cret" not in str(caught.value)
    with pytest.raises(ValueError, match="JSON"):
        models.Link.from_json("{")


def test_came_in_a_response_or_in_none(link: models.Link) -> None:
    assert not hasattr(link, "response")
    with pytest.raises(AttributeError, match="no response"):
        _ = link.response


def test_binary() -> None:
    image = approute.Binary(b"GIF89a", "image/gif")
    assert (bytes(image), image.content, len(image), image.content_type) == (b"GIF89a", b"GIF89a", 6, "image/gif")
    assert image == approute.Binary(b"GIF89a", "image/gif") != approute.Binary(b"GIF89a", "image/png")
    assert pickle.loads(pickle.dumps(image)) == image
    assert copy.deepcopy(image) == image


def test_writes_an_image(tmp_path: pathlib.Path) -> None:
    image = approute.Binary(b"GIF89a", "image/gif")
    image.write_to(tmp_path / "a.gif")
    with open(tmp_path / "b.gif", "wb") as file:
        image.write_to(file)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes() == b"GIF89a"
