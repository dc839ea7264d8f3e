"""Finds where utterances begin and end, from speech probabilities.

Pure: takes one probability per 32 ms frame, returns boundaries with positions in samples. No audio, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import ceil
from typing import Final, TypeAlias

from tertulia_stt.long_speech import MAX_SPEECH_MS, CutFinder

FRAME_SAMPLES: Final = 512
"""Samples per frame: the input size of Silero's VAD at 16 kHz."""

FRAME_MS: Final = 32


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """The thresholds that separate utterances. Durations are rounded up to whole frames of 32 ms.

    Raises:
        ValueError: a value is outside its range; the message names it.
    """

    onset_probability: float = 0.5
    """Before an utterance, a frame with at least this probability counts as speech (Silero's own default)."""
    offset_probability: float = 0.35
    """Within an utterance, a frame below this counts as silence (Silero's own value is onset - 0.15)."""
    min_speech_ms: int = 96
    """An utterance begins after this much speech without a break: three frames, which is longer than a click and
    shorter than "yes".
    """
    pre_roll_ms: int = 300
    """The utterance starts this long before the detected speech, because soft first consonants are not detected."""
    hangover_ms: int = 224
    """The utterance ends after this much silence: longer than the pause within a word. The listener joins utterances
    that belong together.
    """
    max_utterance_ms: int = MAX_SPEECH_MS
    """Maximum length of an utterance, with its pre-roll. A longer utterance is cut (see `long_speech`)."""
    draft_ms: int = 96
    """After this much silence, the text is prepared, although the utterance may go on; 0: never."""

    def __post_init__(self) -> None:
        if not 0.0 < self.onset_probability < 1.0:
            raise ValueError(f"onset_probability must lie between 0 and 1, not {self.onset_probability}")
        if not 0.0 < self.offset_probability <= self.onset_probability:
            raise ValueError(
                f"offset_probability must be above 0 and at most onset_probability ({self.onset_probability}),"
                f" not {self.offset_probability}"
            )
        if self.min_speech_ms <= 0:
            raise ValueError(f"min_speech_ms must be above 0, not {self.min_speech_ms}")
        if self.pre_roll_ms < 0:
            raise ValueError(f"pre_roll_ms must not be negative, but is {self.pre_roll_ms}")
        if self.draft_ms < 0:
            raise ValueError(f"draft_ms must not be negative, but is {self.draft_ms}")
        if self.hangover_ms <= 0:
            raise ValueError(f"hangover_ms must be above 0, not {self.hangover_ms}")
        least = (self.pre_roll_frames + self.min_speech_frames + self.hangover_frames) * FRAME_MS
        if self.max_utterance_ms < least:
            raise ValueError(
                f"max_utterance_ms must hold pre-roll, beginning and hangover, that is at least {least},"
                f" not {self.max_utterance_ms}"
            )

    @property
    def min_speech_frames(self) -> int:
        return ceil(self.min_speech_ms / FRAME_MS)

    @property
    def pre_roll_frames(self) -> int:
        return ceil(self.pre_roll_ms / FRAME_MS)

    @property
    def hangover_frames(self) -> int:
        return ceil(self.hangover_ms / FRAME_MS)

    @property
    def draft_frames(self) -> int:
        return ceil(self.draft_ms / FRAME_MS)

    @property
    def max_utterance_frames(self) -> int:
        return ceil(self.max_utterance_ms / FRAME_MS)

    @property
    def look_back_frames(self) -> int:
        """The maximum number of frames between the start of an utterance and its detection."""
        return self.pre_roll_frames + self.min_speech_frames


class EndReason(Enum):
    """The reason why an utterance ended."""

    SILENCE = "silence"
    TOO_LONG = "too_long"
    INPUT_ENDED = "input_ended"


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """Speech was detected at `at_sample`; the utterance starts at `start_sample`, with its pre-roll. The first frame of
    the detected speech begins at `speech_sample`.
    """

    at_sample: int
    start_sample: int
    speech_sample: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The utterance is the audio from `start_sample` up to `end_sample`. Its speech ended at `speech_end_sample`."""

    start_sample: int
    end_sample: int
    reason: EndReason
    speech_end_sample: int


Boundary: TypeAlias = SpeechBegan | SpeechEnded


class Endpointer:
    """A state machine, silence → speech → silence, that advances one frame at a time.

    Utterances never overlap, because a pre-roll starts at the end of the previous utterance at the earliest. So a new
    endpointer can continue at any `end_sample`.
    """

    def __init__(self, settings: EndpointSettings, *, first_sample: int = 0) -> None:
        self._settings = settings
        self._position = first_sample
        self._floor = first_sample
        self._start: int | None = None
        self._cuts = CutFinder(settings.max_utterance_frames)
        self._run = 0  # number of consecutive frames that indicate the other state

    @property
    def position(self) -> int:
        """The position after the last frame, in samples from the input's beginning."""
        return self._position

    @property
    def in_speech(self) -> bool:
        return self._start is not None

    @property
    def pause_frames(self) -> int:
        """The number of silent frames at the end of the current utterance; 0 if there is no utterance."""
        return 0 if self._start is None else self._run

    @property
    def is_silent(self) -> bool:
        """True if there is no speech, and the last frame is not the beginning of speech."""
        return self._start is None and self._run == 0

    def push(self, probability: float) -> Boundary | None:
        """Process the speech probability (0 to 1) of the next frame. Returns a boundary if an utterance begins or ends
        with this frame, else None.
        """
        self._position += FRAME_SAMPLES
        if self._start is None:
            return self._wait(probability)
        return self._listen(self._start, probability)

    def finish(self, remainder: int = 0) -> SpeechEnded | None:
        """End the input. `remainder`: the number of samples after the last whole frame. Returns the end of the current
        utterance, if there is one.
        """
        self._position += remainder
        if self._start is None:
            return None
        return self._end(self._start, EndReason.INPUT_ENDED)

    def _wait(self, probability: float) -> SpeechBegan | None:
        self._run = self._run + 1 if probability >= self._settings.onset_probability else 0
        if self._run < self._settings.min_speech_frames:
            return None
        self._run = 0
        self._cuts.begin()
        reach = self._settings.look_back_frames * FRAME_SAMPLES
        self._start = max(self._floor, self._position - reach)
        speech = max(self._floor, self._position - self._settings.min_speech_frames * FRAME_SAMPLES)
        return SpeechBegan(self._position, self._start, speech)

    def _listen(self, start: int, probability: float) -> SpeechEnded | None:
        self._run = self._run + 1 if probability < self._settings.offset_probability else 0
        if self._run >= self._settings.hangover_frames:
            return self._end(start, EndReason.SILENCE)
        if self._cuts.is_cut((self._position - start) // FRAME_SAMPLES, self._run, probability):
            return self._end(start, EndReason.TOO_LONG)
        return None

    def _end(self, start: int, reason: EndReason) -> SpeechEnded:
        speech_end = max(start, self._position - self._run * FRAME_SAMPLES)
        self._start = None
        self._run = 0
        self._floor = self._position
        return SpeechEnded(start, self._position, reason, speech_end)
