"""Downloads the weights of the engine `realtimestt`.

`tertulia fetch-models` runs it: `python -m tertulia_stt.download_models`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from tertulia_shared.settings import load
from tertulia_stt.engine import EngineUnavailable
from tertulia_stt.engines.realtimestt.settings import RealtimeSTTSettings


def main() -> None:
    """Download the missing models. If that fails, prints the reason and exits with code 1."""
    try:
        for line in fetch(load(RealtimeSTTSettings)):
            print(line, flush=True)  # noqa: T201 - for a person
    except EngineUnavailable as error:
        print(f"fetch-models: {error}", file=sys.stderr)  # noqa: T201 - for a person
        raise SystemExit(1) from None


def fetch(settings: RealtimeSTTSettings) -> Any:
    """Download the models, and yield a line of text for each model.

    Raises:
        EngineUnavailable: the engine is not installed, or a model cannot be fetched.
    """
    try:
        whisper: Any = import_module("tertulia_stt.engines.realtimestt.whisper")
    except ImportError as error:
        raise EngineUnavailable(
            f"{error.name or error} is not installed: `make setup-stt` sets up what realtimestt needs,"
            " or pip install 'tertulia-stt[realtimestt]'"
        ) from error
    plan, folder = whisper.plan(settings), whisper.models_dir(settings)
    for model in dict.fromkeys((plan.model, plan.realtime_model)):
        if Path(model).is_dir():
            yield f"fetch-models: {model} is a local folder"
            continue
        yield f"fetch-models: {model}, into {folder}"
        whisper.download(model, folder)
    yield "fetch-models: all there"


if __name__ == "__main__":
    main()
