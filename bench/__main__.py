"""`make bench`: the pipeline's benchmark. `make bench ARGS=idle` and so on run the others."""

import importlib
import sys

import uvloop

NAMED = ("claims", "idle", "long", "memory", "paced")

if __name__ == "__main__":
    name = sys.argv.pop(1) if len(sys.argv) > 1 and sys.argv[1] in NAMED else "pipeline"
    uvloop.run(importlib.import_module(f"bench.{name}").main())
