"""Command line of `tertulia conversation`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tertulia_cli.client.arguments import gateway_address
from tertulia_cli.conversations.command import SUFFIXES, ConversationExport, export_conversation, import_conversations
from tertulia_cli.conversations.rest import ConversationRest


def add(commands: Any) -> None:
    """Add `conversation` to the commands."""
    command = commands.add_parser(
        "conversation",
        help="export and import conversations",
        description="Writes a conversation into a file: as text, as data, or spoken as sound (.ogg, .wav). Makes a "
        "conversation of a file: JSON of Tertulia, or a chat of SillyTavern (.jsonl). The gateway must be running.",
    )
    what = command.add_subparsers(required=True, metavar="WHAT")
    importing = what.add_parser("import", help="make a new conversation of each file, and print its id")
    importing.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a .json or .jsonl file")
    importing.add_argument("--again", action="store_true", help="make another copy of a file that was imported before")
    _add_connection_options(importing)
    importing.set_defaults(do=_import)
    exporting = what.add_parser("export", help="write a conversation into a file")
    exporting.add_argument("id", metavar="ID", help="the conversation's id")
    exporting.add_argument("--out", type=Path, metavar="FILE", help="the file to write (ID.json)")
    exporting.add_argument("--format", default="", choices=tuple(SUFFIXES), help="from the file's name, or else json")
    exporting.add_argument(
        "--user-voice", default="", metavar="VOICE", help="in a sound: the voice of your messages; none leaves them out"
    )
    exporting.add_argument("--replace", action="store_true", help="replace an existing file")
    _add_connection_options(exporting)
    exporting.set_defaults(do=_export)


def _add_connection_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--url", help="the gateway (TERTULIA_HOST and _PORT, http://127.0.0.1:8000)")
    command.add_argument("--token", help="the gateway's token (TERTULIA_TOKEN)")


def _import(args: argparse.Namespace) -> int:
    return import_conversations(ConversationRest(gateway_address(args)), args.files, again=args.again)


def _export(args: argparse.Namespace) -> int:
    options = ConversationExport(args.id, args.out, args.format, args.replace, args.user_voice)
    return export_conversation(ConversationRest(gateway_address(args)), options)
