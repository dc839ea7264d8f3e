"""Command line of `tertulia supabase-keys`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Add `supabase-keys` to the commands."""
    command = commands.add_parser(
        "supabase-keys",
        help="make the passwords and the key of a local database that is compatible with Supabase",
        description="Used by deploy/compose/supabase.yml. Existing files are kept.",
    )
    command.add_argument("--dir", type=Path, required=True, metavar="DIR", help="folder with a folder for each reader")
    command.set_defaults(do=_supabase_keys)


def _supabase_keys(args: argparse.Namespace) -> int:
    from tertulia_cli.supabase_keys import supabase_keys  # noqa: PLC0415 - needs an optional library

    return supabase_keys(args.dir)
