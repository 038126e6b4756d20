"""A transport that sends nothing, for tests of your own code.

It answers from a script and remembers what it was asked. Waits between tries pass at once.

```python
from approute.testing import MockTransport, Reply

mock = MockTransport()
mock.reply(Reply(503))
mock.reply(Reply.problem(404, "not_found", "There is no such link."))
client = mock.client()

try:
    client.links.get("lnk_1")
except approute.NotFoundError as error:
    assert error.code == "not_found"
mock.assert_sent("GET /v1/links/lnk_1", "GET /v1/links/lnk_1")
```
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Union
from urllib.parse import urlsplit

from ._async_client import AsyncClient
from ._client import Client
from ._transport import (
    AsyncTransport as AsyncTransport,
    Reply as TransportReply,
    Request as Request,
    Transport as Transport,
    TransportError as TransportError,
)

__all__ = [
    "AsyncTransport",
    "MockTransport",
    "RecordedRequest",
    "Reply",
    "Request",
    "Transport",
    "TransportError",
    "TransportReply",
]


class Reply:
    """How a mock answers one try."""

    def __init__(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, *, failure: str | None = None
    ) -> None:
        self.status = status
        self.body = body
        self.headers = {"x-request-id": "req_mock", **(headers or {})}
        self.failure = failure
        """What goes wrong in place of an answer: a kind of TransportError."""

    @classmethod
    def json(cls, status: int, value: Any, headers: Mapping[str, str] | None = None) -> Reply:
        """A JSON document: a model of approute.models, or anything that `json.dumps` takes."""
        text = value.to_json() if hasattr(value, "to_json") else json.dumps(value)
        return cls(status, text.encode(), {"content-type": "application/json", **(headers or {})})

    @classmethod
    def problem(cls, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> Reply:
        """An error of the API."""
        url = "https://getapproute.com/docs/api/errors#" + code
        value = {
            "type": url,
            "title": code,
            "status": status,
            "detail": detail,
            "code": code,
            "request_id": "req_mock",
            "doc_url": url,
            "errors": [],
        }
        return cls.json(status, value, {"content-type": "application/problem+json", **(headers or {})})

    @classmethod
    def refused(cls) -> Reply:
        """Nobody listens; no byte was sent."""
        return cls(0, failure="connect")

    @classmethod
    def reset(cls) -> Reply:
        """The connection breaks after the request was sent."""
        return cls(0, failure="interrupted")

    @classmethod
    def never(cls) -> Reply:
        """No answer comes, until the try's time is over."""
        return cls(0, failure="timeout")


class RecordedRequest:
    """A request that a mock was asked to send."""

    def __init__(self, request: Request) -> None:
        url = urlsplit(request.url)
        self.method = request.method
        self.path = url.path
        self.query = url.query
        self.headers = dict(request.headers)
        """Names are in lower case."""
        self.body = request.body
        self.timeout = request.timeout
        """Seconds that the try may take."""

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"<{self.method} {self.path}>"


Answering = Union[Reply, Callable[[RecordedRequest], Reply]]
"""A reply, or a function that makes one."""


class MockTransport:
    """The mock. It can be used by several clients and threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._script: deque[Answering] = deque()
        self._routes: list[tuple[str, str, Answering]] = []
        self.requests: list[RecordedRequest] = []
        """What it was asked to send."""
        self.waits: list[float] = []
        """The waits between tries, in seconds."""

    def reply(self, reply: Answering) -> MockTransport:
        """Answers the next request that nothing before it answers; once."""
        self._script.append(reply)
        return self

    def when(self, method: str, path: str, reply: Answering) -> MockTransport:
        """Answers all requests of this method to this path that the script does not."""
        self._routes.insert(0, (method, path, reply))
        return self

    def client(self, api_key: str = "ak_mock", **options: Any) -> Client:
        """A client that sends to the mock."""
        return Client(api_key, http_client=self, **options)

    def async_client(self, api_key: str = "ak_mock", **options: Any) -> AsyncClient:
        """An async client that sends to the mock."""
        return AsyncClient(api_key, http_client=self, **options)

    def assert_sent(self, *expected: str) -> None:
        """Holds that these were the requests: method and path, such as `GET /v1/links/lnk_1`."""
        sent = [f"{request.method} {request.path}" for request in self.requests]
        assert sent == list(expected), f"sent {sent}, not {list(expected)}"

    def assert_done(self) -> None:
        """Holds that the whole script was used."""
        assert not self._script, f"{len(self._script)} replies were not asked for"

    def send(self, request: Request) -> TransportReply:
        """What the client calls."""
        recorded = RecordedRequest(request)
        with self._lock:
            self.requests.append(recorded)
            reply = self._next(recorded)
        if callable(reply):
            reply = reply(recorded)
        if reply.failure is not None:
            raise TransportError(reply.failure, f"the mock's {reply.failure}")
        headers = [(name.lower(), value.encode()) for name, value in reply.headers.items()]
        return TransportReply(reply.status, headers, reply.body)

    async def send_async(self, request: Request) -> TransportReply:
        """What the async client calls."""
        return self.send(request)

    def _next(self, request: RecordedRequest) -> Answering:
        if self._script:
            return self._script.popleft()
        for method, path, reply in self._routes:
            if (method, path) == (request.method, request.path):
                return reply
        message = f"the mock has no reply for {request.method} {request.path}"
        raise AssertionError(message)

    def sleep(self, seconds: float) -> None:
        """What the client calls in place of a wait."""
        self.waits.append(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """What the async client calls in place of a wait."""
        self.waits.append(seconds)
