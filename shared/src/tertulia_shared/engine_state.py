"""Which engines the workers use, and why, in Redis: workers publish it, `/api/status` and `tertulia doctor` read it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any, Final, NoReturn, cast

from tertulia_shared.bus import Bus, BusError, BusRefused
from tertulia_shared.engine_choice import Choice
from tertulia_shared.keys import Key, Stage

RETRY_S: Final = 1.0
PUBLISH_AGAIN_S: Final = 600.0
MAX_REASON: Final = 500

log = logging.getLogger(__name__)


async def publish(bus: Bus, fields: Mapping[Key, Mapping[str, bytes | str]]) -> NoReturn:
    """Write these fields of hashes, and again regularly, because their keys expire, and Redis may lose them."""
    while True:
        wait_s = PUBLISH_AGAIN_S
        for key, values in fields.items():  # one at a time, because the Redis user may lack the right for one of them
            try:
                outlet = bus.outlet()
                outlet.put(key, values)
                await outlet.flush()
            except BusError as error:
                log.warning("%s is not published: %s", key.name, error)
                wait_s = wait_s if isinstance(error, BusRefused) else RETRY_S
        await asyncio.sleep(wait_s)


def state_of(stage: Stage, choice: Choice) -> Mapping[str, str]:
    """The field of `Keys.engines` for the worker's engine."""
    state = {"stage": stage, "engine": choice.engine, "reason": choice.reason[:MAX_REASON]}
    return {f"{stage}:{choice.engine}": json.dumps(state, ensure_ascii=False)}


def reasons_in(published: Mapping[bytes, bytes]) -> dict[str, dict[str, str]]:
    """Why the engines were chosen, by stage and engine, also engines that no worker uses any more: the decoded
    `Keys.engines`, without the entries that cannot be decoded.
    """
    reasons: dict[str, dict[str, str]] = {}
    for _, raw in sorted(published.items()):
        try:
            state: object = json.loads(raw)
        except (ValueError, RecursionError):
            continue
        if not isinstance(state, dict):
            continue
        held = cast("Mapping[str, Any]", state)
        stage, engine, reason = held.get("stage"), held.get("engine"), held.get("reason")
        if isinstance(stage, str) and isinstance(engine, str) and isinstance(reason, str):
            reasons.setdefault(stage, {})[engine] = reason
    return reasons
