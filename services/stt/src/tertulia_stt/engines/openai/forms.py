"""The forms of a transcription request, from the most to the least demanding. Pure.

Servers differ in the fields that they take. `verbose_json` reports how sure the server is of the text, but models other
than Whisper refuse it; some take `include[]=logprobs` instead; some models refuse a prompt.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tertulia_stt.engine import BYTES_PER_SAMPLE, SAMPLE_RATE

REFUSED: Final = frozenset({400, 415, 422, 501})
"""Status codes with which servers refuse a field of the request."""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a request, besides the sound and the model."""

    fields: Mapping[str, str]
    has_hints: bool
    """Whether the prompt and the temperature are sent."""


FORMS: Final = (
    Form({"response_format": "verbose_json"}, has_hints=True),
    Form({"response_format": "json", "include[]": "logprobs"}, has_hints=True),
    Form({"response_format": "json"}, has_hints=True),
    Form({"response_format": "json"}, has_hints=False),
)
PLAIN: Final = FORMS[2:]
"""The forms that allow an answer in events."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is the same in all requests. `language` is "" if the server is to detect it."""

    model: str
    language: str

    def fields(self, form: Form, prompt: str, *, stream: bool) -> Mapping[str, str]:
        """The fields of the request, without the sound."""
        fields = {"model": self.model, **form.fields}
        if self.language:
            fields["language"] = self.language
        if form.has_hints:
            fields["temperature"] = "0"
            if prompt:
                fields["prompt"] = prompt
        if stream:
            fields["stream"] = "true"
        return fields


def prompt_of(words: Sequence[str]) -> str:
    """The words as a text that could precede the speech: recognizers then spell them like this."""
    return ", ".join(words) + "." if words else ""


def wav(pcm: bytes) -> bytes:
    """The sound as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, BYTES_PER_SAMPLE, SAMPLE_RATE, 0, "NONE", ""))
        out.writeframes(pcm)
    return file.getvalue()
