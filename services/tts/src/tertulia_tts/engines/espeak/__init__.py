"""The engine `espeak`: espeak-ng in this process. It needs no GPU, key or download."""

from __future__ import annotations

from tertulia_tts.engine import EngineSpec
from tertulia_tts.settings import TTSSettings

ENGINE = EngineSpec(
    "tertulia_tts.engines.espeak.engine:create",
    TTSSettings,
    modules=("espeakng_loader", "soxr"),
    install="pip install 'tertulia-tts[espeak]' (espeak-ng is GPL-3.0-or-later)",
)
