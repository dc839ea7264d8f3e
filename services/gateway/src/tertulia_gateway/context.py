"""The dependencies that all connections of a process share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tertulia_gateway.auth import Access
from tertulia_gateway.clips.clip_store import ClipStore
from tertulia_gateway.left_receipts import LeftReceipts
from tertulia_gateway.monitoring.character_voices import CharacterVoices
from tertulia_gateway.monitoring.health import HealthCheck
from tertulia_gateway.monitoring.writes_probe import WriteStatus
from tertulia_gateway.settings_saver import SettingsSaver
from tertulia_shared.answering import Mode
from tertulia_shared.bus import Bus
from tertulia_shared.metrics import Metrics
from tertulia_shared.outbox import Outbox
from tertulia_shared.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayContext:
    """The shared dependencies, built once at the start of the process."""

    bus: Bus
    store: Store
    saver: SettingsSaver
    outbox: Outbox
    access: Access
    alive_s: float
    """Seconds without a heartbeat after which a worker counts as dead."""
    max_frames_per_s: float
    who_answers: Mode
    """The mode of a conversation whose own rules have none (see `AnsweringRules`)."""
    user_name: str
    """What the characters call the user in a conversation without a name of its own."""
    clock: Callable[[], float]
    """Monotonic seconds."""
    wall_ms: Callable[[], int]
    """Milliseconds since 1970."""
    clips: ClipStore
    makes_summaries: bool = True
    """Whether the llm workers make summaries."""
    metrics: Metrics = field(default_factory=Metrics)
    writes: WriteStatus = field(default_factory=WriteStatus)
    left_receipts: LeftReceipts = field(default_factory=LeftReceipts)
    store_folder: Path | None = None
    """The folder of the store's file; None if the store is not a file here."""

    def health(self) -> HealthCheck:
        """The check behind `/readyz`, `/api/status` and the metrics, so that they agree."""
        return HealthCheck(
            bus=self.bus,
            alive_s=self.alive_s,
            writes=self.writes,
            store_folder=self.store_folder,
            absent_voices=CharacterVoices(self.bus, self.store, self.clock).absent,
        )
