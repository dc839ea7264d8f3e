"""`tertulia dead list|show|retry|drop`: finds the entries, acts on them and prints the result."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tertulia_cli.dead_letters.read import DeadEntry, Facts, Message, read_dead, read_facts, remove_dead
from tertulia_cli.dead_letters.recovery import (
    AlreadyDone,
    NewTurn,
    NotRetryable,
    Requeue,
    Resave,
    recovery_for,
    store_write,
)
from tertulia_cli.dead_letters.retry import recover
from tertulia_cli.exit_codes import FAILED, MISUSED, OK, Failure
from tertulia_cli.formatting import ago, clock, counted, printable, short
from tertulia_cli.redis_connection import open_redis
from tertulia_cli.settings import RunSettings
from tertulia_shared.bus import Bus
from tertulia_shared.clock import wall_ms
from tertulia_shared.codec import BadEntry
from tertulia_shared.entries import DeadLetter

PLAIN_COLUMNS: Final = 160
"""The table's width if the output is not a terminal: enough for every column."""
NOTHING: Final = "No work was given up."


async def dead_list(settings: RunSettings) -> int:
    """List all entries, the oldest first."""
    async with open_redis(settings, "dead") as bus:
        entries = await read_dead(bus)
    console = _console()
    if not entries:
        console.print(NOTHING)
        return OK
    console.print(table(entries, wall_ms()))
    console.print("`tertulia dead show ID` explains one; `retry` posts it again; `drop` deletes it.", style="dim")
    return OK


async def dead_show(settings: RunSettings, id: str) -> int:
    """Explain one entry in sentences.

    Raises:
        Failure: no entry has this id.
    """
    async with open_redis(settings, "dead") as bus:
        (entry,) = choose(await read_dead(bus), [id])
        facts = await read_facts(bus, entry)
    console = _console()
    for line in explain(entry, facts):
        console.print(Text(printable(line)))
    return OK


async def dead_retry(settings: RunSettings, ids: Sequence[str], *, every: bool) -> int:
    """Retry entries; the exit code is 1 if one of them cannot be retried.

    Raises:
        Failure: no entry has one of these ids.
    """
    console, code = _console(), OK
    async with open_redis(settings, "dead") as bus:
        entries = await read_dead(bus)
        chosen = entries if every else choose(entries, ids)
        if not chosen:
            console.print(NOTHING)
        for entry in chosen:
            line, done = await retried(bus, entry)
            console.print(Text(printable(line)))
            code = code if done else FAILED
    return code


async def dead_drop(settings: RunSettings, ids: Sequence[str], *, every: bool, sure: bool) -> int:
    """Delete entries, after a question if the input is a terminal.

    Raises:
        Failure: no entry has one of these ids.
    """
    console = _console()
    async with open_redis(settings, "dead") as bus:
        entries = await read_dead(bus)
        chosen = entries if every else choose(entries, ids)
        if not chosen:
            console.print(NOTHING)
            return OK
        if not sure and sys.stdin.isatty() and not _confirmed(len(chosen)):
            console.print("Nothing was dropped.")
            return OK
        await remove_dead(bus, [entry.id for entry in chosen])
    console.print(f"Dropped {counted(len(chosen), 'entry') if len(chosen) == 1 else f'{len(chosen)} entries'}.")
    return OK


async def retried(bus: Bus, entry: DeadEntry) -> tuple[str, bool]:
    """Retry one entry. Returns the line to print, and whether the entry was retried or removed."""
    recovery = recovery_for(entry, await read_facts(bus, entry))
    done = await recover(bus, entry.id, recovery)
    match recovery:
        case Requeue() | NewTurn() | Resave():
            return f"{entry.id}: posted again. {recovery.effect}", done
        case AlreadyDone():
            return f"{entry.id}: {recovery.reason} Removed from the list.", done
        case NotRetryable():
            advice = f"`tertulia dead drop {entry.id}` deletes it."
            return f"{entry.id}: cannot be retried: {recovery.reason} {advice}", done


def choose(entries: Sequence[DeadEntry], ids: Sequence[str]) -> list[DeadEntry]:
    """The entries with these ids (of the dead letter, or of the work), each once.

    Raises:
        Failure: no entry has one of these ids.
    """
    found: dict[str, DeadEntry] = {}
    for id in ids:
        fitting = [each for each in entries if each.id == id or (each.letter is not None and each.letter.work_id == id)]
        if not fitting:
            raise Failure(f"no dead work {id}: `tertulia dead list` shows the ids.", MISUSED)
        found |= {each.id: each for each in fitting}
    return list(found.values())


def table(entries: Sequence[DeadEntry], now_ms: int) -> Table:
    """A table with one row for each entry."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("id", "given up", "stage", "attempts", "conversation", "reason"):
        made.add_column(name, no_wrap=name != "reason", justify="right" if name == "attempts" else "left")
    for entry in entries:
        letter = entry.letter
        when = f"{ago(now_ms - entry.ts)} ago"
        if letter is None:
            made.add_row(entry.id, when, "?", "", "", Text(f"cannot be read: {short(entry.error)}"))
        else:
            reason = Text(short(letter.reason, 80))
            stage, whose = Text(printable(letter.stage)), Text(printable(letter.conversation_id))
            made.add_row(entry.id, when, stage, str(letter.attempts), whose, reason)
    return made


def explain(entry: DeadEntry, facts: Facts) -> list[str]:
    """The explanation of one entry, line by line."""
    letter = entry.letter
    if letter is None:
        return [f"Entry {entry.id} of {clock(entry.ts)} cannot be read by this release: {entry.error}"]
    tries = "1 attempt" if letter.attempts == 1 else f"{letter.attempts} attempts"
    lines = [
        f"{letter.stage} work {letter.work_id} was given up at {clock(entry.ts)} after {tries}.",
        f"It was {_purpose(letter, facts)}",
        f"Why: {printable(letter.reason)}",
    ]
    recovery = recovery_for(entry, facts)
    if isinstance(recovery, Requeue | NewTurn | Resave):
        lines.append(f"On retry: {recovery.effect}")
    elif isinstance(recovery, AlreadyDone):
        lines.append(f"A retry only removes this entry: {recovery.reason}")
    else:
        lines.append(f"It cannot be retried: {recovery.reason}")
    return lines


def _purpose(letter: DeadLetter, facts: Facts) -> str:
    where = f"of conversation {printable(letter.conversation_id) or '(none)'}"
    match letter.stage:
        case "tts":
            return _speech(letter, facts.message, where)
        case "llm" if facts.turn is not None:
            return f"to answer “{short(facts.turn.text)}” (turn {printable(facts.turn.turn_id)} {where})."
        case "llm":
            return f"to answer the turns {where}."
        case "stt":
            return f"to transcribe the listening session {printable(letter.session_id)} {where}."
        case "store":
            return f"to save {_saved(letter)} {where}."
        case _:
            return f"work of the stage {printable(letter.stage)} {where}."


def _speech(letter: DeadLetter, message: Message | None, where: str) -> str:
    if message is None:
        return f"to speak message {printable(letter.message_id)} {where}; its text has expired."
    sound = "no sound" if not message.spoken else f"{message.seconds:.1f} s of sound"
    return (
        f"to speak {printable(message.name) or 'a character'}'s reply “{short(message.text)}” (message "
        f"{letter.message_id} {where}): {message.spoken} of {counted(message.sentences, 'sentence')} begun, {sound}."
    )


def _saved(letter: DeadLetter) -> str:
    try:
        kind = store_write(letter).kind
    except BadEntry:
        return "something"
    names = {
        "message": f"message {printable(letter.message_id)}",
        "version": f"message {printable(letter.message_id)}",
        "choose": f"the choice of message {printable(letter.message_id)}",
        "remove": f"the removal of message {printable(letter.message_id)}",
        "conversation": "the title",
        "settings": "the settings",
        "document": "a document",
        "delete_document": "the deletion of a document",
    }
    return names.get(kind, "something")


def _confirmed(count: int) -> bool:
    what = "this entry" if count == 1 else f"these {count} entries"
    try:
        return input(f"Delete {what} for good? [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def _console() -> Console:
    return Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else PLAIN_COLUMNS)
