"""The native part. Its names are private, but for those that `approute` exports."""

import os
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final, final

from typing_extensions import Self

from . import _transport
from .models import *  # noqa: F403
from .models import Event

VERSION: Final[str]
API_VERSION: Final[str]
OPERATIONS: Final[list[str]]

@final
class NotGiven:
    """The type of NOT_GIVEN, which stands for an argument that is left out."""

    def __bool__(self) -> bool: ...

NOT_GIVEN: Final[NotGiven]
"""Stands for an argument that is left out, where None means something: it clears a field."""

@final
class RateLimit:
    """The state of the rate limit, from the headers `RateLimit` and `RateLimit-Policy`."""

    @property
    def limit(self) -> int:
        """Calls per window."""

    @property
    def remaining(self) -> int:
        """Calls that are left in this window."""

    @property
    def reset(self) -> int:
        """Seconds until the window ends."""

    def __hash__(self) -> int: ...

@final
class Response:
    """The facts of a response."""

    @property
    def status(self) -> int:
        """The HTTP status, 200 to 299."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers, names in lower case; repeated ones are joined by `, `."""

    @property
    def request_id(self) -> str | None:
        """`X-Request-Id`, which support asks for; None when the response has none."""

    @property
    def rate_limit(self) -> RateLimit | None:
        """The state of the rate limit after this call; None when the response does not say, or not readably."""

    @property
    def attempts(self) -> int:
        """How many tries the call took, 1 when the first succeeded."""

    @property
    def is_replayed(self) -> bool:
        """Whether the server answered from its memory of an earlier request with the same idempotency key."""

@final
class Binary:
    """A body with its content type, such as the image of a QR code."""

    def __new__(cls, content: bytes, content_type: str) -> Self: ...
    @property
    def content_type(self) -> str:
        """The media type, such as `image/png`, as the server sent it."""

    @property
    def content(self) -> bytes:
        """The bytes."""

    @property
    def response(self) -> Response:
        """The facts of the response that it came in."""

    def write_to(self, target: str | os.PathLike[str] | BinaryIO) -> None:
        """Writes the bytes to a file, which is created or replaced as a whole, or to a binary file object."""

    def __bytes__(self) -> bytes: ...
    def __len__(self) -> int: ...

@final
class NativeClient:
    def __new__(cls, config: dict[str, Any], notify: Callable[[str], None] | None) -> Self: ...
    @property
    def base_url(self) -> str: ...
    def call(self, operation: int, args: dict[str, Any], options: Mapping[str, Any] | None) -> Any: ...
    def begin(self, operation: int, args: dict[str, Any], options: Mapping[str, Any] | None) -> BackgroundCall: ...
    @property
    def _scripted(self) -> bool: ...
    def _record(self, seconds: float) -> bool: ...
    def _is_held(self) -> bool: ...
    def _panic(self) -> None: ...

@final
class BackgroundCall:
    def result(self) -> Any: ...
    def cancel(self) -> None: ...

@final
class LoopQueue:
    def __new__(cls) -> Self: ...
    def fileno(self) -> int: ...
    def submit(
        self, client: NativeClient, operation: int, args: dict[str, Any], options: Mapping[str, Any] | None
    ) -> int: ...
    def drain(self) -> list[tuple[int, int, Any]]: ...
    def cancel(self, id: int) -> bool: ...
    def running(self) -> int: ...
    def close(self) -> None: ...
    def _panic(self, client: NativeClient, args: dict[str, Any], operation: int) -> int: ...

@final
class HostCall:
    def __new__(
        cls, client: NativeClient, operation: int, args: dict[str, Any], options: Mapping[str, Any] | None
    ) -> Self: ...
    def begin(self) -> tuple[Any, ...]: ...
    def slept(self) -> tuple[Any, ...]: ...
    def answered(self, status: int, headers: _transport.RawHeaders, body: bytes) -> tuple[Any, ...]: ...
    def failed(self, kind: str, message: str, sent: bool | None = None) -> tuple[Any, ...]: ...

def webhook_verify(payload: object, headers: object, secret: object, *, tolerance: object, now: object) -> None: ...
def webhook_unwrap(payload: object, headers: object, secret: object, *, tolerance: object, now: object) -> Event: ...
def webhook_sign(payload: object, secret: str, *, id: str, timestamp: object) -> dict[str, str]: ...
