"""One Whisper model on CTranslate2.

Its windows are short (`tertulia_stt.engines.whisper_window`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import ctranslate2
import numpy as np

from tertulia_stt.engine import SAMPLE_RATE, EngineUnavailable
from tertulia_stt.engines.whisper.vocabulary import Vocabulary, read_vocabulary
from tertulia_stt.log_mel import STEP, Samples, log_mel

_FRAMES_PER_S: Final = SAMPLE_RATE // STEP
_TOKENS_PER_S: Final = 8
_MANY_TOKENS_PER_S: Final = 30
_MANY_TOKENS: Final = frozenset(
    ("as", "bn", "bo", "gu", "hi", "km", "kn", "lo", "ml", "mr", "my", "ne", "pa", "sa", "si", "ta", "te", "th", "ur")
)
"""Languages in whose scripts a letter takes two or three tokens."""
_MIN_TOKENS: Final = 20
_MAX_TOKENS: Final = 224
_MAX_HINT_TOKENS: Final = 100
"""A longer prompt costs time in each request, and Whisper forgets its beginning."""


class LanguageChoice(Protocol):
    """Chooses the language of a text from Whisper's probabilities."""

    def __call__(self, probabilities: Mapping[str, float], /) -> str: ...


@dataclass(frozen=True, slots=True)
class Request:
    """Sound to transcribe: samples from -1 to 1 at 16 kHz. `language`: an ISO 639 code, or what chooses it."""

    samples: Samples
    language: str | LanguageChoice
    window_s: int

    def max_tokens(self, language: str) -> int:
        """A bound for the length of the text in this language, in tokens."""
        per_s = _MANY_TOKENS_PER_S if language in _MANY_TOKENS else _TOKENS_PER_S
        return min(_MAX_TOKENS, _MIN_TOKENS + int(len(self.samples) / SAMPLE_RATE * per_s))


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A transcription. `confidence`: mean log probability of its tokens. `no_speech`: probability of no speech."""

    text: str
    confidence: float
    no_speech: float
    language: str


class WhisperModel:
    """A model that threads may share.

    `threads`: CPU threads for one request; `workers`: requests that run at once. `hints`: words that are likely to
    occur, in their correct spelling.

    Raises:
        EngineUnavailable: the folder has no model that can be loaded.
    """

    def __init__(self, folder: Path, *, threads: int, workers: int, hints: Sequence[str]) -> None:
        self._vocabulary = read_vocabulary(folder)
        try:
            self._model = ctranslate2.models.Whisper(
                str(folder), device="cpu", compute_type="int8", intra_threads=threads, inter_threads=workers
            )
        except Exception as error:  # CTranslate2 raises errors of several classes
            raise EngineUnavailable(f"the Whisper model in {folder} cannot be loaded: {error}") from error
        self._hints = _hint_tokens(self._vocabulary, hints)
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
        """Transcribe requests whose windows have the same length."""
        frames = requests[0].window_s * _FRAMES_PER_S
        spectrograms = np.stack([log_mel(request.samples, frames) for request in requests])
        encoded = self._model.encode(ctranslate2.StorageView.from_array(spectrograms))
        languages = self._languages(requests, encoded)
        prompts = [self._prompt(language) for language in languages]
        longest = max(request.max_tokens(language) for request, language in zip(requests, languages, strict=True))
        results: Sequence[Any] = self._model.generate(
            encoded,
            prompts,
            beam_size=1,
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
        prompt = [*self._hints, self._start]
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


def _hint_tokens(vocabulary: Vocabulary, hints: Sequence[str]) -> list[int]:
    """The part of the prompt that contains the hints: as a sentence that seems to have been spoken before."""
    previous = vocabulary.special("<|startofprev|>")
    if previous is None or not hints:
        return []
    # A full stop at the end: otherwise Whisper writes fewer punctuation marks.
    return [previous, *vocabulary.encode(f" {', '.join(hints)}.")[-_MAX_HINT_TOKENS:]]
