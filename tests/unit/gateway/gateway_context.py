"""Builds a gateway's dependencies from fakes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tertulia_gateway.auth import Access
from tertulia_gateway.clips.clip_store import ClipStore
from tertulia_gateway.context import GatewayContext
from tertulia_gateway.settings import GatewaySettings
from tertulia_gateway.settings_saver import SettingsSaver
from tertulia_shared.bus import Bus
from tertulia_shared.clock import wall_ms
from tertulia_shared.outbox import Outbox
from tertulia_shared.store import Store

NO_FOLDER = Path("/nowhere")


def gateway_context(
    bus: Bus, store: Store, *, clock: Callable[[], float] = time.monotonic, **settings: Any
) -> GatewayContext:
    """Build the dependencies. `settings` are the fields of `GatewaySettings` that matter to the test."""
    outbox = Outbox(bus, store, 1.0)
    given = GatewaySettings.model_validate({"data_dir": NO_FOLDER, **settings})
    return GatewayContext(
        bus=bus,
        store=store,
        saver=SettingsSaver(outbox),
        outbox=outbox,
        access=Access(given),
        alive_s=given.alive_s,
        max_frames_per_s=given.max_frames_per_s,
        who_answers=given.who_answers,
        user_name=given.user_name,
        clock=clock,
        wall_ms=wall_ms,
        clips=ClipStore(given.data_dir / "clips", given.max_clips),
    )
