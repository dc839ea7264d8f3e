"""Checks the transcription server: `python -m tertulia_stt.engines.openai.check`, for `tertulia doctor`.

Prints a JSON object: {"ok": bool, "what": str, "advice": str}. It sends a second of silence, which the server may
charge.
"""

from __future__ import annotations

import asyncio
import json
import sys

from tertulia_shared.settings import load
from tertulia_stt.engine import EngineUnavailable
from tertulia_stt.engines import load_engine
from tertulia_stt.engines.openai.settings import OpenAISTTSettings


def main() -> None:
    """Check the server that the settings name, and print the result."""
    sys.stdout.write(json.dumps(asyncio.run(check(load(OpenAISTTSettings)))) + "\n")


async def check(settings: OpenAISTTSettings) -> dict[str, object]:
    """Check that the server transcribes."""
    engine = load_engine("openai", settings)
    try:
        await engine.start()
    except EngineUnavailable as error:
        return {"ok": False, "what": "it does not transcribe", "advice": str(error)}
    await engine.close()
    return {"ok": True, "what": f"{settings.stt_openai_model} at {settings.stt_openai_base_url} transcribes"}


if __name__ == "__main__":
    main()
