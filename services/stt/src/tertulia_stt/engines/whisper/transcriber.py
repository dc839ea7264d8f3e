"""Transcribes the pieces of one session: partial texts while the user speaks, and a final text for each piece."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final

import numpy as np

from tertulia_stt.endpointing import SpeechEnded
from tertulia_stt.engine import BYTES_PER_SAMPLE, SAMPLE_RATE
from tertulia_stt.engines.whisper.languages import LanguageTracker
from tertulia_stt.engines.whisper.model import Hypothesis, LanguageChoice, Request, WhisperModel
from tertulia_stt.engines.whisper.request_queue import RequestQueue
from tertulia_stt.engines.whisper.review import (
    Spoken,
    cleaned,
    is_doubtful,
    is_incomplete,
    is_noise,
    split_words,
    words_of,
)
from tertulia_stt.engines.whisper_window import MAX_WINDOW_S, MIN_PARTIAL_WINDOW_S, window_s
from tertulia_stt.log_mel import Samples

_FIRST_PARTIAL_S: Final = 0.6
"""A partial text is asked for from this much sound on, of which 0.3 s come from before the speech."""
_FINAL_BEAM: Final = 5
"""Costs a seventh more than 1. With noise at 10 dB it lowered the word errors from 10 to 7 %."""
_PARTIAL_EACH_S: Final = 0.4
_PARTIAL_SHARE: Final = 0.05
"""A partial text costs more the longer the piece is, so the interval grows by this share of the length."""
_MIN_EARLY_S: Final = 1.0
"""From this much speech on, the final text is asked for at the beginning of a pause. A shorter piece may be a stop
word, and its partial text is ready sooner.
"""


@dataclass(slots=True)
class _EarlyText:
    """The final text that was asked for at the beginning of a pause. `detected`: the probabilities of the languages,
    unless the language was set. `is_shown`: the text was used as a partial text, too.
    """

    heard: Future[Hypothesis]
    detected: dict[str, float]
    is_shown: bool = False


@dataclass(frozen=True, slots=True)
class Models:
    """The models of the engine. `partial` is None if partial texts come from the model for final texts.
    `partial_language`: the only language of the model for partial texts; "" if it knows all.
    """

    final: WhisperModel
    partial: WhisperModel | None
    partial_language: str = ""

    def partial_for(self, language: str) -> WhisperModel:
        """The model for partial texts in that language."""
        fits = self.partial_language in ("", language)
        return self.partial if self.partial is not None and fits else self.final


class WhisperTranscriber:
    """A `PieceTranscriber`. `pre_roll_s`: how much of a piece comes from before its speech. `hints`: words that are
    likely to occur, in their correct spelling, until `expect` sets others.
    """

    is_complete: bool = True
    agreement: ClassVar[int] = 2
    """Hypotheses come three times a second at most, so a third one would come late."""

    def __init__(
        self, models: Models, requests: RequestQueue, language: str, *, pre_roll_s: float, hints: Sequence[str] = ()
    ) -> None:
        self._models = models
        self._requests = requests
        self._languages = LanguageTracker(language)
        self._pre_roll_s = pre_roll_s
        self._hints: tuple[str, ...] = ()
        self._hinted = frozenset[str]()
        self.expect(hints)
        self._pcm = bytearray()
        self._pending: Future[Hypothesis] | None = None
        self._next_s = _FIRST_PARTIAL_S
        self._early: _EarlyText | None = None
        self.wake: Callable[[], None] = lambda: None
        """Called from another thread when a partial text is ready."""

    def expect(self, words: Sequence[str]) -> None:
        self._hints = tuple(words)
        self._hinted = words_of(words)

    def start(self) -> None:
        self._pcm.clear()
        self._next_s = _FIRST_PARTIAL_S

    def process(self, pcm: bytes) -> None:
        self._pcm += pcm

    def pauses(self) -> None:
        self._next_s = 0.0
        if self._length_s - self._pre_roll_s >= _MIN_EARLY_S:
            if self._pending is not None and self._pending.cancel():
                self._pending = None
            self._ask_for_early_text()

    def draft(self, ended: SpeechEnded) -> str | None:
        early = self._early
        if early is None or not early.heard.done():
            return None
        speech_s = self._speech_s(ended)
        heard = _spoken(early.heard.result(), speech_s)
        return None if is_noise(heard, self._hinted) or is_doubtful(heard) else heard.text

    def resumes(self) -> None:
        self._drop_early_text()

    def hypothesis(self) -> Sequence[str] | None:
        words = self._take_partial()
        if words is None:
            words = self._show_early_text()
        if self._pending is None and self._early is None and self._length_s >= self._next_s:
            self._ask_for_partial()
        return words

    def write(self, words: Sequence[str]) -> str:
        return "".join(words).strip()

    def end(self, ended: SpeechEnded) -> str:
        self._drop_partial()
        speech_s = self._speech_s(ended)
        samples = self._samples()
        heard = self._take_early_text(speech_s)
        if heard is None:
            decide = partial(self._languages.decide, speech_s=speech_s)
            heard = self._transcribe(self._request(samples, decide), speech_s)
        is_short_window = window_s(len(samples)) < MAX_WINDOW_S
        if is_short_window and is_doubtful(heard) and not is_noise(heard, self._hinted):
            # the language was decided above
            language = self._languages.language or self._languages.guess
            again = self._transcribe(Request(samples, language, MAX_WINDOW_S, _FINAL_BEAM, self._hints), speech_s)
            if is_incomplete(heard.text, speech_s) or again.confidence > heard.confidence:
                heard = again
        return "" if is_noise(heard, self._hinted) else heard.text

    def close(self) -> None:
        self._drop_partial()
        self._drop_early_text()

    @property
    def _length_s(self) -> float:
        return len(self._pcm) / (SAMPLE_RATE * BYTES_PER_SAMPLE)

    def _speech_s(self, ended: SpeechEnded) -> float:
        return max(0.0, (ended.speech_end_sample - ended.start_sample) / SAMPLE_RATE - self._pre_roll_s)

    def _samples(self) -> Samples:
        return np.frombuffer(bytes(self._pcm), dtype="<i2").astype(np.float32) / np.float32(32768)

    def _request(self, samples: Samples, decide: LanguageChoice) -> Request:
        language = self._languages.language if self._languages.is_fixed else decide
        return Request(samples, language, window_s(len(samples)), _FINAL_BEAM, self._hints)

    def _transcribe(self, request: Request, speech_s: float) -> Spoken:
        heard = self._requests.submit(self._models.final, request, is_final=True).result()
        return _spoken(heard, speech_s)

    def _ask_for_early_text(self) -> None:
        detected: dict[str, float] = {}

        def guess(probabilities: Mapping[str, float]) -> str:
            detected.update(probabilities)
            return self._languages.guess(probabilities)

        heard = self._requests.submit(self._models.final, self._request(self._samples(), guess), is_final=True)
        self._early = _EarlyText(heard, detected)
        heard.add_done_callback(lambda _: self.wake())

    def _take_early_text(self, speech_s: float) -> Spoken | None:
        """The final text that was asked for at the beginning of the pause; None if there is none, or if it is in the
        wrong language.
        """
        early, self._early = self._early, None
        if early is None:
            return None
        heard = early.heard.result()
        if early.detected and self._languages.decide(early.detected, speech_s) != heard.language:
            return None
        return _spoken(heard, speech_s)

    def _drop_early_text(self) -> None:
        if self._early is not None:
            self._early.heard.cancel()
            self._early = None

    def _ask_for_partial(self) -> None:
        self._next_s = self._length_s + _PARTIAL_EACH_S + _PARTIAL_SHARE * self._length_s
        samples, language = self._samples(), self._languages.language
        window = window_s(len(samples), MIN_PARTIAL_WINDOW_S)
        request = Request(samples, language or self._languages.guess, window, hints=self._hints)
        model = self._models.partial_for(language)
        self._pending = self._requests.submit(model, request, is_final=False)
        self._pending.add_done_callback(lambda _: self.wake())

    def _take_partial(self) -> Sequence[str] | None:
        if self._pending is None or not self._pending.done():
            return None
        heard, self._pending = self._pending.result(), None
        return self._partial_words(heard)

    def _show_early_text(self) -> Sequence[str] | None:
        early = self._early
        if early is None or early.is_shown or not early.heard.done():
            return None
        early.is_shown = True
        return self._partial_words(early.heard.result())

    def _partial_words(self, heard: Hypothesis) -> Sequence[str]:
        spoken = _spoken(heard, max(0.0, self._length_s - self._pre_roll_s))
        # The user may not have finished: the mark at the end is a guess.
        return () if is_noise(spoken, self._hinted) else split_words(spoken.text.rstrip(".?!… "))

    def _drop_partial(self) -> None:
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None


def _spoken(heard: Hypothesis, speech_s: float) -> Spoken:
    return Spoken(cleaned(heard.text, speech_s), heard.confidence, heard.no_speech, speech_s)
