"""The `tertulia` command."""

from __future__ import annotations

import argparse
import sys

from tertulia_cli.exits import STOPPED, Failure
from tertulia_cli.settings import RunSettings
from tertulia_shared.settings import load


def main() -> None:
    args = argparse.ArgumentParser(prog="tertulia")
    args.add_argument("command")
    args.add_argument("--port", type=int)
    args.add_argument("--workers", default="")
    args.add_argument("--verbose", action="store_true")
    a = args.parse_args()
    try:
        from tertulia_cli.run.command import run

        s = load(RunSettings)
        if a.port:
            s = s.model_copy(update={"port": a.port})
        sys.exit(run(s, workers=a.workers, verbose=a.verbose))
    except Failure as e:
        print(f"tertulia: {e}", file=sys.stderr)
        sys.exit(e.code)


if __name__ == "__main__":
    main()
