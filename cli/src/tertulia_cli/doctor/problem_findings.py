"""The problems of a running installation in the report of `tertulia doctor`: those that the gateway itself reports."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from typing import Any, Final, cast

from tertulia_cli.doctor.findings import Finding
from tertulia_cli.settings import RunSettings
from tertulia_shared.bus import BusError
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.keys import Keys
from tertulia_shared.problems import Facts, problems_in

ANSWER_S: Final = 4.0
"""Time limit for the gateway's answer; it gives Redis 2 s to answer."""
MAX_BYTES: Final = 1 << 20


async def reported(settings: RunSettings) -> Sequence[Finding]:
    """The problems that the running gateway reports at /readyz; none if it does not answer."""
    return read_problems(await asyncio.to_thread(_ask, settings.reachable_host.strip("[]"), settings.port))


def read_problems(body: bytes) -> list[Finding]:
    """The findings in an answer of /readyz; none if it has no problems, or an older release answered."""
    try:
        answer = json.loads(body)
    except ValueError:
        return []
    problems = cast("dict[str, Any]", answer).get("problems") if isinstance(answer, dict) else None
    if not isinstance(problems, list):
        return []
    return [
        Finding(
            ok=False,
            what=str(problem.get("text", "")),
            advice=str(problem.get("advice", "")),
            needed=problem.get("blocks") is True,
        )
        for problem in cast("list[dict[str, Any]]", problems)
        if isinstance(problem, dict)  # pyright: ignore[reportUnnecessaryIsInstance] - the answer is not trusted
    ]


async def found_here(settings: RunSettings) -> Sequence[Finding]:
    """The same problems of Redis and of the store's disk, for an installation that does not run."""
    facts = Facts(store_free_bytes=_free_bytes(settings))
    try:
        async with open_bus(
            settings.redis_address(), Keys(settings.namespace), name="doctor", tls=settings.redis_tls
        ) as bus:
            facts = Facts(info=await bus.info(), store_free_bytes=facts.store_free_bytes)
    except* (BusError, ValueError):
        pass  # `findings.redis_answer` reports it
    return [
        Finding(ok=False, what=problem.text, advice=problem.advice, needed=problem.blocks)
        for problem in problems_in(facts)
    ]


def _free_bytes(settings: RunSettings) -> int | None:
    if settings.store != "sqlite":
        return None
    folder = settings.data_dir.expanduser().resolve()
    return shutil.disk_usage(next(each for each in (folder, *folder.parents) if each.exists())).free


def _ask(host: str, port: int) -> bytes:
    connection = HTTPConnection(host, port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().read(MAX_BYTES)
    except (OSError, HTTPException):
        return b""
    finally:
        connection.close()
