"""The body of a request for speech, in several forms. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tertulia_tts.engine import SpeechRequest

FORMS: Final = (
    ("stream", "stream_format", "seed", "speed"), ("stream", "stream_format", "seed"),
    ("stream_format", "speed"), ("stream_format",),
    ("speed",), (),
)  # fmt: skip
"""The optional fields, from the most to the fewest. Most servers ignore fields that they do not know, but some refuse
them. `stream_format` asks for raw sound: some servers answer `stream` alone with events. `speed` is sent only if it is
not 1.
"""
REFUSED: Final = frozenset({400, 422})
"""Status codes with which servers refuse a field of the request."""


def next_form(form: int, speed: float) -> int | None:
    """The form to try after the server refused `form`: the next one with fewer fields; None if there is none."""
    if form % 2 == 0 and speed == 1:
        form += 1  # this form has the same fields, because the speed is not sent
    return form + 1 if form < len(FORMS) - 1 else None


def request_body(model: str, request: SpeechRequest, voice: Mapping[str, str], form: int) -> Mapping[str, Any]:
    """The body in the form `FORMS[form]`. `voice`: the fields that choose the voice."""
    optional: dict[str, Any] = {"stream": True, "stream_format": "audio", "seed": request.seed}
    if request.speed != 1:
        optional["speed"] = request.speed
    return {
        "model": model,
        "input": request.text,
        **voice,
        "response_format": "pcm",
        **{name: optional[name] for name in FORMS[form] if name in optional},
    }
