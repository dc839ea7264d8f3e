"""The body of a request for speech, in several forms. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

FORMS: Final = (("stream", "stream_format", "seed"), ("stream_format",), ())
"""The optional fields, from the most to the fewest. Most servers ignore fields that they do not know, but some refuse
them. `stream_format` asks for raw sound: some servers answer `stream` alone with events.
"""
REFUSED: Final = frozenset({400, 422})
"""Status codes with which servers refuse a field of the request."""


def request_body(model: str, text: str, voice: Mapping[str, str], seed: int, form: int) -> Mapping[str, Any]:
    """The body in the form `FORMS[form]`. `voice`: the fields that choose the voice."""
    optional = {"stream": True, "stream_format": "audio", "seed": seed}
    return {
        "model": model,
        "input": text,
        **voice,
        "response_format": "pcm",
        **{name: optional[name] for name in FORMS[form]},
    }
