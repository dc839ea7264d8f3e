"""Which engines the workers use, and why, in Redis: workers publish it, `/api/status` and `tertulia doctor` read it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NoReturn, cast

from tertulia_shared.bus import Bus, BusError, BusRefused
from tertulia_shared.engine_choice import Choice
from tertulia_shared.keys import Key, Stage

RETRY_S: Final = 1.0
PUBLISH_AGAIN_S: Final = 600.0
MAX_REASON: Final = 500

log = logging.getLogger(__name__)


HashFields = Mapping[Key, Mapping[str, bytes | str]]


async def publish(bus: Bus, current: Callable[[], HashFields]) -> NoReturn:
    """Write the current fields of hashes, and again regularly, because their keys expire, and Redis may lose them."""
    while True:
        wait_s = PUBLISH_AGAIN_S
        for (
            key,
            values,
        ) in current().items():  # one at a time, because the Redis user may lack the right for one of them
            try:
                outlet = bus.outlet()
                outlet.put(key, values)
                await outlet.flush()
            except BusError as error:
                log.warning("%s is not published: %s", key.name, error)
                wait_s = wait_s if isinstance(error, BusRefused) else RETRY_S
        await asyncio.sleep(wait_s)


def state_of(stage: Stage, choice: Choice, *, clones: bool = False) -> Mapping[str, str]:
    """The field of `Keys.engines` for the worker's engine. `clones`: it makes voices from recordings."""
    state: dict[str, str | bool] = {"stage": stage, "engine": choice.engine, "reason": choice.reason[:MAX_REASON]}
    if clones:
        state["clones"] = True
    return {f"{stage}:{choice.engine}": json.dumps(state, ensure_ascii=False)}


def reasons_in(published: Mapping[bytes, bytes]) -> dict[str, dict[str, str]]:
    """Why the engines were chosen, by stage and engine, also engines that no worker uses any more: the decoded
    `Keys.engines`, without the entries that cannot be decoded.
    """
    reasons: dict[str, dict[str, str]] = {}
    for state in _states_in(published):
        stage, engine, reason = state.get("stage"), state.get("engine"), state.get("reason")
        if isinstance(stage, str) and isinstance(engine, str) and isinstance(reason, str):
            reasons.setdefault(stage, {})[engine] = reason
    return reasons


def cloning_in(published: Mapping[bytes, bytes]) -> frozenset[str]:
    """The speech engines that make voices from recordings, also engines that no worker uses any more."""
    return frozenset(
        str(state.get("engine"))
        for state in _states_in(published)
        if state.get("stage") == "tts" and state.get("clones") is True
    )


def _states_in(published: Mapping[bytes, bytes]) -> Iterator[Mapping[str, Any]]:
    for _, raw in sorted(published.items()):
        try:
            state: object = json.loads(raw)
        except (ValueError, RecursionError):
            continue
        if isinstance(state, dict):
            yield cast("Mapping[str, Any]", state)
