"""The engine `kokoro`: Kokoro-82M on the CPU. It sounds natural, and needs no GPU, key or network."""

from __future__ import annotations

from tertulia_tts.engine import EngineSpec
from tertulia_tts.engines.kokoro.settings import KokoroSettings

ENGINE = EngineSpec(
    "tertulia_tts.engines.kokoro.engine:create",
    KokoroSettings,
    modules=("onnxruntime", "espeakng_loader"),
    install="pip install 'tertulia-tts[kokoro]' (its phonemes come from espeak-ng, which is GPL-3.0-or-later)",
    models=("kokoro",),
)
