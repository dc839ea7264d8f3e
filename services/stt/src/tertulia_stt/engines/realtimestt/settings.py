"""The settings of the engine `realtimestt`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tertulia_stt.settings import STTSettings


class RealtimeSTTSettings(STTSettings):
    """The models, their device, and the thresholds of speech detection."""

    stt_model: str = Field(
        "",
        max_length=1000,
        description="realtimestt: Whisper model for final texts, a name or a folder; empty chooses by the device:"
        " small (cpu) or large-v3-turbo (cuda)",
    )
    stt_realtime_model: str = Field(
        "",
        max_length=1000,
        description="realtimestt: Whisper model for partial texts, a name or a folder; empty chooses by the device:"
        " tiny (cpu) or small (cuda)",
    )
    stt_device: Literal["auto", "cpu", "cuda"] = Field("auto", description="realtimestt: auto, cpu or cuda")
    stt_compute_type: str = Field(
        "",
        pattern=r"^[a-z0-9_]{0,20}$",
        description="realtimestt: CTranslate2's compute type; empty chooses: int8 (cpu) or float16 (cuda)",
    )
    stt_threads: int = Field(
        0, ge=0, le=256, description="realtimestt: CPU threads of each Whisper model; 0 leaves it to CTranslate2"
    )
    stt_language: str = Field(
        "en",
        pattern=r"^([a-z]{2,3})?$",
        description="realtimestt: language spoken (en, de, es, …); empty: Whisper detects it for each utterance",
    )
    stt_silero_sensitivity: float = Field(
        0.4, gt=0, lt=1, description="realtimestt: sensitivity of Silero's speech detection, 0 to 1"
    )
    stt_webrtc_sensitivity: int = Field(
        3,
        ge=0,
        le=3,
        description="realtimestt: strictness of WebRTC's detector: 0 passes most sound to Silero, 3 least",
    )
    stt_start_s: float = Field(
        120.0, gt=0, le=3600, description="realtimestt: time limit for loading the models, in seconds"
    )
