"""The failures of a model server: the message for the user, and whether to repeat the request."""

from __future__ import annotations

import random
import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from tertulia_llm.model.error_kinds import (
    NO_MODEL_CODES,
    QUOTA_CODES,
    cannot_load,
    is_about_content,
    is_about_credit,
    is_about_the_address,
    is_about_the_key,
    is_about_the_model,
    is_long_limit,
    ran_out_of_tokens,
)
from tertulia_llm.model.server_error import ServerError, read_error

MAX_RETRY_DELAY_S = 20.0
"""A user does not wait longer for a reply. If the server asks for a longer delay, the request is not repeated."""

MAX_SHOWN_OF_PAGE: Final = 120
"""A web page that shows more is named by its title alone."""

_STATUS_OF_CODE: Final = {
    "invalid_api_key": 401, "authentication_error": 401, "permission_error": 403, "rate_limit_exceeded": 429,
    "rate_limit_error": 429, "context_length_exceeded": 400, "exceed_context_size_error": 400,
    "invalid_request_error": 400, "not_found_error": 404, "overloaded_error": 529,
    **dict.fromkeys(QUOTA_CODES, 429), **dict.fromkeys(NO_MODEL_CODES, 404),
}  # fmt: skip
_RETRYABLE: Final = frozenset({408, 409, 425, 429})
_PERMANENT: Final = frozenset({501, 505})
SERVER_FAILED: Final = 500
TOO_MANY: Final = 429
BAD_REQUEST: Final = 400
NOT_FOUND: Final = 404
_NO_ADDRESS: Final = (
    "llm_model",
    "The model server has no such model or address: check both in the model settings, or TERTULIA_LLM_BASE_URL.",
)
_BY_STATUS: Final = {
    401: ("llm_auth", "The model server refused the key: check it in the model settings, or OPENROUTER_API_KEY."),
    403: ("llm_auth", "The model server does not allow this."),
    404: _NO_ADDRESS,
    405: _NO_ADDRESS,
    429: ("llm_rate", "The model server asks us to slow down: wait a moment, or choose another model."),
}
"""By HTTP status: the error code, and the advice to the user."""


class ModelFailed(Exception):
    """The model server did not send a reply, or not all of it.

    `code`: for the client's `error` event. The message says what to do. `retryable`: True if a repeated request may
    succeed. `error` and `status`: what the server said, if it answered.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool,
        retry_after_s: float | None = None,
        error: ServerError | None = None,
        status: int = 0,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.error = error
        self.status = status
        self.is_adapted = False
        """True if the next request will be different. This failure then does not count as a try of
        `TERTULIA_LLM_RETRIES`.
        """


def retry_delay_s(failures: int, failure: ModelFailed, jitter: float) -> float:
    """Seconds to wait before the next request: as the server says; otherwise 0.5, doubled after each failure. `jitter`:
    0 to 1.
    """
    if failure.is_adapted:
        return 0.0
    if failure.retry_after_s is not None:
        return min(MAX_RETRY_DELAY_S, failure.retry_after_s)
    return min(MAX_RETRY_DELAY_S, 0.5 * 2 ** (failures - 1)) * (0.5 + jitter / 2)


def jitter() -> float:
    """A random number from 0 to 1, so that many clients do not repeat their requests at the same moment."""
    return random.random()  # noqa: S311 - not a secret


def error_in_stream(error: Mapping[str, Any]) -> ModelFailed:
    """The failure for an error object that a server sent instead of a chunk."""
    found = read_error(error)
    unknown = SERVER_FAILED
    if is_about_content(found, BAD_REQUEST) or is_about_the_key(found, BAD_REQUEST):
        unknown = BAD_REQUEST
    elif is_about_the_model(found) or is_about_the_address(found):
        unknown = NOT_FOUND
    by_code = next((_STATUS_OF_CODE[code] for code in sorted(found.codes) if code in _STATUS_OF_CODE), unknown)
    return by_status(found.status or by_code, found)


def failure_of(error: Exception) -> ModelFailed:
    """The failure for an exception of the SDK, or for a `TimeoutError`."""
    import openai  # noqa: PLC0415 - 20 MB; whoever has such an exception has imported it

    match error:
        case TimeoutError():
            return ModelFailed("llm_unavailable", "The model server does not answer.", retryable=True)
        case openai.APITimeoutError() if not _was_refused(error):
            return ModelFailed("llm_unavailable", "The model server does not answer.", retryable=True)
        case openai.APIConnectionError():
            return ModelFailed("llm_unavailable", f"{_unreachable(error)}.", retryable=True)
        case openai.APIStatusError():
            found = read_error(error.response.content)
            headers = {name.lower(): value for name, value in error.response.headers.items()}
            return by_status(error.status_code, found, retry_after_s=retry_after_s(headers, datetime.now(UTC)))
        case _:
            return ModelFailed("llm_unavailable", f"The model server failed: {error}", retryable=True)


def by_status(
    status: int, error: ServerError, *, retry_after_s: float | None = None, has_key: bool = True
) -> ModelFailed:
    """The failure for an HTTP status and the error in the body. `has_key`: True if requests carry an API key."""
    wait_s = retry_after_s if retry_after_s is not None else error.retry_after_s
    code, message = _explained(status, error, has_key=has_key)
    retryable = (status in _RETRYABLE or status >= SERVER_FAILED) and status not in _PERMANENT
    if code in ("llm_credit", "llm_model"):
        retryable = False
    if cannot_load(error):
        retryable = False
    elif retryable and wait_s is not None and wait_s > MAX_RETRY_DELAY_S:
        retryable = False
        message = f"{message} The server asks to wait {round(wait_s)} seconds."
    elif retryable and wait_s is None and status == TOO_MANY and is_long_limit(error):
        retryable = False
        message = f"{message} This limit is for a day or a month, so Tertulia does not ask again."
    return ModelFailed(code, message, retryable=retryable, retry_after_s=wait_s, error=error, status=status)


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """The delay in seconds that a response asks for; None if it asks for none. `headers`: with names in lower case."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


def says(error: ServerError) -> str:
    """What the server said, as a sentence to append to a message; "" if it said nothing."""
    if error.page_title is not None:
        shown = f" It shows: {error.text}" if 0 < len(error.text) <= MAX_SHOWN_OF_PAGE else ""
        return (f" It sent a web page (“{error.page_title}”)." if error.page_title else " It sent a web page.") + shown
    return f" The server says: {error.message}" if error.message else ""


def _explained(status: int, error: ServerError, *, has_key: bool) -> tuple[str, str]:
    """The error code and the message for the user."""
    special = _special(status, error)
    if special is not None:
        code, advice = special
        return code, advice + says(error)
    if is_about_the_key(error, status):
        status = 401
    elif 400 <= status < SERVER_FAILED and is_about_the_model(error):  # noqa: PLR2004 - the client's errors
        return "llm_model", "The model server has no such model: choose another in the model settings." + says(error)
    if status == 401 and not has_key:  # noqa: PLR2004 - Unauthorized
        return (
            "llm_auth",
            "The model server asks for a key, and none is set: set OPENROUTER_API_KEY." + says(error),
        )
    code, advice = _BY_STATUS.get(
        status,
        ("llm_unavailable", f"The model server failed ({status}).")
        if status >= SERVER_FAILED or status in _RETRYABLE
        else ("llm_bad_request", f"The model server refused the request ({status})."),
    )
    return code, advice + says(error)


def _special(status: int, error: ServerError) -> tuple[str, str] | None:
    """The code and the advice for an error that its words or codes tell better than its status; None for others."""
    if ran_out_of_tokens(error):
        advice = "The reply's tokens went into reasoning: raise TERTULIA_LLM_MAX_TOKENS, or limit the reasoning."
        return "llm_reasoning", advice
    if is_about_content(error, status):
        advice = "The model server's content filter refuses the prompt: change your message or the character's prompt."
        return "llm_filtered", advice
    if cannot_load(error):
        advice = "The model server cannot load the model: choose a smaller one, or free memory on the server."
        return "llm_model", advice
    if status == 402 or is_about_credit(error):  # noqa: PLR2004 - Payment Required
        return "llm_credit", "The account at the model server has no credit left: top it up, or choose a free model."
    return None


def _unreachable(error: BaseException) -> str:
    """The reason why no connection was made, for the user."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return "The model server's host name is unknown: check TERTULIA_LLM_BASE_URL and the network"
        if isinstance(cause, ssl.SSLError):
            return f"The TLS connection to the model server failed ({cause.reason}): check TERTULIA_LLM_BASE_URL"
        cause = cause.__cause__ or cause.__context__
    return "The model server cannot be reached: check its address (or TERTULIA_LLM_BASE_URL) and the network"


def _was_refused(error: BaseException | None) -> bool:
    """True if the connection failed rather than timed out: the aiohttp transport reports both as a timeout."""
    while error is not None:
        if isinstance(error, OSError) and not isinstance(error, TimeoutError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return max(0.0, number) if number < float("inf") else None  # the comparison is also false for NaN
