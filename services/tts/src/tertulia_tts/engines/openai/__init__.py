"""The engine `openai`: lets a server with OpenAI's API `/audio/speech` speak."""

from __future__ import annotations

from tertulia_tts.engine import EngineSpec
from tertulia_tts.engines.openai.settings import OpenAISettings

ENGINE = EngineSpec(
    "tertulia_tts.engines.openai.engine:create",
    OpenAISettings,
    modules=("aiohttp", "soxr"),
    install="pip install 'tertulia-tts[openai]'",
)
