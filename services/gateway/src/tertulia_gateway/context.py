"""What all connections of a process share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tertulia_gateway.rate_limit import Clock
from tertulia_gateway.settings_saver import SettingsSaver
from tertulia_gateway.writes_probe import WriteStatus
from tertulia_shared.bus import Bus
from tertulia_shared.metrics import Metrics
from tertulia_shared.store import Store


@dataclass(frozen=True, slots=True)
class GatewayContext:
    """What all connections of a process share."""

    bus: Bus
    store: Store
    saver: SettingsSaver
    alive_s: float
    """Silence after which a worker counts as away."""
    max_frames_per_s: float
    clock: Clock
    wall_ms: Callable[[], int]
    metrics: Metrics = field(default_factory=Metrics)
    writes: WriteStatus = field(default_factory=WriteStatus)
