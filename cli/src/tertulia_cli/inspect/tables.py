"""The timeline as a person reads it on a terminal; the same words without colour where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tertulia_cli.inspect.recording import Listed
from tertulia_cli.inspect.timeline import Message, Sentence, Timeline, Turn

MAX_TEXT: Final = 60
SHORT_ID: Final = 8
LISTED: Final = 20
GOOD, BAD, QUIET = "green", "red", "dim"
STATUS_STYLE: Final = {"complete": GOOD, "failed": BAD, "interrupted": "yellow"}


def show_list(console: Console, conversations: Sequence[Listed], now_ms: int) -> None:
    """The most recent conversations."""
    if not conversations:
        console.print("No conversation in Redis (they are kept there for a day after their last turn).")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("conversation", "last turn", "", "said last"):
        table.add_column(name, no_wrap=name != "said last")
    for each in conversations[:LISTED]:
        state = Text("answered", GOOD) if each.answered else Text("waiting", "yellow")
        table.add_row(each.id, f"{ago(now_ms - each.last_turn_ms)} ago", state, _short(each.last_text))
    console.print(table)
    if len(conversations) > LISTED:
        console.print(f"and {len(conversations) - LISTED} older ones", style=QUIET)
    console.print("`tertulia inspect last`, or the beginning of an id, shows one step by step.", style=QUIET)


def show_timeline(console: Console, timeline: Timeline) -> None:
    """One conversation, turn by turn; times in ms since the user's message (or the end of the user's speech)."""
    demo = ", demo model" if timeline.demo else ""
    console.print(
        Text.assemble(("Conversation ", "bold"), f"{timeline.conversation_id}  (epoch {timeline.epoch}{demo})")
    )
    for number, turn in enumerate(timeline.turns, 1):
        console.print()
        _show_turn(console, number, turn)
    console.print()
    _show_open(console, timeline)


def ago(ms: int) -> str:
    """A duration in words."""
    seconds = max(0, ms) / 1000
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} s"


def _show_turn(console: Console, number: int, turn: Turn) -> None:
    ended = "complete" if turn.complete is not None else "not complete"
    style = GOOD if turn.complete is not None else "yellow"
    if turn.interrupted:
        ended, style = "interrupted", "yellow"
    console.print(
        Text.assemble(
            (f"Turn {number}", "bold"), f"  {_clock(turn.accepted)}  {turn.source}  epoch {turn.epoch}  ",
            (ended, style), (f"  {turn.turn_id}", QUIET),
        )
    )  # fmt: skip
    console.print(Text(f"  “{_short(turn.text)}”"))
    console.print(_hops(turn.steps, turn.zero, 2))
    for message in turn.messages.values():
        _show_message(console, turn, message)
    if turn.complete is not None:
        console.print(Text(f"  turn complete at {turn.complete - turn.zero} ms"))
    for error in turn.errors:
        console.print(Text(f"  error: {error}", BAD))


def _show_message(console: Console, turn: Turn, message: Message) -> None:
    again = f"  taken over {message.resumed} time(s)" if message.resumed else ""
    console.print(
        Text.assemble(
            "  ", (message.name, "bold cyan"), "  ", (message.status, STATUS_STYLE.get(message.status, "")),
            f"  {len(message.text)} characters, {sum(s.seconds for s in message.sentences.values()):.1f} s of speech",
            (again, "yellow"), (f"  {message.message_id}", QUIET),
        )
    )  # fmt: skip
    if message.steps:
        console.print(_hops(message.steps, turn.zero, 4))
    if message.heard is not None:
        console.print(Text(f"    heard: “{_short(message.heard)}”"))
    if message.sentences:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style=QUIET)
        table.add_column("     #", justify="right")
        table.add_column("sentence", no_wrap=True, overflow="ellipsis", max_width=MAX_TEXT)
        for name in ("written", "first sound", "(after)", "sound complete", "length", "chunks"):
            table.add_column(name, justify="right", no_wrap=True)
        for index in sorted(message.sentences):
            table.add_row(*_cells(message.sentences[index], turn.zero))
        console.print(table)


def _cells(sentence: Sentence, zero: int) -> list[str]:
    first = sentence.first_sound
    return [
        str(sentence.index),
        _harmless(sentence.text),
        _ms(sentence.written, zero),
        _ms(first, zero),
        "" if first is None else f"+{first - sentence.written} ms",
        _ms(sentence.last_sound, zero),
        f"{sentence.seconds:.2f} s" if sentence.chunks else "",
        str(sentence.chunks or ""),
    ]


def _hops(steps: Sequence[tuple[str, int]], zero: int, indent: int) -> Text:
    """`turn accepted 0 → turn started 4 (+4) ms`: each step's time, and how long after the one before it."""
    line = Text(" " * indent)
    before: int | None = None
    for name, at in steps:
        if before is not None:
            line.append(" → ", QUIET)
        line.append(f"{name} {at - zero}")
        if before is not None:
            line.append(f" (+{at - before})", QUIET)
        before = at
    return line.append(" ms")


def _show_open(console: Console, timeline: Timeline) -> None:
    for turn_id in timeline.waiting:
        console.print(Text(f"waiting: turn {turn_id} has not been begun", "yellow"))
    for each in timeline.open_work:
        what = each.work.message_id or each.work.session_id or "its turns"
        failure = f"; its last attempt failed: {each.last_failure}" if each.last_failure else ""
        age = ago(timeline.now_ms - each.posted_ms)
        console.print(Text(f"open: {each.stage} work {each.id} on {what}, posted {age} ago{failure}", "yellow"))
    for ts, letter in timeline.dead:
        what = letter.message_id or letter.session_id or "its turns"
        console.print(
            Text(
                f"given up: {letter.stage} work {letter.work_id} on {what} at {_clock(ts)} after {letter.attempts} "
                f"attempts: {letter.reason}",
                BAD,
            )
        )
    if not (timeline.waiting or timeline.open_work or timeline.dead):
        console.print(Text("nothing waits, nothing was given up", GOOD))


def _ms(at: int | None, zero: int) -> str:
    return "" if at is None else f"{at - zero} ms"


def _clock(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S.") + f"{ms % 1000:03d}"


def _short(text: str) -> str:
    harmless = _harmless(text)
    return harmless if len(harmless) <= MAX_TEXT else f"{harmless[: MAX_TEXT - 1]}…"


def _harmless(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)
