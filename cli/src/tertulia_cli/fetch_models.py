"""`tertulia fetch-models`: has the stt worker's own code bring the weights that its engine needs."""

from __future__ import annotations

import subprocess

from tertulia_cli.exits import FAILED, OK
from tertulia_cli.run.environments import python_of
from tertulia_cli.settings import RunSettings

ENGINE = "realtimestt"
"""The one engine whose weights are fetched like this; the others bring theirs along."""


def fetch_models(settings: RunSettings) -> int:
    """The exit code; what is fetched, or why not, the worker's code says itself."""
    python = python_of("stt", settings.model_copy(update={"stt_engine": ENGINE}))
    done = subprocess.run([python, "-m", "tertulia_stt.download_models"], check=False)  # noqa: S603 - our own module
    return OK if done.returncode == 0 else FAILED
