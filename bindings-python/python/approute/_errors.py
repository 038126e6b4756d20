"""The tree of errors. Everything that this package raises is an ApprouteError."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal, TypeAlias

    from .enums import ErrorCode
    from .models import Confirmation, FieldError

    Outcome: TypeAlias = Literal["not_sent", "rejected", "applied", "unknown"]


class ApprouteError(Exception):
    """The base of all errors. Alone it is a fault of the SDK itself.

    It prints on one line, with the request id where there is one, and can be pickled and copied.
    """

    message: str
    """What happened, without status, tries and request id."""
    status: int | None = None
    """The answer's status; None where there was no answer."""
    code: ErrorCode | None = None
    """The API's code, a stable word such as `slug_taken`."""
    errors: Sequence[FieldError] = ()
    """The fields that the server refused, with a reason each."""
    request_id: str | None = None
    """`X-Request-Id`, which support asks for."""
    headers: Mapping[str, str]
    """The answer's headers, names in lower case."""
    body: bytes = b""
    """The answer's body, as it came."""
    attempts: int = 0
    """Tries that were started."""
    retryable: bool = False
    """Whether the same call may succeed later."""
    idempotency_key: str | None = None
    """The key that every try carried. With the outcome `unknown`, repeating the call with it is safe."""
    outcome: Outcome = "unknown"
    """What became of the call, all tries together.

    `not_sent`: no try wrote a byte. `rejected`: it was not carried out. `applied`: it was. Else `unknown`.
    """

    def __init__(self, message: str = "", **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.headers = {}
        self._text = message
        self.__dict__.update(fields)

    def __str__(self) -> str:
        return self._text


class APIConnectionError(ApprouteError):
    """No usable answer came: no connection, a reset, a body that was cut short, a certificate that is not trusted."""


class APITimeoutError(APIConnectionError):
    """Time ran out before an answer came."""


class DecodeError(ApprouteError):
    """A successful answer does not have the form that it should."""


class ConfigurationError(ApprouteError):
    """Something that this program gave cannot be used. It is a TypeError or a ValueError as well. Nothing was sent."""

    outcome: Outcome = "not_sent"


class ConfigurationTypeError(ConfigurationError, TypeError):
    """An argument is of the wrong type, unknown or missing."""


class ConfigurationValueError(ConfigurationError, ValueError):
    """An argument has a value that cannot be used."""


class WebhookVerificationError(ApprouteError):
    """A webhook's delivery is not AppRoute's, or too old."""

    outcome: Outcome = "not_sent"
    reason: Literal["no_signature", "malformed", "no_match", "too_old", "in_future"] = "malformed"
    """Why it was refused."""


class APIError(ApprouteError):
    """The API answered with an error. The classes below are for the usual statuses."""

    status: int  # pyright: ignore[reportIncompatibleVariableOverride]


class BadRequestError(APIError):
    """400"""


class AuthenticationError(APIError):
    """401: the key is wrong or revoked."""


class PermissionDeniedError(APIError):
    """403: the key may not do this."""


class NotFoundError(APIError):
    """404"""


class ConflictError(APIError):
    """409"""


class ConfirmationRequiredError(ConflictError):
    """409: so many deletions need a confirmation.

    Nothing was deleted. After a person has agreed, repeat the call with `confirmation=error.confirmation.token`.
    """

    confirmation: Confirmation
    """The token, the number of links that would be deleted, and until when the token works."""


class PreconditionFailedError(APIError):
    """412: the object has changed since."""


class UnprocessableEntityError(APIError):
    """422: see `errors` for each field."""


class RateLimitError(APIError):
    """429: too many calls."""


class ServerError(APIError):
    """5xx"""


def _from_native(name: str, language_type: str | None, fields: dict[str, Any]) -> ApprouteError:
    """Makes an exception of what the native part says."""
    if language_type == "TypeError":
        name = "ConfigurationTypeError"
    elif name == "ConfigurationError":
        name = "ConfigurationValueError"
    message = fields.pop("message")
    fields["_text"] = fields.pop("text")
    if fields["code"] is not None:
        from .enums import ErrorCode

        fields["code"] = ErrorCode(fields["code"])
    if fields["errors"]:
        from .models import FieldError

        keys = ("pointer", "code", "message")
        fields["errors"] = [FieldError.from_dict(dict(zip(keys, error))) for error in fields["errors"]]
    if fields.get("confirmation") is not None:
        from .models import Confirmation

        keys = ("token", "delete_count", "expires_at")
        fields["confirmation"] = Confirmation.from_dict(dict(zip(keys, fields["confirmation"])))
    if fields.get("reason") is None:
        fields.pop("reason", None)
    error: type[ApprouteError] = globals()[name]
    return error(message, **fields)
