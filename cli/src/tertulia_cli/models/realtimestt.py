"""Fetches the Whisper models of the stt engine `realtimestt`: the stt worker's own download does it."""

from __future__ import annotations

import subprocess
from typing import Final

from tertulia_cli.environments import python_of
from tertulia_cli.exit_codes import FAILED, OK
from tertulia_cli.settings import RunSettings

ENGINE: Final = "realtimestt"


def fetch_realtimestt(settings: RunSettings) -> int:
    """Run the download, which prints its own output; returns the exit code."""
    python = python_of("stt", settings.model_copy(update={"stt_engine": ENGINE}))
    done = subprocess.run([python, "-m", "tertulia_stt.download_models"], check=False)  # noqa: S603 - our own module
    return OK if done.returncode == 0 else FAILED
