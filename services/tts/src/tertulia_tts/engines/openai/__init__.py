"""The engine `openai`: a server with OpenAI's `/audio/speech`."""

from __future__ import annotations

from tertulia_tts.engine import EngineSpec
from tertulia_tts.engines.openai.settings import OpenAISettings

ENGINE = EngineSpec(
    "tertulia_tts.engines.openai.engine:create",
    OpenAISettings,
    modules=("aiohttp", "soxr"),
    install="pip install 'tertulia-tts[openai]'",
)
