"""Transcribes the pieces of one session: one request for the final text of a piece, and, if wanted, requests for
partial texts while the user speaks.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import ClassVar, Final

from tertulia_stt.endpointing import SpeechEnded
from tertulia_stt.engine import BYTES_PER_SAMPLE, SAMPLE_RATE, RecognitionFailed
from tertulia_stt.engines.openai.answer import Transcript
from tertulia_stt.engines.openai.failures import RequestFailed
from tertulia_stt.engines.openai.forms import prompt_of
from tertulia_stt.engines.openai.loop_requests import LoopRequests
from tertulia_stt.engines.whisper.review import Spoken, cleaned, is_noise, split_words

_FIRST_PARTIAL_S: Final = 0.7
"""A partial text is asked for from this much sound on, of which 0.3 s come from before the speech."""
_FAILED_PARTIAL_S: Final = 5.0
"""After a failed request for a partial text, the next one waits for this much sound."""
_UNKNOWN: Final = 0.0
"""Confidence and probability of no speech if the server does not report them: only the text itself is judged."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PieceRules:
    """`partial_s`: sound between two requests for a partial text; None: there are no partial texts. `pre_roll_s`: how
    much of a piece comes from before its speech.
    """

    partial_s: float | None
    pre_roll_s: float


class OpenAITranscriber:
    """A `PieceTranscriber`. `words`: words that are likely to occur, until `expect` sets others."""

    agreement: ClassVar[int] = 2
    """Hypotheses come twice a second at most, so a third one would come late."""

    def __init__(self, requests: LoopRequests, rules: PieceRules, words: Sequence[str] = ()) -> None:
        self._requests = requests
        self._rules = rules
        self._prompt = prompt_of(words)
        self._pcm = bytearray()
        self._next_s = 0.0
        self._pending: Future[str] | None = None
        self._asked_at = 0.0
        self._received = ""  # what the pending request has brought so far; written by the event loop
        self._shown_words = 0
        self.is_complete = True
        self.wake: Callable[[], None] = lambda: None
        """Called from another thread when a partial text is ready."""

    def expect(self, words: Sequence[str]) -> None:
        self._prompt = prompt_of(words)

    def start(self) -> None:
        self._pcm.clear()
        self._next_s = _FIRST_PARTIAL_S
        self._shown_words = 0
        self._requests.warm()

    def process(self, pcm: bytes) -> None:
        self._pcm += pcm

    def pauses(self) -> None:
        self._next_s = 0.0

    def draft(self, ended: SpeechEnded) -> str | None:  # noqa: ARG002 - the port's signature
        return None  # a request costs money, and is often as slow as the end of the pause

    def resumes(self) -> None:
        pass

    def hypothesis(self) -> Sequence[str] | None:
        words = self._take_partial()
        interval_s = self._rules.partial_s
        if interval_s is not None and self._pending is None and self._length_s >= self._next_s:
            self._ask_for_partial(interval_s)
        if words is not None:
            self._shown_words = len(words)
        return words

    def write(self, words: Sequence[str]) -> str:
        return "".join(words).strip()

    def end(self, ended: SpeechEnded) -> str:
        self._drop_partial()
        speech_s = (ended.speech_end_sample - ended.start_sample) / SAMPLE_RATE - self._rules.pre_roll_s
        try:
            transcript = self._requests.final(bytes(self._pcm), self._prompt)
        except RequestFailed as failure:
            raise RecognitionFailed(str(failure)) from failure
        return self._reviewed(transcript, max(0.0, speech_s))

    def close(self) -> None:
        self._drop_partial()

    @property
    def _length_s(self) -> float:
        return len(self._pcm) / (SAMPLE_RATE * BYTES_PER_SAMPLE)

    def _reviewed(self, transcript: Transcript, speech_s: float) -> str:
        """The text; "" if it was invented for a sound that is not speech."""
        text = cleaned(transcript.text, speech_s)
        confidence = _UNKNOWN if transcript.confidence is None else transcript.confidence
        no_speech = _UNKNOWN if transcript.no_speech is None else transcript.no_speech
        # A recognizer copies the words from the prompt where nothing is said. A single name may well have been said.
        is_hint = ", " in self._prompt and text.strip(" .") == self._prompt.strip(" .")
        return "" if is_hint or is_noise(Spoken(text, confidence, no_speech, speech_s)) else text

    def _ask_for_partial(self, partial_s: float) -> None:
        self._next_s = self._length_s + partial_s
        self._asked_at = time.monotonic()
        self._received = ""
        try:
            self._pending = self._requests.partial(bytes(self._pcm), self._prompt, self._receive)
        except RequestFailed:
            return  # the session is closing
        self._pending.add_done_callback(lambda _: self.wake())

    def _receive(self, text: str) -> None:
        self._received = text
        self.wake()

    def _take_partial(self) -> Sequence[str] | None:
        pending = self._pending
        if pending is None:
            return None
        if pending.done():
            self._pending = None
            self.is_complete = True
            # a slow server needs time for final texts, so it is busy with partial texts for half of the time at most
            self._next_s = max(self._next_s, self._length_s + time.monotonic() - self._asked_at)
            try:
                return self._words(pending.result())
            except (RequestFailed, CancelledError) as failure:
                log.info("no partial text: %s", failure)
                self._next_s = self._length_s + _FAILED_PARTIAL_S
                return None
        self.is_complete = False
        words = self._words(self._received)[:-1]  # the last word may still grow
        return words if len(words) > self._shown_words else None

    def _words(self, text: str) -> Sequence[str]:
        speech_s = max(0.0, self._length_s - self._rules.pre_roll_s)
        # The user has not finished: the mark at the end is a guess.
        reviewed = self._reviewed(Transcript(text), speech_s)
        return split_words(reviewed.rstrip(".?!… "))

    def _drop_partial(self) -> None:
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None
