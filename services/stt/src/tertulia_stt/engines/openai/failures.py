"""What went wrong with a request to the transcription server, and what to do about it. Pure."""

from __future__ import annotations

from typing import Final

RETRIED: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
NO_CREDIT: Final = "insufficient_quota"
"""OpenAI's code for an account without credit. It comes with the status 429, but waiting does not help."""


class RequestFailed(Exception):
    """A request failed. `retryable`: another try may succeed, after `wait_s` if the server asks for a wait. `status` is
    the HTTP status; 0 if there was no answer.
    """

    def __init__(self, message: str, *, retryable: bool, status: int = 0, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.status = status
        self.wait_s = wait_s


def refusal(base_url: str, model: str, status: int, body: str, wait_s: float | None) -> RequestFailed:
    """The failure that an HTTP status means."""
    advice = {
        401: "refuses the key; check TERTULIA_STT_OPENAI_KEY",
        403: "refuses the key; check TERTULIA_STT_OPENAI_KEY",
        404: f"knows no /audio/transcriptions, or no model {model!r}; check TERTULIA_STT_OPENAI_BASE_URL, which often"
        " ends in /v1, and TERTULIA_STT_OPENAI_MODEL",
        405: "takes no transcription requests here; check TERTULIA_STT_OPENAI_BASE_URL",
        413: "refuses sound of this length",
        429: "allows no more requests now",
    }
    has_credit = NO_CREDIT not in body
    said = advice.get(status, "refuses the request") if has_credit else "reports an account without credit"
    return RequestFailed(
        f"the transcription server {base_url} {said} (HTTP {status}: {body or 'no reason given'})",
        retryable=status in RETRIED and has_credit,
        status=status,
        wait_s=wait_s,
    )


def no_transcription(base_url: str, answer: str) -> RequestFailed:
    """The failure of an answer that is not a transcription."""
    return RequestFailed(
        f"the transcription server {base_url} answers, but not with a transcription ({answer});"
        " check TERTULIA_STT_OPENAI_BASE_URL",
        retryable=False,
    )


def too_slow(base_url: str, timeout_s: float) -> RequestFailed:
    """The failure of an answer that did not come in time."""
    return RequestFailed(
        f"the transcription server {base_url} did not answer within {timeout_s:g} s", retryable=True
    )  # fmt: skip


def unreachable(base_url: str, reason: str) -> RequestFailed:
    """The failure of a connection."""
    return RequestFailed(
        f"the transcription server {base_url} cannot be reached ({reason}); check TERTULIA_STT_OPENAI_BASE_URL",
        retryable=True,
    )
