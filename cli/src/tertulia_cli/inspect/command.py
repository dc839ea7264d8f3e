"""`tertulia inspect`: finds what is meant, reads it, shows it: once, or as it goes on; to a person or to a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from tertulia_cli.exits import MISUSED, OK, Failure
from tertulia_cli.formatting import harmless
from tertulia_cli.inspect import json_output, tables
from tertulia_cli.inspect.following import Following
from tertulia_cli.inspect.lines import Line, as_json, as_text
from tertulia_cli.inspect.memory import memory
from tertulia_cli.inspect.recording import Listed, conversation_of_message, list_conversations, record, sound_of
from tertulia_cli.inspect.sound import check_sound, write_wav
from tertulia_cli.inspect.timeline import build
from tertulia_cli.inspect.turns import Message, Timeline
from tertulia_cli.open_redis import redis_in_use
from tertulia_cli.settings import RunSettings
from tertulia_shared.bus import Bus
from tertulia_shared.clock import wall_ms

LAST: Final = "last"
PLAIN_COLUMNS: Final = 160
"""Where the output is no terminal: wide enough for every column."""
STREAM_STYLE: Final = {
    "turns": "bold green", "events": "cyan", "sentences": "magenta", "audio": "dim", "receipts": "dim",
    "control": "bold yellow", "dead": "bold red",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class InspectOptions:
    """What is asked for. `conversation`: `last`, an id or its beginning; "" for the list, with `follow` for all."""

    conversation: str = ""
    message: str = ""
    audio: Path | None = None
    follow: bool = False
    as_json: bool = False


async def inspect(settings: RunSettings, options: InspectOptions) -> int:
    """Show what is asked for.

    Raises:
        Failure: Redis does not answer, or there is no such conversation, message or sound.
    """
    if options.follow and (options.message or options.audio):
        raise Failure("--follow shows everything as it comes: leave --message and --audio out.", MISUSED)
    async with redis_in_use(settings, "inspect") as bus:
        return await _inspect(bus, options)


async def _inspect(bus: Bus, options: InspectOptions) -> int:
    if options.follow:
        id = choose(options.conversation, await list_conversations(bus)) if options.conversation else ""
        following = Following(bus, id, _teller(options, every_conversation=not id), _say)
        await following.run(lambda: _say_following(id))
        return OK
    if options.message or options.audio:
        return await _inspect_message(bus, options)
    conversations = await list_conversations(bus)
    if not options.conversation:
        if options.as_json:
            _print_json(json_output.listed_json(conversations, await memory(bus)))
        else:
            tables.show_list(_console(), conversations, wall_ms(), await memory(bus))
        return OK
    timeline = build(await record(bus, choose(options.conversation, conversations), wall_ms()))
    if options.as_json:
        _print_json(json_output.timeline_json(timeline))
    else:
        tables.show_timeline(_console(), timeline)
    return OK


async def _inspect_message(bus: Bus, options: InspectOptions) -> int:
    id, message_id = await _whose(bus, options)
    recording = await record(bus, id, wall_ms())
    timeline = build(recording)
    message = choose_message(message_id, timeline)
    if options.audio is not None:
        check_sound(message)
        seconds = await write_wav(options.audio, sound_of(bus, id, message.message_id))
        unfinished = "" if message.sound_complete is not None else " (more of it may follow)"
        print(f"{options.audio}: {seconds:.2f} s of {harmless(message.name)}{unfinished}", file=sys.stderr)
    pieces = recording.audio.get(message.message_id, ())
    if options.as_json:
        _print_json(json_output.message_json(timeline, message, pieces))
    elif options.message:
        tables.show_message(_console(), timeline, message, pieces)
    return OK


async def _whose(bus: Bus, options: InspectOptions) -> tuple[str, str]:
    """The conversation, and the message or the beginning of its id ("" for the last one)."""
    if not options.conversation and options.message:
        found = await conversation_of_message(bus, options.message.lower())
        if found is None:
            raise Failure(f"no message {options.message} in Redis: `tertulia inspect last` lists some.", MISUSED)
        return found
    return choose(options.conversation or LAST, await list_conversations(bus)), options.message.lower()


def choose(asked: str, conversations: Sequence[Listed]) -> str:
    """The id of the conversation that is meant: `last`, an id, or the beginning of exactly one.

    Raises:
        Failure: none is, or several are.
    """
    if asked == LAST and conversations:
        return conversations[0].id
    fitting = [each.id for each in conversations if each.id.startswith(asked.lower())]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise Failure(f"{len(fitting)} conversations begin with {asked}: give more of the id.", MISUSED)
    raise Failure(f"no conversation {asked} in Redis: `tertulia inspect` lists those that are there.", MISUSED)


def choose_message(asked: str, timeline: Timeline) -> Message:
    """The message whose id begins so; "" for the last one that has begun.

    Raises:
        Failure: none does, or several do.
    """
    messages = {id: message for turn in timeline.turns for id, message in turn.messages.items()}
    if not asked:
        begun = [message for message in messages.values() if message.started is not None]
        if begun:
            return begun[-1]
        raise Failure(f"nobody has said anything in conversation {timeline.conversation_id} yet.")
    fitting = [message for id, message in messages.items() if id.startswith(asked)]
    if len(fitting) == 1:
        return fitting[0]
    where = f"conversation {timeline.conversation_id}"
    if fitting:
        raise Failure(f"{len(fitting)} messages of {where} begin with {asked}: give more of the id.", MISUSED)
    raise Failure(f"no message {asked} in {where}: `tertulia inspect` with its id lists them.", MISUSED)


class _Lines(Console):
    """Lines that may go into a pipe; whose reader's end is told as anywhere else, not by an exit in mid-task."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _teller(options: InspectOptions, *, every_conversation: bool) -> Callable[[Line], None]:
    console = _Lines(file=sys.stdout, highlight=False, soft_wrap=True)

    def tell(line: Line) -> None:
        if options.as_json:
            _print_json(as_json(line))
            return
        text = as_text(line, every_conversation=every_conversation)
        console.print(Text(text, STREAM_STYLE.get(line.stream, "")), soft_wrap=True)
        sys.stdout.flush()  # a pipe would keep the lines back

    return tell


def _say_following(id: str) -> None:
    what = f"conversation {id}" if id else "every conversation"
    _say(f"following {what}; Ctrl-C ends")


def _say(line: str) -> None:
    """Beside the output, which may be a program's."""
    print(line, file=sys.stderr, flush=True)


def _print_json(plain: Mapping[str, Any]) -> None:
    print(json.dumps(plain, ensure_ascii=False), flush=True)


def _console() -> Console:
    return Console(
        file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else PLAIN_COLUMNS, soft_wrap=False
    )
