"""The stt worker's settings. Each engine adds its own in a subclass: see `tertulia_stt.engines`."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from tertulia_shared.settings import CommonSettings
from tertulia_stt.turn_end import SilenceBounds


class STTSettings(CommonSettings):
    """The settings of every stt worker."""

    stt_engine: str = Field(
        "auto",
        description="speech recognizer: whisper, pocketsphinx or realtimestt; auto: the best that is installed with its"
        " models",
    )
    stt_concurrency: int = Field(8, ge=1, le=1000, description="most listening sessions that one worker serves at once")
    stt_words: str = Field(
        "Luna, Rex, Sage",
        max_length=2000,
        description="words that the recognizer expects, besides the names of the characters; comma-separated",
    )
    stt_idle_s: float = Field(
        30.0, gt=0, le=3600, description="seconds without audio after which a listening session ends"
    )
    stt_silence_ms: int = Field(
        224,
        ge=96,
        le=5000,
        description="silence after which the speech so far gets its final text, in ms; the text then decides how long"
        " the silence must be until the turn ends",
    )
    stt_draft_ms: int = Field(
        96,
        ge=0,
        le=1000,
        description="silence after which whisper and pocketsphinx prepare the final text, before it is certain that the"
        " speech has ended, in ms; must be shorter than TERTULIA_STT_SILENCE_MS to have an effect; 0: never",
    )
    stt_end_finished_ms: int = Field(
        224, ge=100, le=5000, description="silence that ends a turn after a finished sentence or question, in ms"
    )
    stt_end_unclear_ms: int = Field(
        640, ge=100, le=5000, description="silence that ends a turn after a text that may or may not be finished, in ms"
    )
    stt_end_open_ms: int = Field(
        2000,
        ge=100,
        le=10000,
        description='silence that ends a turn after an unfinished text ("I want to"), in ms',
    )
    stt_reopen_ms: int = Field(
        2000,
        ge=0,
        le=10000,
        description="time after the end of a turn in which more speech continues the same turn, unless a reply was"
        " heard, in ms; 0: never",
    )
    stt_turn_model: str = Field(
        "",
        max_length=1000,
        description="model that also judges from the sound whether a turn has ended: smart-turn (in the package"
        " pipecat-ai), or the path of its .onnx file; empty: the text alone decides",
    )
    stt_barge_in: bool = Field(default=True, description="whether speech over a character interrupts it")
    stt_barge_in_ms: int = Field(
        400,
        ge=0,
        le=5000,
        description="shortest speech that interrupts a character, in ms; stop words and names may be shorter",
    )
    stt_echo_share: float = Field(
        0.6,
        gt=0,
        le=1,
        description="speech over a character counts as echo from this share of words that the character is saying",
    )

    @property
    def words(self) -> tuple[str, ...]:
        """`stt_words` as a tuple."""
        return tuple(word.strip() for word in self.stt_words.split(",") if word.strip())

    @property
    def silence_bounds(self) -> SilenceBounds:
        """The three settings of the silence that ends a turn."""
        return SilenceBounds(self.stt_end_finished_ms, self.stt_end_unclear_ms, self.stt_end_open_ms)

    @model_validator(mode="after")
    def _silences_ascend(self) -> Self:
        if not self.stt_end_finished_ms <= self.stt_end_unclear_ms <= self.stt_end_open_ms:
            raise ValueError(
                "TERTULIA_STT_END_FINISHED_MS must be at most TERTULIA_STT_END_UNCLEAR_MS, and this at most"
                f" TERTULIA_STT_END_OPEN_MS; not {self.stt_end_finished_ms}, {self.stt_end_unclear_ms} and"
                f" {self.stt_end_open_ms}"
            )
        return self
