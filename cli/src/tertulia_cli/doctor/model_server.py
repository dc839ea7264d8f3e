"""The doctor's questions to the model server. The llm worker's code asks them, in a process of its own."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, cast

from tertulia_cli.doctor.findings import Finding
from tertulia_cli.settings import RunSettings

CHECK: Final = "tertulia_llm.check"
TIMEOUT_S: Final = 45.0
"""Time limit for all questions together, in seconds."""


async def ask_model_server(settings: RunSettings) -> Sequence[Finding]:
    """Ask the model server for its models and for a reply of a few tokens. No findings if the demo model answers."""
    if settings.demo or importlib.util.find_spec("tertulia_llm") is None:
        return []
    # the settings, with the key, go to the process through its environment and .env
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", CHECK, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    stdout, stderr = cast("asyncio.StreamReader", process.stdout), cast("asyncio.StreamReader", process.stderr)
    found: list[Finding] = []
    errors = asyncio.create_task(stderr.read())
    try:
        async with asyncio.timeout(TIMEOUT_S):
            async for line in stdout:
                found += read_finding(line)
            if await process.wait():
                found.append(_failed((await errors).decode(errors="replace")))
    except TimeoutError:
        what = f"model server: no answer to all questions within {TIMEOUT_S:g} seconds"
        found.append(Finding(ok=False, what=what, advice="check TERTULIA_LLM_BASE_URL and the network", needed=False))
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        errors.cancel()
        await asyncio.wait([errors])
    return found


def read_finding(line: bytes) -> list[Finding]:
    """The finding that a line of the process' output contains; an empty list if it contains none."""
    try:
        held = json.loads(line)
    except ValueError:
        return []
    if not isinstance(held, dict):
        return []
    fields = cast("dict[str, Any]", held)
    what, advice = str(fields.get("what", "")), str(fields.get("advice", ""))
    return [Finding(ok=fields.get("ok") is True, what=f"model server: {what}", advice=advice, needed=False)]


def _failed(stderr: str) -> Finding:
    lines = stderr.strip().splitlines()
    advice = " ".join(lines) if lines[:1] == ["These settings are wrong:"] else lines[-1] if lines else ""
    return Finding(ok=False, what="model server: it cannot be asked", advice=advice[:500], needed=False)
