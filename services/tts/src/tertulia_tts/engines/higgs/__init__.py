"""The engine `higgs`: Higgs Audio v2 (boson-multimodal) on a GPU, with cloned voices."""

from __future__ import annotations

from tertulia_tts.engine import EngineSpec
from tertulia_tts.engines.higgs.settings import HiggsSettings

ENGINE = EngineSpec(
    "tertulia_tts.engines.higgs.engine:create",
    HiggsSettings,
    modules=("boson_multimodal", "torch"),
    install="make higgs-env installs it into .venv-higgs; it needs a GPU",
    environment=".venv-higgs",
)
