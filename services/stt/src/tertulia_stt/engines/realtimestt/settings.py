"""The settings of the engine `realtimestt`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tertulia_stt.engines.whisper_settings import WhisperEngineSettings


class RealtimeSTTSettings(WhisperEngineSettings):
    """The device of the models, and the thresholds of speech detection."""

    stt_device: Literal["auto", "cpu", "cuda"] = Field("auto", description="realtimestt: auto, cpu or cuda")
    stt_compute_type: str = Field(
        "",
        pattern=r"^[a-z0-9_]{0,20}$",
        description="realtimestt: CTranslate2's compute type; empty chooses: int8 (cpu) or float16 (cuda)",
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
