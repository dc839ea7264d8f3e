"""Asks a server by the code of a service, in a process of its own, and reads the findings that it prints."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, cast

from tertulia_cli.doctor.findings import Finding

TIMEOUT_S: Final = 45.0
"""Time limit for all questions together, in seconds."""


@dataclass(frozen=True, slots=True)
class ServerCheck:
    """A module that asks a server and prints findings. `server`: what the report calls the server. `advice`: what to
    check if it does not answer in time.
    """

    module: str
    server: str
    advice: str
    needed: bool = False


async def run_check(check: ServerCheck, python: str = sys.executable) -> Sequence[Finding]:
    """Run the check and return its findings."""
    # the settings, with the key, go to the process through its environment and .env
    process = await asyncio.create_subprocess_exec(
        python, "-m", check.module, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    stdout, stderr = cast("asyncio.StreamReader", process.stdout), cast("asyncio.StreamReader", process.stderr)
    found: list[Finding] = []
    errors = asyncio.create_task(stderr.read())
    try:
        async with asyncio.timeout(TIMEOUT_S):
            async for line in stdout:
                found += read_finding(line, check)
            if await process.wait():
                found.append(_failed((await errors).decode(errors="replace"), check))
    except TimeoutError:
        what = f"{check.server}: no answer to all questions within {TIMEOUT_S:g} seconds"
        found.append(Finding(ok=False, what=what, advice=check.advice, needed=check.needed))
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        errors.cancel()
        await asyncio.wait([errors])
    return found


def read_finding(line: bytes, check: ServerCheck) -> list[Finding]:
    """The finding that a line of the process' output contains; an empty list if it contains none."""
    try:
        held = json.loads(line)
    except ValueError:
        return []
    if not isinstance(held, dict):
        return []
    fields = cast("dict[str, Any]", held)
    what, advice = str(fields.get("what", "")), str(fields.get("advice", ""))
    return [
        Finding(ok=fields.get("ok") is True, what=f"{check.server}: {what}", advice=advice, needed=check.needed)
    ]  # fmt: skip


def _failed(stderr: str, check: ServerCheck) -> Finding:
    lines = stderr.strip().splitlines()
    advice = " ".join(lines) if lines[:1] == ["These settings are wrong:"] else lines[-1] if lines else ""
    return Finding(ok=False, what=f"{check.server}: it cannot be asked", advice=advice[:500], needed=check.needed)
