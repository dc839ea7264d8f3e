"""One Whisper model on CTranslate2.

Its windows are short (`tertulia_stt.engines.whisper_window`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final, Protocol

import ctranslate2
import numpy as np

from tertulia_stt.engine import SAMPLE_RATE, EngineUnavailable
from tertulia_stt.engines.whisper.vocabulary import Vocabulary, read_vocabulary
from tertulia_stt.log_mel import STEP, Samples, log_mel

_FRAMES_PER_S: Final = SAMPLE_RATE // STEP
_TOKENS_PER_S: Final = 8
_MANY_TOKENS_PER_S: Final = 24
"""The same for `_MANY_TOKENS`. Fast Hindi has 20."""
_MANY_TOKENS: Final = frozenset(
    (
        "am", "ar", "as", "bn", "bo", "el", "fa", "gu", "he", "hi", "hy", "ja", "ka", "km", "kn", "ko", "lo", "ml",
        "mr", "my", "ne", "pa", "ps", "sa", "sd", "si", "ta", "te", "th", "ur", "yi", "zh",
    )
)  # fmt: skip
"""Languages in whose script Whisper takes about a token for each letter, and up to three for a rare one."""
_MIN_TOKENS: Final = 20
_MAX_TOKENS: Final = 224
_MAX_HINT_TOKENS: Final = 100
"""A longer prompt costs time in each request."""
_KEPT_HINTS: Final = 16
"""The tokens of this many lists of hints are kept. Sessions have the same list, unless it has just changed."""


class LanguageChoice(Protocol):
    """Chooses the language of a text from Whisper's probabilities."""

    def __call__(self, probabilities: Mapping[str, float], /) -> str: ...


@dataclass(frozen=True, slots=True)
class Request:
    """Sound to transcribe: samples from -1 to 1 at 16 kHz. `language`: an ISO 639 code, or what chooses it.
    `beam_size`: how many texts the search for the best one follows; 1 is the fastest. `hints`: words that are likely to
    occur, in their correct spelling, the likeliest first.
    """

    samples: Samples
    language: str | LanguageChoice
    window_s: int
    beam_size: int = 1
    hints: tuple[str, ...] = ()

    def fits(self, other: Request) -> bool:
        """True if both can be transcribed in one batch. CTranslate2 demands prompts of the same length."""
        return (self.window_s, self.beam_size, self.hints) == (other.window_s, other.beam_size, other.hints)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A transcription. `confidence`: mean log probability of its tokens. `no_speech`: probability of no speech."""

    text: str
    confidence: float
    no_speech: float
    language: str


def max_tokens(samples: int, language: str) -> int:
    """A bound for the length of a text of so many samples, in tokens."""
    per_s = _MANY_TOKENS_PER_S if language in _MANY_TOKENS else _TOKENS_PER_S
    return min(_MAX_TOKENS, _MIN_TOKENS + int(samples / SAMPLE_RATE * per_s))


class WhisperModel:
    """A model that threads may share.

    `threads`: CPU threads for one request; `workers`: requests that run at once.

    Raises:
        EngineUnavailable: the folder has no model that can be loaded.
    """

    def __init__(self, folder: Path, *, threads: int, workers: int) -> None:
        self._vocabulary = read_vocabulary(folder)
        try:
            self._model = ctranslate2.models.Whisper(
                str(folder), device="cpu", compute_type="int8", intra_threads=threads, inter_threads=workers
            )
        except Exception as error:  # CTranslate2 raises errors of several classes
            raise EngineUnavailable(f"the Whisper model in {folder} cannot be loaded: {error}") from error
        self._hint_tokens = lru_cache(_KEPT_HINTS)(partial(hint_tokens, self._vocabulary))
        self._start = self._token("<|startoftranscript|>", folder)
        self._no_timestamps = self._token("<|notimestamps|>", folder)

    @property
    def is_multilingual(self) -> bool:
        """False if the model knows English only."""
        return self._model.is_multilingual

    def knows(self, language: str) -> bool:
        """True if the model can transcribe this language."""
        if not self.is_multilingual:
            return language == "en"
        return self._vocabulary.special(f"<|{language}|>") is not None

    def transcribe(self, requests: Sequence[Request]) -> Sequence[Hypothesis]:
        """Transcribe requests that fit each other."""
        frames = requests[0].window_s * _FRAMES_PER_S
        spectrograms = np.stack([log_mel(request.samples, frames) for request in requests])
        encoded = self._model.encode(ctranslate2.StorageView.from_array(spectrograms))
        languages = self._languages(requests, encoded)
        hints = self._hint_tokens(requests[0].hints)
        prompts = [[*hints, *self._prompt(language)] for language in languages]
        longest = max(
            max_tokens(len(request.samples), language) for request, language in zip(requests, languages, strict=True)
        )
        results: Sequence[Any] = self._model.generate(
            encoded,
            prompts,
            beam_size=requests[0].beam_size,
            max_length=len(prompts[0]) + longest,
            return_scores=True,
            return_no_speech_prob=True,
        )
        return [self._hypothesis(*pair) for pair in zip(results, languages, strict=True)]

    def _languages(self, requests: Sequence[Request], encoded: ctranslate2.StorageView) -> Sequence[str]:
        if all(isinstance(request.language, str) for request in requests):
            return [str(request.language) for request in requests]
        detected = self._model.detect_language(encoded)
        return [
            request.language
            if isinstance(request.language, str)
            else request.language({token.strip("<|>"): probability for token, probability in found})
            for request, found in zip(requests, detected, strict=True)
        ]

    def _prompt(self, language: str) -> list[int]:
        prompt = [self._start]
        if self.is_multilingual:
            prompt += [self._token(f"<|{language}|>"), self._token("<|transcribe|>")]
        return [*prompt, self._no_timestamps]

    def _hypothesis(self, result: Any, language: str) -> Hypothesis:
        tokens: Sequence[int] = result.sequences_ids[0]
        # The score is a mean over the tokens of the text; the end token counts as well, with a probability near 1.
        confidence = float(result.scores[0]) * len(tokens) / (len(tokens) + 1)
        return Hypothesis(self._vocabulary.decode(tokens).strip(), confidence, float(result.no_speech_prob), language)

    def _token(self, token: str, folder: Path | None = None) -> int:
        number = self._vocabulary.special(token)
        if number is None:
            raise EngineUnavailable(f"the model in {folder} is not Whisper: its tokenizer.json has no token {token}")
        return number


def hint_tokens(vocabulary: Vocabulary, hints: Sequence[str]) -> Sequence[int]:
    """The part of the prompt that contains the hints: as a sentence that seems to have been spoken before. Hints for
    which there is no room are left out.
    """
    previous = vocabulary.special("<|startofprev|>")
    tokens: list[int] = []
    for hint in hints:
        longer = [*tokens, *vocabulary.encode(f", {hint}" if tokens else f" {hint}")]
        if len(longer) < _MAX_HINT_TOKENS:
            tokens = longer
    if previous is None or not tokens:
        return ()
    # A full stop at the end: otherwise Whisper writes fewer punctuation marks.
    return (previous, *tokens, *vocabulary.encode("."))
