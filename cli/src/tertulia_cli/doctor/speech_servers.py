"""The doctor's questions to the servers that hear and speak, if the engine `openai` is chosen. The workers' code asks
them.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Final

from tertulia_cli.doctor.findings import Finding
from tertulia_cli.doctor.server_check import ServerCheck, run_check
from tertulia_cli.settings import RunSettings

ENGINE: Final = "openai"
HEARS: Final = ServerCheck(
    "tertulia_stt.engines.openai.check",
    "transcription server",
    "check TERTULIA_STT_OPENAI_BASE_URL and the network; the server may be loading its model",
    needed=True,
)
SPEAKS: Final = ServerCheck(
    "tertulia_tts.engines.openai.check",
    "speech server",
    "check TERTULIA_TTS_OPENAI_BASE_URL and the network; the server may be loading its model",
    needed=True,
)


async def ask_speech_servers(settings: RunSettings) -> Sequence[Finding]:
    """Ask the chosen servers for a text and for a word of speech, which a hosted server charges."""
    chosen = ((settings.stt_engine, "tertulia_stt", HEARS), (settings.tts_engine, "tertulia_tts", SPEAKS))
    found: list[Finding] = []
    for engine, package, check in chosen:
        if engine == ENGINE and importlib.util.find_spec(package) is not None:
            found += await run_check(check)
    return found
