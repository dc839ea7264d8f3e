"""The tts worker's settings. Each engine adds its own in a subclass: see `tertulia_tts.engines`."""

from __future__ import annotations

from pydantic import Field

from tertulia_shared.settings import CommonSettings
from tertulia_shared.speech_workers import DEFAULT_TIER, TIERS
from tertulia_tts.chunks import MAX_CHUNK_MS, MIN_CHUNK_MS


class TTSSettings(CommonSettings):
    """The settings of every tts worker."""

    tts_engine: str = Field(
        "auto",
        description="speech engine: kokoro, espeak, higgs (needs a GPU), openai (a server), or instant (a tone); "
        "auto: kokoro if its weights are there and the machine is fast enough, else espeak",
    )
    tts_concurrency: int = Field(64, ge=1, le=1000, description="most messages that one worker speaks at once")
    tts_tier: int = Field(
        DEFAULT_TIER, ge=0, lt=TIERS,
        description="rank of this worker among those that can speak a voice, 0 first",
    )  # fmt: skip
    tts_claim_after_ms: int = Field(
        1000, ge=0, le=60_000,
        description="a message waits this long (ms) for each better tier before this worker speaks it",
    )  # fmt: skip
    tts_first_chunk_ms: int = Field(
        40, ge=MIN_CHUNK_MS, le=MAX_CHUNK_MS, description="length of a sentence's first audio chunk, in ms"
    )
    tts_chunk_ms: int = Field(
        80,
        ge=MIN_CHUNK_MS,
        le=MAX_CHUNK_MS,
        description="length of its other audio chunks, in ms, or up to 5 % less; they get longer while sound plays",
    )
