"""`make chaos`: injects faults into a running Tertulia while clients talk to it, and checks everything that they
receive.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.rig.faults import FAULTS
from tests.chaos.rig.run import Plan, run

SHOWN = 40


def main(argv: Sequence[str] | None = None) -> int:
    """Run the plan. Returns 1 if anything was lost, repeated, out of order or wrong."""
    parser = argparse.ArgumentParser(prog="make chaos", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--turns", type=int, default=60, help="turns over all conversations")
    parser.add_argument("--faults", type=int, default=20, help="faults, spread over the turns")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin nothing new after so long")
    parser.add_argument("--conversations", type=int, default=8, help="conversations at once")
    parser.add_argument("--lease", type=float, default=1.0, help="TERTULIA_LEASE_S of the workers")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="for the same faults again")
    parser.add_argument("--only", default="", help="kinds of faults, separated by commas")
    parser.add_argument("--without", default="", help="kinds to leave out, separated by commas")
    parser.add_argument("--json", type=Path, help="write all failures into this file")
    parser.add_argument("--list", action="store_true", help="print the kinds of faults")
    arguments = parser.parse_args(argv)
    if arguments.list:
        _say("\n".join(FAULTS))
        return 0
    kinds = _split(arguments.only) or list(FAULTS)
    left_out = _split(arguments.without)
    if unknown := sorted({*kinds, *left_out} - set(FAULTS)):
        parser.error(f"no such kinds of faults: {', '.join(unknown)}; --list prints them")
    chosen = tuple(kind for kind in kinds if kind not in left_out)
    if min(arguments.turns, arguments.conversations, len(chosen)) < 1 or arguments.faults < 0:
        parser.error("there must be at least one turn, one conversation and one kind of fault")
    plan = Plan(
        arguments.turns, arguments.faults, arguments.seed, arguments.conversations, arguments.lease, chosen,
        minutes=arguments.minutes,
    )  # fmt: skip
    _say(f"chaos: {plan.turns} turns, {plan.faults} faults of {len(chosen)} kinds, seed {plan.seed}")
    folder = Path(tempfile.mkdtemp(prefix="tertulia-chaos-"))
    outcome = run(plan, folder, _say)
    _say("\n".join(outcome.lines()))
    for failure in outcome.failures[:SHOWN]:
        _say(str(failure))
    if len(outcome.failures) > SHOWN:
        _say(f"… and {len(outcome.failures) - SHOWN} more (--json FILE writes all of them)")
    if arguments.json:
        arguments.json.write_text(outcome.as_json() + "\n")
    if outcome.failures:
        _say(f"chaos: FAILED; the logs are kept in {folder / 'stack'}")
        return 1
    shutil.rmtree(folder)
    if outcome.unchecked:
        _say("chaos: interrupted, so not all was checked")
        return 1
    _say("chaos: nothing was lost, doubled, out of order or wrong")
    return 0


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
