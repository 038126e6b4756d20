"""The client for asyncio, and with an `httpx.AsyncClient` for trio."""

from __future__ import annotations

from ._base import BaseClient
from ._resources import AsyncResources

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    import os
    from asyncio import Task
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
    from datetime import timedelta
    from types import TracebackType
    from typing import Any

    import httpx
    from typing_extensions import Self

    from ._hooks import RequestInfo, ResponseInfo, RetryInfo
    from ._loop import LoopCalls
    from ._transport import AsyncTransport, Transport


def _loop_calls() -> LoopCalls:
    """Those of the running loop. The first call loads asyncio, unless somebody has."""
    global _loop_calls
    from ._loop import calls

    _loop_calls = calls
    return calls()


class AsyncClient(AsyncResources, BaseClient):
    """A client for asyncio: all of its calls are awaited.

    It is safe to share between tasks, threads and event loops, keeps its connections open, and works on after a fork.
    With `http_client=httpx.AsyncClient(...)` it runs wherever that does, trio included.

    ```python
    async with approute.AsyncClient() as client:  # reads APPROUTE_API_KEY
        link = await client.links.create(url="https://example.com/spring")
        async for link in client.links.list():
            print(link.short_url)
    ```
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def __init__(
            self,
            api_key: str | Callable[[], str | Awaitable[str]] | None = None,
            *,
            base_url: str | None = None,
            allow_insecure_http: bool | None = None,
            timeout: float | timedelta | None = None,
            attempt_timeout: float | timedelta | None = None,
            connect_timeout: float | timedelta | None = None,
            max_retries: int | None = None,
            max_response_bytes: int | None = None,
            default_headers: Mapping[str, str] | None = None,
            http_client: httpx.AsyncClient | AsyncTransport | Transport | None = None,
            proxy: str | None = None,
            extra_ca: str | bytes | os.PathLike[str] | Sequence[str | bytes | os.PathLike[str]] | None = None,
            logger: logging.Logger | None = None,
            log_level: str | None = None,
            on_request: Callable[[RequestInfo], object] | None = None,
            on_response: Callable[[ResponseInfo], object] | None = None,
            on_retry: Callable[[RetryInfo], object] | None = None,
            _script: dict[str, Any] | None = None,
        ) -> None:
            """Makes a client; nothing is sent yet.

            Arguments are those of `Client`; `api_key` may be an async function too, and `http_client` is an
            `httpx.AsyncClient` or a mock of `approute.testing`.
            """

    def _host(self, http_client: Any, connect: float) -> Any:
        if http_client is None:
            return None
        from ._transport import async_host

        return async_host(http_client, connect)

    def _call(self, operation: int, args: dict[str, Any], options: Mapping[str, Any]) -> Coroutine[Any, Any, Any]:
        # No coroutine of its own around that of the call: each costs.
        native = self._native
        if native is None or not self._plain:
            return self._call_with_more(operation, args, options)
        return _loop_calls().submit(native, operation, args, options, self._notify)

    async def _call_with_more(self, operation: int, args: dict[str, Any], options: Mapping[str, Any]) -> Any:
        native = self._open()
        merged = self._merged(options)
        if self._function is not None:
            key = self._function()
            if hasattr(key, "__await__"):
                key = await key
            merged["api_key"] = key
        if self._http is not None:
            return await self._http.call(native, operation, args, merged)
        return await _loop_calls().submit(native, operation, args, merged, self._notify)

    def _begin(self, operation: int, args: dict[str, Any], options: Mapping[str, Any]) -> Task[Any] | None:
        """Starts a call in the background, where asyncio runs: trio has no tasks without a nursery."""
        import asyncio

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return None
        return loop.create_task(self._call(operation, dict(args), options))

    async def aclose(self) -> None:
        """Closes its connections. Copies and calls that are under way go on. An `http_client` of your own stays open."""
        self._native = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
