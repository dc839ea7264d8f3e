"""How fast a speech engine is on this machine: measured once, and kept in the data folder.

A start takes seconds longer with a measurement, and a measurement while the other services start is wrong. So the
result is kept, until it is old or the processor is another one. Workers without a data folder of their own keep it in
Redis (`tertulia_tts.agreed_speeds`).
"""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, cast

FILE: Final = "speech-speed.json"
MAX_REAL_TIME_FACTOR: Final = 0.6
"""Seconds that an engine may need for a second of speech: the rest is for a second conversation and other workers."""
MAX_AGE_S: Final = 30 * 86_400
MAX_AGE_IF_BUSY_S: Final = 3_600
"""A machine that was busy with other programs is measured again after this time."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A measurement: the real-time factor, the time (s since 1970), and whether other programs used the processor."""

    factor: float
    at: float
    busy: bool = False

    def is_valid(self, now: float) -> bool:
        """False if the engine made no sound, or the measurement is old."""
        return self.factor > 0 and 0 <= now - self.at < (MAX_AGE_IF_BUSY_S if self.busy else MAX_AGE_S)

    def fields(self) -> Mapping[str, float | bool]:
        """The measurement as it is kept."""
        return {"factor": round(self.factor, 3), "at": int(self.at), "busy": self.busy}

    @classmethod
    def of_fields(cls, kept: Mapping[str, Any]) -> Self:
        """The measurement that `fields` gave; wrong values count as 0."""
        return cls(_number(kept.get("factor")), _number(kept.get("at")), bool(kept.get("busy")))


class Speeds:
    """The measured real-time factors of engines, in a file of the data folder."""

    def __init__(self, data_dir: Path, machine: str = "") -> None:
        self._file = data_dir.expanduser() / FILE
        self._machine = machine or this_machine()

    def of(self, engine: str) -> float | None:
        """The real-time factor of the engine; None if it is not known, or was measured long ago or elsewhere."""
        kept = self._read().get(engine)
        if not isinstance(kept, dict):
            return None
        held = cast("Mapping[str, Any]", kept)
        measured = Measured.of_fields(held)
        return measured.factor if held.get("machine") == self._machine and measured.is_valid(time.time()) else None

    def keep(self, engine: str, measured: Measured) -> None:
        """Keep a result. A folder that cannot be written is no error: the next start measures again."""
        result = {**measured.fields(), "machine": self._machine}
        new = self._file.with_name(f"{FILE}.{os.getpid()}")
        try:
            new.write_text(json.dumps({**self._read(), engine: result}, indent=1), encoding="utf-8")
            new.replace(self._file)
        except OSError:
            return

    def _read(self) -> Mapping[str, Any]:
        try:
            kept: object = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return cast("Mapping[str, Any]", kept) if isinstance(kept, dict) else {}


def is_fast_enough(factor: float) -> bool:
    """True if an engine with this real-time factor can speak without gaps."""
    return factor < MAX_REAL_TIME_FACTOR


def speed_text(factor: float) -> str:
    """Say how fast an engine is; if it is too slow, what would be fast enough."""
    if is_fast_enough(factor):
        return f"real-time factor {factor:.2f} on this machine"
    if not math.isfinite(factor):
        return "it made no sound"
    return f"it needs {factor:.2f} of real time on this machine, and only below {MAX_REAL_TIME_FACTOR:g} it has no gaps"


def this_machine() -> str:
    """The processor and the number of its usable cores."""
    return f"{_processor()}, {usable_cores()} cores"


def usable_cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "CPU part")))
    return next(names, platform.processor() or platform.machine())


def _number(value: object) -> float:
    """The value, or 0 if it is no finite number."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return 0.0
