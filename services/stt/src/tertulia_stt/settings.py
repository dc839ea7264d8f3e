"""The stt worker's settings. Each engine adds its own in a subclass: see `tertulia_stt.engines`."""

from __future__ import annotations

from pydantic import Field

from tertulia_shared.settings import CommonSettings


class STTSettings(CommonSettings):
    """The settings of every stt worker."""

    stt_engine: str = Field("pocketsphinx", description="speech recognizer: pocketsphinx or realtimestt")
    stt_concurrency: int = Field(8, ge=1, le=1000, description="most listening sessions that one worker serves at once")
    stt_words: str = Field(
        "Luna, Rex, Sage",
        max_length=2000,
        description="words that the recognizer expects, such as names; comma-separated",
    )
    stt_idle_s: float = Field(
        30.0, gt=0, le=3600, description="seconds without audio after which a listening session ends"
    )
    stt_barge_in: bool = Field(default=True, description="whether speech over a character interrupts it")
    stt_barge_in_ms: int = Field(400, ge=0, le=5000, description="shortest speech that interrupts a character, in ms")
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
