"""The official AppRoute SDK for Python: links, clicks, QR codes and webhooks."""

from __future__ import annotations

from ._async_client import AsyncClient as AsyncClient
from ._client import Client as Client
from ._errors import (
    APIConnectionError as APIConnectionError,
    APIError as APIError,
    APITimeoutError as APITimeoutError,
    ApprouteError as ApprouteError,
    AuthenticationError as AuthenticationError,
    BadRequestError as BadRequestError,
    ConfigurationError as ConfigurationError,
    ConfigurationTypeError as ConfigurationTypeError,
    ConfigurationValueError as ConfigurationValueError,
    ConfirmationRequiredError as ConfirmationRequiredError,
    ConflictError as ConflictError,
    DecodeError as DecodeError,
    NotFoundError as NotFoundError,
    PermissionDeniedError as PermissionDeniedError,
    PreconditionFailedError as PreconditionFailedError,
    RateLimitError as RateLimitError,
    ServerError as ServerError,
    UnprocessableEntityError as UnprocessableEntityError,
    WebhookVerificationError as WebhookVerificationError,
)
from ._native import (
    API_VERSION as API_VERSION,
    NOT_GIVEN as NOT_GIVEN,
    Binary as Binary,
    NotGiven as NotGiven,
    RateLimit as RateLimit,
    Response as Response,
)
from ._pager import AsyncPager as AsyncPager, Pager as Pager
from ._version import __version__ as __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import enums as enums, models as models, testing as testing, types as types, webhooks as webhooks
    from ._hooks import RequestInfo as RequestInfo, ResponseInfo as ResponseInfo, RetryInfo as RetryInfo

_MODULES = ("enums", "models", "testing", "types", "webhooks")
_HOOKS = ("RequestInfo", "ResponseInfo", "RetryInfo")


def __getattr__(name: str) -> object:
    """Modules that most programs do not need are loaded when they are named."""
    import importlib

    if name in _MODULES:
        return importlib.import_module("." + name, __name__)
    if name in _HOOKS:
        return getattr(importlib.import_module("._hooks", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES, *_HOOKS])
