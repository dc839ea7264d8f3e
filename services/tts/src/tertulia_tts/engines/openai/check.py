"""Checks the speech server: `python -m tertulia_tts.engines.openai.check`, for `tertulia doctor`.

Prints a JSON object: {"ok": bool, "what": str, "advice": str}. It asks for one word of speech, which the server may
charge, and uploads the voices to clone if the settings say so.
"""

from __future__ import annotations

import asyncio
import json
import sys

from tertulia_shared.settings import load
from tertulia_tts.engine import EngineUnavailable
from tertulia_tts.engines import load_engine
from tertulia_tts.engines.openai.settings import OpenAISettings


def main() -> None:
    """Check the server that the settings name, and print the result."""
    sys.stdout.write(json.dumps(asyncio.run(check(load(OpenAISettings)))) + "\n")


async def check(settings: OpenAISettings) -> dict[str, object]:
    """Check that the server speaks."""
    try:
        engine = load_engine("openai", settings)
        await engine.start()
    except EngineUnavailable as error:
        return {"ok": False, "what": "it does not speak", "advice": str(error)}
    await engine.close()
    return {"ok": True, "what": f"{settings.tts_openai_model} at {settings.tts_openai_base_url} speaks"}


if __name__ == "__main__":
    main()
