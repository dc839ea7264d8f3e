"""Reads the work that was given up, and what is left of what it was about. Nothing is written or claimed."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from tertulia_cli.inspect.recording import entries_of, ts_of
from tertulia_shared import codec
from tertulia_shared.bus import Bus, Entry, WriteRefused
from tertulia_shared.codec import BadEntry, Fields, decode, envelope
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entries import SAMPLE_RATE_OUT, DeadLetter, UserTurn, Work
from tertulia_shared.entry_ids import BEGINNING, order

BYTES_PER_S = SAMPLE_RATE_OUT * 2
ENDS_A_TURN = b"turn_failed"
"""Code of the `error` event by which an llm worker gives a turn up; its message ends with the letter's reason."""


@dataclass(frozen=True, slots=True)
class Letter:
    """An entry of `dead`: its id, when it was written (ms since 1970), and what it says.

    `said` is None if this release cannot read it; `trouble` says why.
    """

    id: str
    ts: int
    said: DeadLetter | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What is left of a reply that was to be spoken."""

    epoch: int
    name: str
    text: str
    sentences: int
    is_whole: bool
    """The final sentence is there: no more text follows."""
    being_written: bool
    """An llm worker may still add to it: there is open work on its conversation."""
    spoken: int
    """Sentences with sound."""
    seconds: float
    end_id: str
    """Of the entry that ends its sound; "" if nothing does."""
    end_ts: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that was given up: what the user said, and in which epoch."""

    turn_id: str
    text: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What Redis holds of the conversation, as far as it matters to one piece of dead work."""

    epoch: int | None
    """Of the conversation; None if nothing is left of it."""
    message: Message | None = None
    turn: Turn | None = None
    turn_ids: frozenset[str] = field(default_factory=frozenset[str])
    """Of every turn that there was."""
    turn_waits: bool = False
    """A turn lies behind the cursor: nobody has answered or given it up."""
    frames: int = 0
    """Entries of the microphone stream."""
    settings: bytes | None = None
    """The model settings that hold now, msgpack as the state has them; None if nobody set any, or they have expired."""


async def read_letters(bus: Bus) -> list[Letter]:
    """All of them, the oldest first; those that `dead` did not take come last."""
    letters: list[Letter] = []
    for key in (bus.keys.dead(), bus.keys.dead_aside()):
        with contextlib.suppress(WriteRefused):  # the key holds something else: the letters are in the other one
            letters += [_letter(entry) async for entry in entries_of(bus, key)]
    return letters


async def remove_letters(bus: Bus, ids: Sequence[str]) -> None:
    """Delete these."""
    for key in (bus.keys.dead(), bus.keys.dead_aside()):
        with contextlib.suppress(WriteRefused):
            await bus.remove(key, ids)


async def read_facts(bus: Bus, letter: Letter) -> Facts:
    """What is left of what it was about."""
    said = letter.said
    if said is None or not said.conversation_id:
        return Facts(None)
    state = await bus.hash(bus.keys.state(said.conversation_id))
    turns = [entry async for entry in entries_of(bus, bus.keys.turns(said.conversation_id))]
    if not state and not turns:
        return Facts(None)
    epoch = ConversationState(state).epoch
    match said.stage:
        case "tts":
            return Facts(epoch, message=await _message(bus, said))
        case "llm":
            return Facts(
                epoch,
                turn=await _failed_turn(bus, letter.ts, said, turns),
                turn_ids=frozenset(_text(entry.fields, b"turn_id") for entry in turns),
                turn_waits=bool(turns) and order(turns[-1].id) > _cursor(state),
            )
        case "store":
            return Facts(epoch, settings=ConversationState(state).get(StateField.SETTINGS))
        case _:
            return Facts(epoch, frames=await bus.length(bus.keys.mic(said.conversation_id, said.session_id)))


def _letter(entry: Entry) -> Letter:
    try:
        return Letter(entry.id, ts_of(entry.fields), decode(DeadLetter, entry.fields))
    except BadEntry as error:
        return Letter(entry.id, ts_of(entry.fields), None, str(error))


async def _message(bus: Bus, said: DeadLetter) -> Message | None:
    conversation_id, message_id = said.conversation_id, said.message_id
    sentences = [entry async for entry in entries_of(bus, bus.keys.sentences(conversation_id, message_id))]
    if not sentences:
        return None
    first, last = sentences[0].fields, sentences[-1].fields
    is_whole = last.get(b"is_final") == b"1"
    audio = [entry async for entry in entries_of(bus, bus.keys.audio(conversation_id, message_id))]
    sound = [entry for entry in audio if entry.fields.get(b"is_final") != b"1"]
    end = audio[-1] if audio and audio[-1].fields.get(b"is_final") == b"1" else None
    return Message(
        epoch=_epoch(first),
        name=_text(first, b"character_name"),
        text="".join(_text(entry.fields, b"written") or _text(entry.fields, b"text") for entry in sentences),
        sentences=len(sentences) - is_whole,
        is_whole=is_whole,
        being_written=await _is_open(bus, conversation_id),
        spoken=len({order(entry.id)[0] for entry in sound}),
        seconds=sum(len(entry.fields.get(b"audio", b"")) for entry in sound) / BYTES_PER_S,
        end_id="" if end is None else end.id,
        end_ts=0 if end is None else ts_of(end.fields),
    )


async def _is_open(bus: Bus, conversation_id: str) -> bool:
    async for entry in entries_of(bus, bus.keys.work("llm")):
        try:
            if decode(Work, entry.fields).conversation_id == conversation_id:
                return True
        except BadEntry:
            continue  # of another release; not for us to judge
    return False


async def _failed_turn(bus: Bus, ts: int, said: DeadLetter, turns: Sequence[Entry]) -> Turn | None:
    """The turn that was given up with this work.

    A letter without its id was written by an older worker. The id of its work says little then: a pointer is posted
    together with the turn that it is for, under the same number, and other turns are answered through it too.
    """
    turn_id = said.turn_id or await _told_as_failed(bus, ts, said)
    for entry in turns:
        if _text(entry.fields, b"turn_id") == turn_id if turn_id else entry.id == said.work_id:
            try:
                turn = decode(UserTurn, entry.fields)
            except BadEntry:
                return None
            return Turn(turn.turn_id, turn.text, _epoch(entry.fields))
    return None


async def _told_as_failed(bus: Bus, ts: int, said: DeadLetter) -> str:
    """The id of the turn that clients were told about for this letter's reason, last before it; "" if none was."""
    turn_id = ""
    async for entry in entries_of(bus, bus.keys.events(said.conversation_id)):
        fields = entry.fields
        is_of_a_turn = fields.get(b"type") == b"error" and fields.get(b"code") == ENDS_A_TURN
        if is_of_a_turn and ts_of(fields) <= ts and _text(fields, b"message").endswith(said.reason):
            turn_id = _text(fields, b"turn_id") or turn_id
    return turn_id


def _cursor(state: Fields) -> tuple[int, int]:
    """The last turn that is finished; where the state does not say it, none is."""
    try:
        return order(codec.text(state, StateField.CURSOR.raw, BEGINNING))
    except ValueError:
        return 0, 0


def _text(fields: Fields, name: bytes) -> str:
    return fields.get(name, b"").decode(errors="replace")


def _epoch(fields: Fields) -> int:
    try:
        return envelope(fields).epoch
    except BadEntry:
        return 0
