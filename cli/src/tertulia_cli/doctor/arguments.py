"""Command line of `tertulia doctor`."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from tertulia_cli.doctor.command import doctor
from tertulia_cli.settings import RunSettings
from tertulia_shared.settings import load


def add(commands: Any) -> None:
    """Add `doctor` to the commands."""
    command = commands.add_parser("doctor", help="check what is installed, what is missing, and what to do")
    command.set_defaults(do=_doctor)


def _doctor(_: argparse.Namespace) -> int:
    return asyncio.run(doctor(load(RunSettings)))
