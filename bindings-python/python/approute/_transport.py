"""Calls through an HTTP client of the user's own. Imported when there is one.

The native part says what to send, how long to wait and what to return; what is here does the I/O. So retries, keys,
errors and timeouts are the same as with the built-in client.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

from ._errors import ApprouteError, ConfigurationTypeError
from ._native import HostCall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._native import NativeClient


RawHeaders: TypeAlias = "Sequence[tuple[str, bytes]]"


class Request(NamedTuple):
    """What is to be sent."""

    method: str
    """Such as `POST`."""
    url: str
    """The whole URL, encoded."""
    headers: Sequence[tuple[str, str]]
    """Names are in lower case."""
    body: bytes
    """Empty where there is none."""
    timeout: float
    """Seconds from now to the last byte of the answer."""
    max_response_bytes: int
    """How many bytes the answer's body may have after decompression."""


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: RawHeaders
    """As they came, repeated ones repeated."""
    body: bytes
    """Decompressed."""


class TransportError(Exception):
    """Why nothing came back."""

    def __init__(self, kind: str, message: str, sent: bool | None = None) -> None:
        super().__init__(kind, message, sent)
        self.kind = kind
        """`connect`, `timeout`, `interrupted`, `certificate`, `proxy_authentication`, `too_large`, `undecodable` or
        `configuration`."""
        self.message = message
        self.sent = sent
        """Whether a byte of the request may have left; None for what the kind suggests."""


@runtime_checkable
class Transport(Protocol):
    """Sends requests. It must not retry, follow redirects or take longer than the request's timeout."""

    def send(self, request: Request) -> Reply:
        """Sends a request, or raises a TransportError."""
        ...


@runtime_checkable
class AsyncTransport(Protocol):
    """Sends requests. It must not retry, follow redirects or take longer than the request's timeout."""

    async def send_async(self, request: Request) -> Reply:
        """Sends a request, or raises a TransportError."""
        ...


def _cause(error: ApprouteError, cause: BaseException | None) -> ApprouteError:
    """The host's own exception is the cause of ours."""
    if cause is not None:
        error.__cause__ = cause
    return error


class Host:
    """Carries calls out by a transport, on the calling thread."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def call(self, client: NativeClient, operation: int, args: dict[str, Any], options: Mapping[str, Any]) -> Any:
        call = HostCall(client, operation, args, options)
        sleep = getattr(self.transport, "sleep", time.sleep)
        if client._scripted:
            sleep = partial(_scripted, client)
        cause: BaseException | None = None
        try:
            action = call.begin()
            while True:
                if action[0] == "done":
                    return action[1]
                if action[0] == "sleep":
                    sleep(action[1])
                    action = call.slept()
                    continue
                try:
                    reply = self.transport.send(Request(*action[1:]))
                except TransportError as failed:
                    cause = failed.__cause__ or failed
                    action = call.failed(failed.kind, failed.message, failed.sent)
                else:
                    cause = None
                    action = call.answered(*reply)
        except ApprouteError as error:
            raise _cause(error, cause) from error.__cause__ or cause


class AsyncHost:
    """Carries calls out by a transport, in the running task."""

    def __init__(self, transport: AsyncTransport) -> None:
        self.transport = transport

    async def call(self, client: NativeClient, operation: int, args: dict[str, Any], options: Mapping[str, Any]) -> Any:
        call = HostCall(client, operation, args, options)
        sleep = getattr(self.transport, "sleep_async", _sleep)
        if client._scripted:
            sleep = partial(_scripted_async, client)
        cause: BaseException | None = None
        try:
            action = call.begin()
            while True:
                if action[0] == "done":
                    return action[1]
                if action[0] == "sleep":
                    await sleep(action[1])
                    action = call.slept()
                    continue
                try:
                    reply = await self.transport.send_async(Request(*action[1:]))
                except TransportError as failed:
                    cause = failed.__cause__ or failed
                    action = call.failed(failed.kind, failed.message, failed.sent)
                else:
                    cause = None
                    action = call.answered(*reply)
        except ApprouteError as error:
            raise _cause(error, cause) from error.__cause__ or cause


def _scripted(client: NativeClient, seconds: float) -> None:
    """A wait in a conformance case."""
    if client._record(seconds):
        while client._is_held():
            time.sleep(0.002)


async def _scripted_async(client: NativeClient, seconds: float) -> None:
    """A wait in a conformance case."""
    if client._record(seconds):
        while client._is_held():
            await _sleep(0.002)


async def _sleep(seconds: float) -> None:
    """Sleeps in whatever runs: asyncio, or what anyio knows."""
    import sys

    # Where neither is loaded, nothing but asyncio can be running.
    if "anyio" in sys.modules:
        import anyio

        await anyio.sleep(seconds)
    else:
        import asyncio

        await asyncio.sleep(seconds)


def host(http_client: Any, connect: float) -> Host:
    """What carries out a client's calls."""
    from . import _httpx

    # First of all: an httpx.Client, too, has a method `send`.
    transport = _httpx.transport(http_client, connect)
    if transport is not None:
        return Host(transport)
    if not isinstance(http_client, Transport) or _httpx.async_transport(http_client) is not None:
        raise ConfigurationTypeError("`http_client` must be an httpx.Client or a transport of approute.testing")
    return Host(http_client)


def async_host(http_client: Any, connect: float) -> AsyncHost:
    """What carries out an async client's calls."""
    from . import _httpx

    transport = _httpx.async_transport(http_client, connect)
    if transport is not None:
        return AsyncHost(transport)
    if not isinstance(http_client, AsyncTransport):
        raise ConfigurationTypeError("`http_client` must be an httpx.AsyncClient or a transport of approute.testing")
    return AsyncHost(http_client)
