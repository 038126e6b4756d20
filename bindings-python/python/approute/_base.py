"""What both clients have in common."""

from __future__ import annotations

import os
import sys

from ._errors import ConfigurationTypeError, ConfigurationValueError
from ._native import VERSION, NativeClient
from ._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta
    from typing import Any

    from typing_extensions import Self, Unpack

    from ._hooks import RequestInfo, ResponseInfo, RetryInfo
    from ._options import CallOptions

if VERSION != __version__:
    raise ImportError(
        f"approute {__version__} found a native library of version {VERSION}: "
        "the installation is a mixture of two, install approute again"
    )


def _user_agent() -> str:
    implementation = {"cpython": "CPython", "pypy": "PyPy"}.get(sys.implementation.name, sys.implementation.name)
    version = ".".join(str(part) for part in sys.version_info[:3])
    machine = os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "unknown")
    return f"approute-python/{__version__} ({implementation} {version}; {sys.platform}; {machine})"


def _certificates(given: str | bytes | os.PathLike[str] | Sequence[str | bytes | os.PathLike[str]]) -> list[str]:
    """PEM texts, out of texts or files."""
    if isinstance(given, (str, bytes, os.PathLike)):
        given = [given]
    texts = []
    for one in given:
        if isinstance(one, os.PathLike):
            try:
                with open(one, encoding="utf-8") as file:
                    texts.append(file.read())
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigurationValueError(f"`extra_ca` cannot be read: {error}") from error
        elif isinstance(one, bytes):
            texts.append(one.decode("utf-8", "replace"))
        else:
            texts.append(one)
    return texts


def _seconds(connect_timeout: float | timedelta | None) -> float:
    """How long a connection may take, for hosts. What makes no sense is refused by the native client."""
    if connect_timeout is None:
        return 5
    if isinstance(connect_timeout, (int, float)):
        return connect_timeout
    return connect_timeout.total_seconds() if hasattr(connect_timeout, "total_seconds") else 5


class BaseClient:
    """A client's settings, and its native half."""

    __slots__ = ("__weakref__", "_config", "_defaults", "_function", "_http", "_native", "_notify", "_plain")

    def __init__(
        self,
        api_key: str | Callable[[], Any] | None = None,
        *,
        base_url: str | None = None,
        allow_insecure_http: bool | None = None,
        timeout: float | timedelta | None = None,
        attempt_timeout: float | timedelta | None = None,
        connect_timeout: float | timedelta | None = None,
        max_retries: int | None = None,
        max_response_bytes: int | None = None,
        default_headers: Mapping[str, str] | None = None,
        http_client: Any = None,
        proxy: str | None = None,
        extra_ca: str | bytes | os.PathLike[str] | Sequence[str | bytes | os.PathLike[str]] | None = None,
        logger: logging.Logger | None = None,
        log_level: str | None = None,
        on_request: Callable[[RequestInfo], object] | None = None,
        on_response: Callable[[ResponseInfo], object] | None = None,
        on_retry: Callable[[RetryInfo], object] | None = None,
        _script: dict[str, Any] | None = None,
    ) -> None:
        self._native: NativeClient | None = None
        self._defaults: dict[str, Any] = {}
        self._function: Callable[[], Any] | None = None
        config: dict[str, Any] = {
            "base_url": base_url,
            "allow_insecure_http": allow_insecure_http,
            "timeout": timeout,
            "attempt_timeout": attempt_timeout,
            "connect_timeout": connect_timeout,
            "max_retries": max_retries,
            "max_response_bytes": max_response_bytes,
            "default_headers": default_headers,
            "proxy": proxy,
            "log_level": log_level,
            "user_agent": _user_agent(),
        }
        if callable(api_key):
            # Every call brings its own; the client is never without one.
            self._function = api_key
            config["api_key"] = "from-a-function"
        else:
            config["api_key"] = api_key
        if extra_ca is not None:
            config["extra_ca"] = _certificates(extra_ca)
        if _script is not None:
            config["script"] = _script
        hooks = {"request": on_request, "response": on_response, "retry": on_retry}
        named = [name for name, hook in hooks.items() if hook is not None]
        for name in named:
            if not callable(hooks[name]):
                raise ConfigurationTypeError(f"`on_{name}` must be callable")
        logs = logger is not None or log_level is not None or "APPROUTE_LOG" in os.environ
        if logs:
            named.append("log")
            if logger is None:
                import logging

                logger = logging.getLogger("approute")
        self._notify: Callable[[str], None] | None = None
        if named:
            from ._hooks import notify

            config["hooks"] = named
            self._notify = notify(on_request, on_response, on_retry, logger)
        if http_client is not None:
            for name, value in {"proxy": proxy, "extra_ca": extra_ca}.items():
                if value is not None:
                    raise ConfigurationValueError(f"`{name}` belongs to your own HTTP client: give it to that")
        self._http = self._host(http_client, _seconds(connect_timeout))
        self._config = config
        self._native = NativeClient(config, self._notify)
        # Whether a call needs nothing but the native client.
        self._plain = self._function is None and self._http is None

    def _host(self, http_client: Any, connect: float) -> Any:
        """What carries calls out by the user's own HTTP client."""
        raise NotImplementedError

    @property
    def base_url(self) -> str:
        """Where the API is."""
        return self._open().base_url

    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """A client with other defaults for its calls. It shares connections and retry budget with this one."""
        native = self._open()
        other = object.__new__(type(self))
        for name in ("_config", "_function", "_http", "_notify"):
            setattr(other, name, getattr(self, name))
        other._native = native
        other._defaults = self._merged(options)
        other._plain = False
        return other

    def _merged(self, options: Mapping[str, Any]) -> dict[str, Any]:
        merged = dict(self._defaults)
        for name, value in options.items():
            if value is None:
                continue
            if name in ("extra_headers", "extra_query") and name in merged:
                value = {**merged[name], **value}
            merged[name] = value
        return merged

    def _open(self) -> NativeClient:
        if self._native is None:
            raise ConfigurationValueError("this client was closed")
        return self._native

    def __repr__(self) -> str:
        where = "closed" if self._native is None else f"base_url={self._native.base_url!r}"
        return f"<approute.{type(self).__name__} {where}>"
