"""`python -m tests.fuzz [--inputs N] [--seed S]`: random inputs for every parser. Exits with 1 if an input caused a
failure.

Kinds of input that need a round trip or a worker get a share of the inputs, and stop early when their time is over. The
kinds that are only parsed get the rest, so the total number of inputs is reached on a slow machine as well.
"""

from __future__ import annotations

import argparse
import logging
import secrets
import signal
import sys
import tempfile
from pathlib import Path

from tests.fuzz import gateway_process, handlers, in_process
from tests.fuzz.report import Run
from tests.harness.service_process import StackFailed
from tests.harness.stack import Stack

INPUTS = 200_000
KIND_S = 25.0
"""The time limit of each kind of input that needs a process or the handler of a worker."""
STACK_ENV = {"TERTULIA_MAX_FRAMES_PER_S": "100000"}


def fuzz(run: Run, inputs: int, folder: Path, *, kind_s: float = KIND_S) -> None:
    """Test this number of inputs, spread over all kinds."""
    try:
        with Stack(folder / "stack", env=STACK_ENV) as stack:
            for kind, share in gateway_process.SHARES.items():
                gateway_process.fuzz(stack, run, kind, round(inputs * share), kind_s)
    except StackFailed as failure:
        run.report("the processes' end").fail(str(failure))
    for kind, one in handlers.KINDS.items():
        run.try_all(kind, max(1, round(inputs * handlers.SHARE)), one, within_s=kind_s)
    for number, (kind, (one, allowed)) in enumerate(in_process.KINDS.items()):
        run.try_all(kind, -(-(inputs - run.inputs) // (len(in_process.KINDS) - number)), one, allowed)


def _interrupt(_signal: int, _frame: object) -> None:
    signal.raise_signal(signal.SIGINT)


def main() -> int:
    """Run the fuzzer. One table is printed at the end, also after an interruption."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=INPUTS)
    parser.add_argument("--seed", type=int, default=None, help="repeats a run; random if left out")
    given = parser.parse_args()
    seed = secrets.randbelow(10**9) if given.seed is None else given.seed
    run = Run(seed, lambda line: print(line, file=sys.stderr, flush=True))  # noqa: T201 - the command's output
    logging.disable()  # the product logs each hostile entry
    signal.signal(signal.SIGTERM, _interrupt)
    interrupted = False
    with tempfile.TemporaryDirectory(prefix="tertulia-fuzz-") as folder:
        try:
            fuzz(run, given.inputs, Path(folder))
        except KeyboardInterrupt:
            interrupted = True
        finally:
            print(run.table(), flush=True)  # noqa: T201 - the command's output
    if interrupted:
        print("interrupted: not all inputs were tried")  # noqa: T201 - the command's output
    return 130 if interrupted else any(report.failures for report in run.reports)


if __name__ == "__main__":
    sys.exit(main())
