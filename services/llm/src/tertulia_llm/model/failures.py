"""The failures of a model server: what to tell the user, and whether another try may help."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import openai

MAX_RETRY_DELAY_S = 20.0


class ModelFailed(Exception):
    """The model server did not send (the rest of) a reply.

    `code` is for the client's `error` event, the message says what to do, `retryable` whether another try may help.
    """

    def __init__(self, code: str, message: str, *, retryable: bool, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable
        self.retry_after_s = retry_after_s


def retry_delay_s(failures: int, failure: ModelFailed, jitter: float) -> float:
    """Seconds to wait before the next try: as the server says, else 0.5, doubled per failure; `jitter` in 0..1."""
    if failure.retry_after_s is not None:
        return min(MAX_RETRY_DELAY_S, failure.retry_after_s)
    return min(MAX_RETRY_DELAY_S, 0.5 * 2 ** (failures - 1)) * (0.5 + jitter / 2)


def jitter() -> float:
    """A random number in 0..1, so that many clients do not retry at once."""
    return random.random()  # noqa: S311 - not a secret


def error_in_stream(error: Mapping[str, Any]) -> ModelFailed:
    """The failure for an error object that a server sent in place of a chunk."""
    code = error.get("code")
    status = code if isinstance(code, int) else 500
    return _by_status(status, str(error.get("message") or "unknown error"), None)


def failure_of(error: Exception) -> ModelFailed:
    match error:
        case openai.APITimeoutError() if not _was_refused(error):
            return ModelFailed("llm_unavailable", "The model server does not answer.", retryable=True)
        case openai.APIConnectionError():
            return ModelFailed(
                "llm_unavailable",
                "The model server cannot be reached: look at TERTULIA_LLM_BASE_URL and the network.",
                retryable=True,
            )
        case openai.APIStatusError():
            return _by_status(error.status_code, error.message, error.response.headers.get("retry-after"))
        case _:
            return ModelFailed("llm_unavailable", f"The model server failed: {error}", retryable=True)


def _was_refused(error: BaseException | None) -> bool:
    """True if no connection was made; the aiohttp transport reports that as a timeout, for any reason."""
    while error is not None:
        if isinstance(error, OSError) and not isinstance(error, TimeoutError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _by_status(status: int, detail: str, retry_after: str | None) -> ModelFailed:
    detail = " ".join(detail.split())[:300]
    known = {
        400: ("llm_bad_request", f"The model server refused the request: {detail}"),
        401: ("llm_auth", "The model server refused the key: check OPENROUTER_API_KEY."),
        402: ("llm_credit", "The account at the model server has no credit left: top it up, or choose a free model."),
        403: ("llm_auth", f"The model server does not allow this: {detail}"),
        404: ("llm_model", f"The model server has no such model: choose another in the model settings. ({detail})"),
        422: ("llm_bad_request", f"The model server refused the request: {detail}"),
        429: ("llm_rate", "The model server asks us to slow down: wait a moment, or choose another model."),
    }
    code, message = known.get(status, ("llm_unavailable", f"The model server failed ({status}): {detail}"))
    retryable = status in (408, 409, 425, 429) or status >= 500  # noqa: PLR2004 - HTTP's own classes
    return ModelFailed(code, message, retryable=retryable, retry_after_s=_seconds(retry_after))


def _seconds(retry_after: str | None) -> float | None:
    try:
        return None if retry_after is None else max(0.0, float(retry_after))
    except ValueError:
        return None  # a date: use the default delays
