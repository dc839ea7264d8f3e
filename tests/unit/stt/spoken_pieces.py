"""Pieces of speech for a `ListeningSession`, with pauses between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tertulia_shared.events import Event
from tertulia_stt.engine import SAMPLE_RATE
from tests.fakes.scripted_recognition import Utterance
from tests.unit.stt.listening_session import ListeningSession

QUESTION = "What do you think about the weather today?"


def at(seconds: float) -> int:
    """The number of the sample at this time."""
    return round(seconds * SAMPLE_RATE)


def piece(text: str, start_s: float, speech_end_s: float) -> Utterance:
    """A piece whose speech ends at `speech_end_s`; the recognizer notices the end 0.256 s later."""
    return Utterance(at(start_s), at(speech_end_s) + 4_096, text, [(at(start_s) + 2_000, text.lower()[:8])])


def drafted(whole: Utterance, *drafts: tuple[float, str]) -> Utterance:
    """The piece with drafts. `drafts`: for each draft, the second at which the speech may have ended, and the text."""
    return replace(whole, drafts=[*((at(seconds), text) for seconds, text in drafts), (whole.speech_end, whole.text)])


WENT = piece("I went to the", 0.2, 1.0)
MARKET = piece("Market and I bought apples.", 2.0, 3.0)
ASKED = piece(QUESTION, 0.2, 1.0)
MORE = piece("I mean in Paris.", 2.0, 3.0)
NOISE = piece("", 1.8, 2.0)
GREETED = piece("Hello Luna.", 0.2, 1.0)
LATER = piece("I mean in Paris.", 2.6, 3.4)
HOW_ARE_YOU = piece("How are you?", 1.4, 2.0)
DRAFTED = drafted(piece("Hello Luna, how are you?", 0.2, 1.6), (1.0, "Hello Luna."))
DRAFTED_QUESTION = drafted(ASKED)
DRAFTED_MARKET = drafted(MARKET, (2.5, "Market."))
DRAFTED_NOISE = drafted(piece("", 0.2, 1.6), (1.0, "Hello Luna."))


async def heard(session: ListeningSession, until_s: float) -> ListeningSession:
    """Serve the session with this much audio, and stop it."""
    await session.serve_audio(at(until_s))
    return session


def types(events: Sequence[Event]) -> list[str]:
    return [event.type for event in events]
