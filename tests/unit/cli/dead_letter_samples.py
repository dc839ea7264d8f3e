"""Dead letters, and the data about their work, for the tests of `tertulia dead`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tertulia_cli.dead_letters.read import DeadEntry
from tertulia_cli.dead_letters.recovery import (
    NotRetryable,
    Recovery,
)
from tertulia_shared.entries import (
    DeadLetter,
)

C, M, T, S, SECOND = (str(UUID(int=number)) for number in range(1, 6))


def entry(stage: str, **more: Any) -> DeadEntry:
    ids: dict[str, Any] = {"conversation_id": C, **more}
    return DeadEntry("7-0", 1_000, DeadLetter(stage, "5-0", 11, "no device", **ids))


def not_retryable(recovery: Recovery) -> str:
    assert isinstance(recovery, NotRetryable), recovery
    return recovery.reason
