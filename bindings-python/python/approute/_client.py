"""The client whose calls block."""

from __future__ import annotations

from ._base import BaseClient
from ._resources import Resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    import os
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta
    from types import TracebackType
    from typing import Any

    import httpx
    from typing_extensions import Self

    from ._hooks import RequestInfo, ResponseInfo, RetryInfo
    from ._native import BackgroundCall
    from ._transport import Transport


class Client(Resources, BaseClient):
    """A client whose calls block.

    It is safe to share between threads, keeps its connections open, and works on after a fork. Use it as a context
    manager, or `close` it, or leave it to the garbage collector.

    ```python
    client = approute.Client()  # reads APPROUTE_API_KEY
    link = client.links.create(url="https://example.com/spring")
    print(link.short_url)
    ```
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def __init__(
            self,
            api_key: str | Callable[[], str] | None = None,
            *,
            base_url: str | None = None,
            allow_insecure_http: bool | None = None,
            timeout: float | timedelta | None = None,
            attempt_timeout: float | timedelta | None = None,
            connect_timeout: float | timedelta | None = None,
            max_retries: int | None = None,
            max_response_bytes: int | None = None,
            default_headers: Mapping[str, str] | None = None,
            http_client: httpx.Client | Transport | None = None,
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

            Arguments:

            - `api_key`: the key, or a function that returns it for each call. Default: `APPROUTE_API_KEY`.
            - `base_url`: where the API is. Default: `APPROUTE_BASE_URL`, else `https://getapproute.com`.
            - `allow_insecure_http`: whether plain http may leave this machine.
            - `timeout`: seconds for a whole call, tries and waits included; 90.
            - `attempt_timeout`: seconds for one try; 20.
            - `connect_timeout`: seconds for a connection; 5.
            - `max_retries`: how many times a failed try is repeated; 2. 0 means exactly one try.
            - `max_response_bytes`: size of an answer after decompression; 64 MiB.
            - `default_headers`: headers of every request.
            - `http_client`: your own `httpx.Client`, or a mock of `approute.testing`, in place of the built-in one.
            - `proxy`: the proxy's URL. Default: `HTTPS_PROXY` and `NO_PROXY`.
            - `extra_ca`: more certificates to trust: PEM text, or the path of a PEM file, or several.
            - `logger`, `log_level`: where lines go, and how many (`off`, `info`, `debug`). Default: the logger
              `approute` and `APPROUTE_LOG`.
            - `on_request`, `on_response`, `on_retry`: called for each try and each wait.
            """

    def _host(self, http_client: Any, connect: float) -> Any:
        if http_client is None:
            return None
        from ._transport import host

        return host(http_client, connect)

    def _call(self, operation: int, args: dict[str, Any], options: Mapping[str, Any]) -> Any:
        native = self._native
        if native is None:
            native = self._open()
        if self._plain:
            return native.call(operation, args, options)
        options = self._options(options)
        if self._http is None:
            return native.call(operation, args, options)
        return self._http.call(native, operation, args, options)

    def _options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        merged = self._merged(options)
        if self._function is not None:
            merged["api_key"] = self._function()
        return merged

    def _begin(self, operation: int, args: dict[str, Any], options: Mapping[str, Any]) -> BackgroundCall | None:
        """Starts a call in the background, where that can be done."""
        if self._http is not None:
            return None
        return self._open().begin(operation, args, self._options(options))

    def close(self) -> None:
        """Closes its connections. Copies and calls that are under way go on. An `http_client` of your own stays open."""
        self._native = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
