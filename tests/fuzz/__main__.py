"""`python -m tests.fuzz [--inputs N] [--seed S]`: random inputs for every reader; exits 1 if one of them did harm."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

from tests.fakes.stack import Stack
from tests.fuzz import in_process, live
from tests.fuzz.report import Report, run, table

INPUTS = 200_000
LIVE_SHARE = 0.08
"""Of the inputs, those that go to a process: each costs a round trip."""
STACK_ENV = {"TERTULIA_MAX_FRAMES_PER_S": "100000"}


def fuzz(inputs: int, seed: int, folder: Path) -> list[Report]:
    """Try so many inputs, spread over all kinds."""
    each_live = max(1, round(inputs * LIVE_SHARE / len(live.KINDS)))
    each = max(1, -(-(inputs - each_live * len(live.KINDS)) // len(in_process.KINDS)))
    reports = [run(kind, each, seed, one, allowed) for kind, (one, allowed) in in_process.KINDS.items()]
    with Stack(folder / "stack", env=STACK_ENV) as stack:
        reports += [asyncio.run(live.fuzz(stack, kind, each_live, seed)) for kind in live.KINDS]
    return reports


def main() -> int:
    """Run it, and print one table."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=INPUTS)
    parser.add_argument("--seed", type=int, default=None, help="to repeat a run; drawn if left out")
    given = parser.parse_args()
    seed = secrets.randbelow(10**9) if given.seed is None else given.seed
    with tempfile.TemporaryDirectory(prefix="tertulia-fuzz-") as folder:
        reports = fuzz(given.inputs, seed, Path(folder))
    print(table(reports, seed))  # noqa: T201 - the command's output
    return any(report.failures for report in reports)


if __name__ == "__main__":
    sys.exit(main())
