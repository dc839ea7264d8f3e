"""The command lines of the terminal client: `tertulia say`, `talk`, `ask` and `who`."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from tertulia_cli.client.ask import AskOptions, ask
from tertulia_cli.client.gateway_options import gateway_address
from tertulia_cli.client.own_turn import SILENCE_S, ClientOptions
from tertulia_cli.client.say import SayOptions, say
from tertulia_cli.client.talk import talk
from tertulia_cli.client.who import MEANINGS, WhoOptions, mode_of, who, written
from tertulia_cli.exit_codes import MISUSED, Failure
from tertulia_shared.answering import MAX_DISCUSSION
from tertulia_shared.text import clean_line
from tertulia_shared.user_name import user_name_problem

USUAL_DISCUSSION: Final = 6
"""The most replies of a discussion, if the user gives no number."""
NAMES_HELP: Final = "may be given several times"


def add(commands: Any) -> None:
    """Add the four commands."""
    _add_say(commands)
    _add_talk(commands)
    _add_ask(commands)
    _add_who(commands)


def _add_say(commands: Any) -> None:
    command = commands.add_parser(
        "say",
        help="type one message, read the replies",
        description="Sends one message and shows the replies as they stream; ends after the last reply.",
    )
    command.add_argument("text", help="the message; a character that it addresses by name answers")
    to = command.add_mutually_exclusive_group()
    to.add_argument(
        "--character", action="append", default=[], metavar="NAME", help=f"this character answers ({NAMES_HELP})"
    )
    to.add_argument("--nobody", action="store_true", help="no character answers; they remember the message")
    _add_client_options(command)
    command.set_defaults(do=_say)


def _add_talk(commands: Any) -> None:
    command = commands.add_parser(
        "talk",
        help="speak a WAV file, hear the replies",
        description="Sends a WAV file in real time, like a microphone, and shows the transcript and the replies. "
        "Accepts any PCM WAV.",
    )
    command.add_argument("file", type=Path, metavar="FILE.wav")
    _add_client_options(command)
    command.set_defaults(do=_talk)


def _add_ask(commands: Any) -> None:
    command = commands.add_parser(
        "ask",
        help="get a reply without a message, or a discussion",
        description="Without a message: the character NAME answers what was said last; without NAME, the last speaker "
        "goes on; with --discuss, the characters talk among themselves.",
    )
    command.add_argument("character", nargs="?", default="", metavar="NAME", help="the character that answers")
    command.add_argument("--discuss", action="store_true", help="the characters talk among themselves")
    command.add_argument(
        "--replies",
        type=_replies,
        metavar="N",
        help=f"the most replies of the discussion, 1 to {MAX_DISCUSSION} ({USUAL_DISCUSSION})",
    )
    _add_client_options(command)
    command.set_defaults(do=_ask)


def _add_who(commands: Any) -> None:
    modes = "\n".join(f"  {written(mode):<9} {meaning}" for mode, meaning in MEANINGS.items())
    command = commands.add_parser(
        "who",
        help="show or change who answers in a conversation",
        description="Shows who answers in a conversation, and changes it from the next message on. A character that "
        "you name always answers. MODE says who answers a message that names no character:\n"
        f"{modes}\n  default   what the server's setting TERTULIA_WHO_ANSWERS says",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("mode", nargs="*", metavar="MODE", help="fitting, everyone, named, in-turn or default")
    command.add_argument(
        "--mute", action="append", default=[], metavar="NAME", help=f"it answers only if you name it ({NAMES_HELP})"
    )
    command.add_argument("--unmute", action="append", default=[], metavar="NAME", help="end that")
    command.add_argument(
        "--invite", action="append", default=[], metavar="NAME", help=f"it comes to the table ({NAMES_HELP})"
    )
    command.add_argument("--dismiss", action="append", default=[], metavar="NAME", help="it leaves the table")
    command.add_argument(
        "--discussion",
        type=_discussion,
        metavar="N",
        help=f"after each message they talk among themselves, with at most N replies, 0 to {MAX_DISCUSSION} (0: no)",
    )
    _add_connection_options(command)
    command.set_defaults(do=_who, out=None)


def _add_client_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--as", dest="user_name", type=_user_name, metavar="NAME", help="what the characters call you here"
    )
    command.add_argument("--out", type=Path, metavar="FILE.wav", help="write the replies' speech (24 kHz mono) here")
    _add_connection_options(command)


def _add_connection_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--conversation",
        type=_conversation_id,
        metavar="ID",
        help="continue this one (default: a new one)",
    )
    command.add_argument("--url", help="the gateway (TERTULIA_HOST and _PORT, ws://127.0.0.1:8000/ws)")
    command.add_argument("--token", help="the gateway's token (TERTULIA_TOKEN)")
    command.add_argument(
        "--timeout",
        type=_seconds,
        default=SILENCE_S,
        metavar="S",
        help="seconds to wait for the next event (%(default)g)",
    )


def _say(args: argparse.Namespace) -> int:
    options = SayOptions(args.text, tuple(args.character), args.nobody)
    return asyncio.run(say(gateway_address(args), options, _options(args)))


def _talk(args: argparse.Namespace) -> int:
    return asyncio.run(talk(gateway_address(args), args.file, _options(args)))


def _ask(args: argparse.Namespace) -> int:
    discusses = args.discuss or args.replies is not None
    if discusses and args.character:
        raise Failure(
            "give a NAME or --discuss, not both: in a discussion, all characters at the table speak.", MISUSED
        )
    options = AskOptions(args.character, (args.replies or USUAL_DISCUSSION) if discusses else 0)
    return asyncio.run(ask(gateway_address(args), options, _options(args)))


def _who(args: argparse.Namespace) -> int:
    try:
        mode = mode_of(" ".join(args.mode))
    except ValueError as error:
        raise Failure(f"MODE: {error}.", MISUSED) from None
    options = WhoOptions(
        mode, tuple(args.mute), tuple(args.unmute), args.discussion, tuple(args.invite), tuple(args.dismiss)
    )
    return asyncio.run(who(gateway_address(args), options, _options(args)))


def _options(args: argparse.Namespace) -> ClientOptions:
    return ClientOptions(args.conversation or "", args.out, args.timeout, getattr(args, "user_name", None) or "")


def _conversation_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not the id of a conversation. The commands print it at the end, "
            "for example 2f1c9a4e-6b0d-4c3e-9d57-0a8e5f7b1c22"
        ) from None


def _user_name(text: str) -> str:
    if problem := user_name_problem(text):
        raise argparse.ArgumentTypeError(f"the name {problem}")
    return clean_line(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


def _replies(text: str) -> int:
    return _count(text, 1)


def _discussion(text: str) -> int:
    return _count(text, 0)


def _count(text: str, least: int) -> int:
    if not (text.isascii() and text.isdecimal() and least <= int(text) <= MAX_DISCUSSION):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least} to {MAX_DISCUSSION}")
    return int(text)
