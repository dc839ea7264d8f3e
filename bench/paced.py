"""Drives K conversations at once with a model at a usual pace, and compares them with one conversation.

    make bench ARGS="paced [--k 1 8 64] [--turns 128] [--first-ms 120] [--each-ms 10]"

The system is that of `make bench`, but the model sends one token after the other. So the times show what many
conversations cost each other: a system without any cost has the times of one conversation (1.00 x), and its CPU for a
turn does not grow. The model's own time to the first token is in the times.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.pipeline import OURS, Turn, drive, percentile
from bench.processes import system


def report(conversations: int, turns: Sequence[Turn], cpu_ms: float, base: Sequence[Turn], base_cpu_ms: float) -> str:
    """Format one row of the table."""
    row = f"{conversations:>4}"
    for name in ("first_text", "first_audio", "last_audio"):
        p50, base_p50 = (percentile([getattr(turn, name) for turn in group], 0.5) for group in (turns, base))
        row += f" {p50:9.1f} {p50 / base_p50:5.2f} x"
    return f"{row} {cpu_ms:9.2f} {cpu_ms / base_cpu_ms:5.2f} x"


async def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--k", type=int, nargs="+", default=[8, 64], help="conversations at once, beside 1")
    parser.add_argument("--turns", type=int, default=128, help="turns in all, for each K above 1")
    parser.add_argument("--first-ms", type=float, default=120.0, help="the model's time to the first token")
    parser.add_argument("--each-ms", type=float, default=10.0, help="the model's time between two tokens")
    asked = parser.parse_args()
    columns = "".join(f" {name:>9} {'':7}" for name in ("1st text", "1st audio", "last", "CPU ms"))
    with (
        tempfile.TemporaryDirectory(prefix="tertulia-bench-") as folder,
        system(Path(folder), tokens=60, pace=(asked.first_ms, asked.each_ms)) as running,
    ):
        print(f"{'K':>4}{columns}")
        base: tuple[list[Turn], float] | None = None
        for conversations in (1, *asked.k):
            count = 10 if base is None else max(2, asked.turns // conversations)
            turns, _, cpu = await drive(running, conversations, count)
            cpu_ms = sum(cpu[name] for name in OURS) / len(turns)
            base = base or (turns, cpu_ms)
            print(report(conversations, turns, cpu_ms, *base), flush=True)
