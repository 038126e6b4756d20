"""Hooks and the log. Imported when a client has any."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging


@dataclass(frozen=True)
class RequestInfo:
    """A try begins."""

    operation: str
    """Such as `links.create`."""
    method: str
    url: str
    headers: Mapping[str, str]
    """Without those that carry secrets. Names are in lower case."""
    attempt: int
    """1 for the first."""


@dataclass(frozen=True)
class ResponseInfo:
    """A try has ended."""

    operation: str
    """Such as `links.create`."""
    method: str
    url: str
    attempt: int
    """1 for the first."""
    took: float
    """How long the try took, in seconds."""
    status: int | None
    """None when there was no answer."""
    headers: Mapping[str, str]
    """Without those that carry secrets. Names are in lower case."""
    request_id: str | None
    failure: str | None
    """Why there was no answer."""


@dataclass(frozen=True)
class RetryInfo:
    """A wait before another try begins."""

    operation: str
    """Such as `links.create`."""
    attempt: int
    """The try that failed."""
    wait: float
    """How long it waits, in seconds."""
    status: int | None
    """The failed try's status."""
    reason: str
    """Why it failed."""


def notify(
    on_request: Callable[[RequestInfo], object] | None,
    on_response: Callable[[ResponseInfo], object] | None,
    on_retry: Callable[[RetryInfo], object] | None,
    logger: logging.Logger | None,
) -> Callable[[str], None]:
    """What the native part tells: notices as JSON."""

    def tell(text: str) -> None:
        notice: dict[str, Any] = json.loads(text)
        hook = notice.pop("hook")
        if "headers" in notice:
            notice["headers"] = dict(notice["headers"])
        if hook == "log" and logger is not None:
            logger.log(10 if notice["level"] == "debug" else 20, "%s", notice["line"])
        elif hook == "request" and on_request is not None:
            on_request(RequestInfo(**notice))
        elif hook == "response" and on_response is not None:
            notice["took"] /= 1000
            on_response(ResponseInfo(**notice))
        elif hook == "retry" and on_retry is not None:
            notice["wait"] /= 1000
            on_retry(RetryInfo(**notice))

    return tell
