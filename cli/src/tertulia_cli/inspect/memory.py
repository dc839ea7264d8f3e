"""Reports Redis' memory use by kind of data, and whether writes are paused. Read-only and bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from tertulia_cli.formatting import counted
from tertulia_shared.bus import Bus, BusRefused
from tertulia_shared.keys import Keys

MAX_KEYS: Final = 5_000
"""At most this many keys are measured."""
MB: Final = 1024 * 1024
"""The unit of `maxmemory` and TERTULIA_REDIS_BUDGET_MB."""
STALE_S: Final = 3.0
"""If the last successful probe is older than this, writes count as paused; gateways probe every half second."""

Kind = Literal["sound", "mic", "text", "other"]
KINDS: Final[tuple[Kind, ...]] = ("sound", "mic", "text", "other")


@dataclass(frozen=True, slots=True)
class Memory:
    """Sizes in bytes. `by_kind` has the sizes of the measured keys. `writes_paused`: None if no gateway runs."""

    used: int
    limit: int
    policy: str
    by_kind: Mapping[Kind, int]
    keys: int
    is_complete: bool
    writes_paused: bool | None


async def memory(bus: Bus) -> Memory | None:
    """Measure Redis' memory; None if this Redis user has no permission."""
    try:
        space, age_s = await bus.space(), await bus.probe_age()
        sizes: Counter[Kind] = Counter()
        keys, is_complete = 0, True
        async for sized in bus.sizes():
            if keys == MAX_KEYS:
                is_complete = False
                break
            sizes[kind_of(bus.keys, sized.name)] += sized.size
            keys += 1
    except BusRefused:
        return None
    is_full = 0 < space.limit <= space.used
    paused = True if is_full else None if age_s is None else age_s > STALE_S
    return Memory(space.used, space.limit, space.policy, sizes, keys, is_complete, paused)


def kind_of(keys: Keys, name: str) -> Kind:
    """The kind of data in a key, by its name."""
    if not keys.conversation_of(name):
        return "other"
    _, _, rest = name.partition("}:")
    if rest.endswith(":audio"):
        return "sound"
    if rest.startswith("mic:"):
        return "mic"
    is_text = rest in ("turns", "events", "receipts", "control", "state") or rest.endswith(":sentences")
    return "text" if is_text else "other"


def sentence_of(memory: Memory) -> str:
    """The memory report in one sentence."""
    of = f" of {memory.limit / MB:.1f} MB ({100 * memory.used / memory.limit:.0f} %)" if memory.limit else ", no limit"
    held = ", ".join(f"{kind} {memory.by_kind.get(kind, 0) / MB:.1f} MB" for kind in KINDS)
    seen = "" if memory.is_complete else f" in the first {counted(memory.keys, 'key')}"
    policy = f", policy {memory.policy}" if memory.policy else ""
    paused = " Writes are paused: the gateway's log says why." if memory.writes_paused else ""
    return f"Redis uses {memory.used / MB:.1f} MB{of}{policy}; {held}{seen}.{paused}"


def memory_json(memory: Memory) -> Mapping[str, Any]:
    """The report for `--json`."""
    return {
        "used_bytes": memory.used,
        "limit_bytes": memory.limit,
        "policy": memory.policy,
        "by_kind": {kind: memory.by_kind.get(kind, 0) for kind in KINDS},
        "keys": memory.keys,
        "complete": memory.is_complete,
        "writes_paused": memory.writes_paused,
    }
