"""The entries of a conversation, written by hand, for the tests of `tertulia inspect` and `tertulia dead`."""

from __future__ import annotations

from uuid import UUID

from tertulia_cli.inspect.snapshot import Piece, Snapshot
from tertulia_shared.bus import Entry
from tertulia_shared.codec import encode
from tertulia_shared.entries import TTSSentence
from tertulia_shared.events import (
    ConversationStarted,
    LLMChunk,
    MessageComplete,
    MessageStarted,
    TurnAccepted,
    TurnComplete,
    TurnStarted,
)

C, T1, T2, M1, M2, L = (str(UUID(int=number)) for number in range(1, 7))
T0 = 1_700_000_000_000


def entry(what: object, at: int, epoch: int = 1) -> Entry:
    """An entry as the bus returns it, written `at` ms after T0."""
    raw = encode(what, ts=T0 + at, epoch=epoch)
    return Entry(f"{T0 + at}-0", dict(zip(raw[::2], raw[1::2], strict=True)))


def sentence(text: str, index: int, *, final: bool = False) -> TTSSentence:
    """A sentence of the message M1."""
    return TTSSentence(text, index, C, M1, L, "Luna", "luna", is_final=final)


def snapshot(events: list[Entry], **more: object) -> Snapshot:
    """A snapshot of these events, read 10 s after T0; `more` are its other fields."""
    given: dict[str, object] = {"state": {b"epoch": b"1"}, "turns": [], **more}
    return Snapshot(C, T0 + 10_000, events=events, **given)  # pyright: ignore[reportArgumentType] - typed as object


def replies(*pairs: tuple[str, str]) -> tuple[dict[str, str], ...]:
    """The replies of a turn, from message ids and names."""
    return tuple({"message_id": id, "character_id": L, "character_name": name} for id, name in pairs)


TYPED: list[Entry] = [
    entry(ConversationStarted(C, demo=True), -100, 0),
    entry(TurnAccepted(T1, "Hello Luna", "typed"), 0),
    entry(TurnStarted(T1, replies((M1, "Luna"), (M2, "Rex"))), 4),
    entry(MessageStarted(M1, T1, L, "Luna"), 6),
    entry(LLMChunk("Hi. ", L, M1), 150),
    entry(LLMChunk("Well.", L, M1), 180),
    entry(MessageComplete(M1, L, "Hi. Well."), 200),
    entry(TurnComplete(T1), 210),
]
SPOKEN_SENTENCES = [
    entry(sentence("Hi.", 0), 160),
    entry(sentence("Well.", 1), 200),
    entry(sentence("", 2, final=True), 201),
]
SOUND = [
    Piece(0, T0 + 165, 48_000, is_final=False),
    Piece(0, T0 + 170, 24_000, is_final=False),
    Piece(1, T0 + 205, 48_000, is_final=False),
    Piece(2, T0 + 206, 0, is_final=True),
]
