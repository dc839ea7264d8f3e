"""The `tertulia` command: parses the command line, runs the subcommand, prints errors and exits."""

from __future__ import annotations

import argparse
import pkgutil
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tertulia_cli.program import exit_after, print_everywhere
from tertulia_shared.version import __version__

EXIT_CODES: Final = """exit codes:
  0    done                              3  no connection to the gateway or to Redis
  1    it was tried and failed           4  connected, but no answer came
  2    a wrong option, setting or file   130  stopped with Ctrl-C"""
ADD_COMMANDS: Final[Mapping[Sequence[str], str]] = {
    ("run",): "tertulia_cli.run.arguments:add",
    ("say", "talk", "ask", "who"): "tertulia_cli.client.arguments:add",
    ("inspect",): "tertulia_cli.inspect.arguments:add",
    ("dead",): "tertulia_cli.dead_letters.arguments:add_dead",
    ("voice",): "tertulia_cli.voice.arguments:add",
    ("character",): "tertulia_cli.characters.arguments:add",
    ("conversation",): "tertulia_cli.conversations.arguments:add",
    ("lorebook",): "tertulia_cli.lorebooks.arguments:add",
    ("persona",): "tertulia_cli.personas.arguments:add",
    ("access",): "tertulia_cli.access.arguments:add",
    ("lan",): "tertulia_cli.lan.arguments:add",
    ("fetch-models",): "tertulia_cli.models.arguments:add",
    ("supabase-keys",): "tertulia_cli.supabase_keys_arguments:add",
    ("doctor",): "tertulia_cli.doctor.arguments:add",
}
"""The function that adds each command's arguments, in the order of the help. Only that of the command is imported:
`tertulia run` keeps in memory what it imports."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line, and exit."""
    print_everywhere()
    words = sys.argv[1:] if argv is None else argv
    args = parser(words[0] if words else "").parse_args(words)
    exit_after(lambda: args.do(args))


def parser(command: str = "") -> argparse.ArgumentParser:
    """The command line: that of a `command`, or of all commands if there is none of that name."""
    top = argparse.ArgumentParser(
        prog="tertulia",
        description="Talk with several AI characters, each with a voice of its own, on your own machine.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"tertulia {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    known = [name for names in ADD_COMMANDS for name in names]
    for names, add in ADD_COMMANDS.items():
        if command in names or command not in known:
            add_commands: Callable[[Any], None] = pkgutil.resolve_name(add)
            add_commands(commands)
    return top


if __name__ == "__main__":
    main()
