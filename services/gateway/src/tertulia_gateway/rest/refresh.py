"""Tells the llm workers that the characters have changed."""

from __future__ import annotations

from tertulia_shared.bus import Bus
from tertulia_shared.entries import Refresh


async def refresh_characters(bus: Bus) -> None:
    """Have all llm workers read the characters again. Raises: BusError."""
    outlet = bus.outlet()
    outlet.append(bus.keys.broadcast(), Refresh())
    await outlet.flush()
