"""Reads dead letters, and the data that Redis still has about their work. Read-only."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from tertulia_cli.inspect.snapshot import entries_of, ts_of
from tertulia_shared import codec
from tertulia_shared.bus import Bus, Entry, WriteRefused
from tertulia_shared.codec import BadEntry, Fields, decode, envelope
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entries import SAMPLE_RATE_OUT, TURN_CHANGE_VERSION, DeadLetter, UserTurn, Work
from tertulia_shared.entry_ids import BEGINNING, order

BYTES_PER_S = SAMPLE_RATE_OUT * 2
TURN_FAILED_CODE = b"turn_failed"
"""Code of the `error` event of a turn that an llm worker gave up; the event's message ends with the letter's reason."""


@dataclass(frozen=True, slots=True)
class DeadEntry:
    """An entry of the `dead` stream, written at `ts` (ms since 1970).

    `letter` is None if this release cannot decode it; `error` says why.
    """

    id: str
    ts: int
    letter: DeadLetter | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """The data that Redis still has of a reply that a tts worker should have spoken."""

    epoch: int
    name: str
    text: str
    sentences: int
    text_complete: bool
    """True if the final sentence has been written."""
    llm_work_open: bool
    """True if the conversation has open llm work, so that sentences may still be added."""
    spoken: int
    """Number of sentences with sound."""
    seconds: float
    end_id: str
    """Id of the final entry of its sound; "" if there is none."""
    end_ts: int


@dataclass(frozen=True, slots=True)
class Turn:
    """The turn that was given up."""

    turn_id: str
    text: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Facts:
    """The data of the conversation that decides about the recovery of one dead letter."""

    epoch: int | None
    """The conversation's epoch; None if the conversation has expired."""
    message: Message | None = None
    turn: Turn | None = None
    turn_ids: frozenset[str] = field(default_factory=frozenset[str])
    """Ids of all turns in the stream."""
    turn_waits: bool = False
    """True if a turn after the cursor has not been answered or given up."""
    frames: int = 0
    """Number of entries in the microphone stream."""
    settings: bytes | None = None
    """The current model settings (msgpack, as in the state); None if none were set or they have expired."""


async def read_dead(bus: Bus) -> list[DeadEntry]:
    """All entries of `dead`, the oldest first, then those of the fallback key."""
    found: list[DeadEntry] = []
    for key in (bus.keys.dead(), bus.keys.dead_aside()):
        with contextlib.suppress(WriteRefused):  # `dead` has the wrong type; the letters are in the other key
            found += [_dead_entry(entry) async for entry in entries_of(bus, key)]
    return found


async def remove_dead(bus: Bus, ids: Sequence[str]) -> None:
    """Delete the entries with these ids."""
    for key in (bus.keys.dead(), bus.keys.dead_aside()):
        with contextlib.suppress(WriteRefused):
            await bus.remove(key, ids)


async def read_facts(bus: Bus, dead: DeadEntry) -> Facts:
    """Read the data about an entry's work."""
    letter = dead.letter
    if letter is None or not letter.conversation_id:
        return Facts(None)
    state = await bus.hash(bus.keys.state(letter.conversation_id))
    turns = [entry async for entry in entries_of(bus, bus.keys.turns(letter.conversation_id))]
    if not state and not turns:
        return Facts(None)
    epoch = ConversationState(state).epoch
    match letter.stage:
        case "tts":
            return Facts(epoch, message=await _message(bus, letter))
        case "llm":
            return Facts(
                epoch,
                turn=await _failed_turn(bus, dead.ts, letter, turns),
                turn_ids=frozenset(_text(entry.fields, b"turn_id") for entry in turns),
                turn_waits=bool(turns) and order(turns[-1].id) > _cursor(state),
            )
        case "store":
            return Facts(epoch, settings=ConversationState(state).get(StateField.SETTINGS))
        case _:
            return Facts(epoch, frames=await bus.length(bus.keys.mic(letter.conversation_id, letter.session_id)))


def _dead_entry(entry: Entry) -> DeadEntry:
    try:
        return DeadEntry(entry.id, ts_of(entry.fields), decode(DeadLetter, entry.fields))
    except BadEntry as error:
        return DeadEntry(entry.id, ts_of(entry.fields), None, str(error))


async def _message(bus: Bus, letter: DeadLetter) -> Message | None:
    conversation_id, message_id = letter.conversation_id, letter.message_id
    sentences = [entry async for entry in entries_of(bus, bus.keys.sentences(conversation_id, message_id))]
    if not sentences:
        return None
    first, last = sentences[0].fields, sentences[-1].fields
    text_complete = last.get(b"is_final") == b"1"
    audio = [entry async for entry in entries_of(bus, bus.keys.audio(conversation_id, message_id))]
    sound = [entry for entry in audio if entry.fields.get(b"is_final") != b"1"]
    end = audio[-1] if audio and audio[-1].fields.get(b"is_final") == b"1" else None
    return Message(
        epoch=_epoch(first),
        name=_text(first, b"character_name"),
        text="".join(_text(entry.fields, b"written") or _text(entry.fields, b"text") for entry in sentences),
        sentences=len(sentences) - text_complete,
        text_complete=text_complete,
        llm_work_open=await _is_open(bus, conversation_id),
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
            continue  # written by another release
    return False


async def _failed_turn(bus: Bus, ts: int, letter: DeadLetter, turns: Sequence[Entry]) -> Turn | None:
    """The turn that was given up with this work.

    Letters of older workers lack the turn's id. Then the turn is found by its `error` event, or else by the work's id:
    the pointer was posted together with a turn, under the same id, though it may have served later turns too.
    """
    turn_id = letter.turn_id or await _failed_turn_id(bus, ts, letter)
    for entry in reversed(turns):  # the last version of the turn
        if _text(entry.fields, b"turn_id") == turn_id if turn_id else entry.id == letter.work_id:
            try:
                turn = decode(UserTurn, entry.fields, newest=TURN_CHANGE_VERSION)
            except BadEntry:
                return None
            return Turn(turn.turn_id, turn.text, _epoch(entry.fields))
    return None


async def _failed_turn_id(bus: Bus, ts: int, letter: DeadLetter) -> str:
    """The turn id of the last `error` event before the letter that has the letter's reason; "" if there is none."""
    turn_id = ""
    async for entry in entries_of(bus, bus.keys.events(letter.conversation_id)):
        fields = entry.fields
        is_of_a_turn = fields.get(b"type") == b"error" and fields.get(b"code") == TURN_FAILED_CODE
        if is_of_a_turn and ts_of(fields) <= ts and _text(fields, b"message").endswith(letter.reason):
            turn_id = _text(fields, b"turn_id") or turn_id
    return turn_id


def _cursor(state: Fields) -> tuple[int, int]:
    """The id of the last finished turn; (0, 0) if the state has none."""
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
