"""The settings of the engine `higgs`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tertulia_tts.engines.cloning_settings import CloningSettings


class HiggsSettings(CloningSettings):
    """The settings `TERTULIA_TTS_HIGGS_…`."""

    tts_higgs_model: str = Field(
        "bosonai/higgs-audio-v2-generation-3B-base",
        description="higgs: the model, a folder or a repository that make higgs-models has fetched",
    )
    tts_higgs_codec: str = Field("bosonai/higgs-audio-v2-tokenizer", description="higgs: the audio codec, likewise")
    tts_higgs_hubert: str = Field("bosonai/hubert_base", description="higgs: the codec's HuBERT, likewise")
    tts_higgs_device: Literal["cuda", "cpu"] = Field("cuda", description="higgs: cuda, or cpu (far below real time)")
    tts_higgs_temperature: float = Field(0.3, gt=0, le=2, description="higgs: sampling temperature")
    tts_higgs_top_p: float = Field(
        0.95, gt=0, le=1, description="higgs: nucleus sampling, share of probability to keep"
    )
    tts_higgs_top_k: int = Field(50, ge=1, le=1026, description="higgs: number of codes to choose from at each step")
    tts_higgs_wait_s: float = Field(
        60.0,
        gt=0,
        le=600,
        description="higgs: seconds that a sentence may wait before its work is requeued",
    )
    tts_higgs_stall_s: float = Field(
        20.0, gt=0, le=600, description="higgs: seconds without a step of the model after which the worker exits"
    )
