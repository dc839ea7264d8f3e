"""The tts worker's settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from tertulia_shared.settings import CommonSettings
from tertulia_tts.chunks import MAX_CHUNK_MS, MIN_CHUNK_MS


class TTSSettings(CommonSettings):
    """What `TERTULIA_TTS_…` sets."""

    tts_engine: str = Field(
        "espeak", description="speech engine: espeak, higgs (wants a GPU), openai (a server), or instant (a tone)"
    )
    tts_concurrency: int = Field(64, ge=1, le=1000, description="messages one worker speaks at once")
    tts_first_chunk_ms: int = Field(
        40, ge=MIN_CHUNK_MS, le=MAX_CHUNK_MS, description="length of a sentence's first audio chunk, in ms"
    )
    tts_chunk_ms: int = Field(
        80, ge=MIN_CHUNK_MS, le=MAX_CHUNK_MS, description="length of its other audio chunks, in ms"
    )

    voices_dir: Path = Field(
        Path("voices"), description="folder of the voices to clone (tertulia voice add); used by higgs"
    )
    tts_higgs_model: str = Field(
        "bosonai/higgs-audio-v2-generation-3B-base",
        description="higgs: the model, as a folder or as a repository fetched before (make higgs-models)",
    )
    tts_higgs_codec: str = Field("bosonai/higgs-audio-v2-tokenizer", description="higgs: its audio codec, likewise")
    tts_higgs_hubert: str = Field("bosonai/hubert_base", description="higgs: the codec's HuBERT, likewise")
    tts_higgs_device: Literal["cuda", "cpu"] = Field("cuda", description="higgs: cuda, or cpu (far below real time)")
    tts_higgs_temperature: float = Field(0.3, gt=0, le=2, description="higgs: sampling temperature")
    tts_higgs_top_p: float = Field(0.95, gt=0, le=1, description="higgs: nucleus sampling, share of probability kept")
    tts_higgs_top_k: int = Field(50, ge=1, le=1026, description="higgs: codes to choose from at each step")
    tts_higgs_wait_s: float = Field(
        60.0, gt=0, le=600, description="higgs: seconds a sentence may wait in line before its work is handed back"
    )
    tts_higgs_stall_s: float = Field(
        20.0, gt=0, le=600, description="higgs: seconds without a step after which the worker gives itself up"
    )

    tts_openai_base_url: str = Field(
        "http://127.0.0.1:8880/v1", description="openai: server of /audio/speech (vLLM, SGLang, Kokoro, …)"
    )
    tts_openai_key: SecretStr = Field(SecretStr(""), description="openai: its key, if it asks for one")
    tts_openai_model: str = Field("kokoro", min_length=1, description="openai: model to ask for")
    tts_openai_voices: str = Field(
        "luna=af_bella, rex=am_michael, sage=bm_george",
        max_length=10_000,
        description="openai: our voice=the server's voice, comma-separated; the first one is the default",
    )
    tts_openai_sample_rate: int = Field(
        24_000, ge=8_000, le=96_000, description="openai: samples a second of the PCM that the server sends"
    )
    tts_openai_timeout_s: float = Field(
        20.0, gt=0, le=600, description="openai: wait for the first sound, and between pieces, in seconds"
    )
    tts_openai_retries: int = Field(2, ge=0, le=10, description="openai: further tries before the first sound")

    @property
    def openai_voices(self) -> Mapping[str, str]:
        """`tts_openai_voices` as our voice → the server's, in order."""
        return parse_voices(self.tts_openai_voices)

    @field_validator("tts_openai_base_url")
    @classmethod
    def _base_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an http:// or https:// URL, such as http://127.0.0.1:8880/v1")
        return url.rstrip("/")

    @field_validator("tts_openai_voices")
    @classmethod
    def _voices(cls, text: str) -> str:
        parse_voices(text)
        return text


def parse_voices(text: str) -> Mapping[str, str]:
    """`luna=af_bella, rex=am_michael` as a mapping, in order.

    Raises:
        ValueError: a part has no name, a name comes twice, or there is none.
    """
    voices: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        ours, _, theirs = (side.strip() for side in part.partition("="))
        if not ours or not theirs:
            raise ValueError(f"{part!r} is not of the form our-voice=the-server's-voice")
        if ours in voices:
            raise ValueError(f"the voice {ours!r} is named twice")
        voices[ours] = theirs
    if not voices:
        raise ValueError("at least one voice is needed, such as luna=af_bella")
    return voices
