"""Reads what the llm workers have published about the language models in use, for `/api/status`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final, cast

from pydantic import ValidationError

from tertulia_gateway.monitoring.writes_probe import PATIENCE_S
from tertulia_gateway.rest.schemas import ModelState
from tertulia_shared.bus import Bus, BusError

RECENT_MS: Final = 3_600_000
"""The workers publish each model in use every ten minutes, so an older entry is about a model that is no longer in use.
"""


async def known_models(bus: Bus, now_ms: int) -> list[ModelState]:
    """The models that were in use lately; empty if Redis does not answer."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return models_of(await bus.hash(bus.keys.models()), now_ms)
    except (BusError, TimeoutError):
        return []


def models_of(published: Mapping[bytes, bytes], now_ms: int) -> list[ModelState]:
    """Decode the published models. Skips old entries, and entries that cannot be decoded."""
    found: list[ModelState] = []
    for _, raw in sorted(published.items()):
        try:
            value = json.loads(raw)
            if not isinstance(value, dict):
                continue
            held = cast("Mapping[str, Any]", value)
            if now_ms - held["at"] <= RECENT_MS:
                found.append(ModelState.model_validate(held, extra="ignore"))
        except (KeyError, TypeError, ValueError, RecursionError, ValidationError):
            continue
    return found
