"""Reads why the workers use their engines, for `/api/status`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from tertulia_gateway.monitoring.writes_probe import PATIENCE_S
from tertulia_shared.bus import Bus, BusError
from tertulia_shared.engine_state import reasons_in


async def engine_reasons(bus: Bus, live: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    """For each stage, why its `live` engines were chosen; empty if Redis does not answer, or refuses."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            published = reasons_in(await bus.hash(bus.keys.engines()))
    except (BusError, TimeoutError):
        return {}
    return {
        stage: {engine: reason for engine, reason in reasons.items() if engine in live.get(stage, ())}
        for stage, reasons in published.items()
    }
