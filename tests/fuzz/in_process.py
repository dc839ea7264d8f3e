"""Kinds of input for parsers and decoders in this process. A parser may raise only its own types of error."""

from __future__ import annotations

import contextlib
import dataclasses
import struct
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Final

import orjson

from tertulia_gateway.cards.importing import read_file
from tertulia_gateway.cards.png_pixels import BadPicture, square
from tertulia_gateway.command_parser import parse
from tertulia_gateway.conversation.metrics import ConversationMetrics
from tertulia_gateway.conversation.position import ClientPosition
from tertulia_gateway.serialization import audio_frame, event_json
from tertulia_llm.text.lore.book_index import BookIndex
from tertulia_llm.text.lore.selection import Book, choose
from tertulia_shared import entries, wav
from tertulia_shared.bus import Entry
from tertulia_shared.cards.card import read_card
from tertulia_shared.cards.edits import edited
from tertulia_shared.cards.errors import BadCard
from tertulia_shared.cards.macros import MacroValues, expand
from tertulia_shared.cards.prompt_fields import prompt_of
from tertulia_shared.codec import BadEntry, Fields, as_dict, decode, decode_event
from tertulia_shared.events import EVENTS
from tertulia_shared.ids import new_id
from tertulia_shared.lorebooks.errors import BadLorebook
from tertulia_shared.lorebooks.forms import checked, converted, encoded, world_info
from tertulia_shared.lorebooks.reading import lorebook_of
from tertulia_shared.metrics import Metrics
from tertulia_stt.checkpoint import CheckpointTracker, read_checkpoint
from tests.fuzz.model_streams import model_stream
from tests.fuzz.mutations import changed, flipped, raw, value
from tests.harness.card_shapes import DATA, JPEG, PNG_KINDS, SHAPES, card_png, charx, picture

ENTRIES: Final[Sequence[type[Any]]] = tuple(
    each for each in vars(entries).values() if isinstance(each, type) and dataclasses.is_dataclass(each)
)
LORE_ENTRY: Final[Mapping[str, Any]] = {
    "keys": ["tower", "/tow(er|n)s?/i"], "secondary_keys": ["old"], "content": "@@depth 2\nIt leans.", "enabled": True,
    "selective": True, "insertion_order": 5, "position": "after_char", "constant": False, "id": 1, "comment": "x",
    "extensions": {"position": 4, "depth": 1, "probability": 50, "selectiveLogic": 0, "scan_depth": 2},
}  # fmt: skip
METRICS: Final = Metrics()
COMMANDS: Final[tuple[Mapping[str, Any], ...]] = (
    {"type": "user_message", "data": {"text": "hello", "turn_id": new_id()}},
    {"type": "start_listening", "data": {}},
    {"type": "stop_listening"},
    {"type": "model_settings", "data": {"model": "m", "temperature": 1, "top_p": 0.5, "top_k": 3, "min_p": 0}},
    {"type": "refresh_characters"},
    {"type": "resume", "data": {
        "conversation_id": new_id(), "last_event_id": "1-0", "last_audio": {"message_id": new_id(), "id": "1-1"},
    }},
    {"type": "interrupt"},
    {"type": "playback", "data": {"message_id": new_id(), "sentence_index": 0, "chunk_index": 1, "played_ms": 20}},
)  # fmt: skip


def command(rng: Random) -> str:
    """A text frame: a mutated command, other JSON, or invalid JSON."""
    known = changed(rng, rng.choice(COMMANDS))
    if isinstance(known.get("data"), dict):
        known["data"] = changed(rng, known["data"])
    text = _json(known if rng.randrange(5) else value(rng))
    return text if rng.randrange(4) else flipped(rng, text.encode()).decode(errors="replace")


def _json(given: Any) -> str:
    try:
        return orjson.dumps(given).decode()
    except TypeError:  # a number above 64 bits
        return str(given)


def text_frame(rng: Random) -> object:
    return parse(command(rng))


def fields(rng: Random) -> Fields:
    """The fields of a stream entry: those of a random class with hostile values, and an envelope that is mostly
    valid.
    """
    out = fields_of(rng, rng.choice((*ENTRIES, *EVENTS.values())))
    out[b"type"] = rng.choice(tuple(EVENTS)).encode() if rng.randrange(8) else raw(rng)
    return out


def fields_of(rng: Random, cls: type[Any], **right: str) -> dict[bytes, bytes]:
    """The fields of this class with hostile values. The fields in `right`, and the envelope, are mostly valid."""
    names = [each.name for each in dataclasses.fields(cls)]
    out = {name.encode(): raw(rng) for name in names if rng.randrange(8)}
    good = {"v": "1", "ts": "1700000000000", "epoch": "1", **right}
    return out | {name.encode(): text.encode() if rng.randrange(8) else raw(rng) for name, text in good.items()}


def entry(rng: Random) -> None:
    given = fields(rng)
    readers: Sequence[Callable[[], object]] = (
        lambda: decode(rng.choice(ENTRIES), given),
        lambda: decode_event(given),
        lambda: event_json("1-0", given, 1),
        lambda: audio_frame("1-0", given),
        lambda: as_dict(rng.choice(ENTRIES), given),
        lambda: read_checkpoint(given),
    )
    for read in readers:
        with contextlib.suppress(BadEntry):
            read()


def followers(rng: Random) -> None:
    """Objects of the gateway that receive events. None may raise an error, even for events that cannot be sent."""
    position = ClientPosition("me", claimed=True)
    metrics = ConversationMetrics(METRICS, lambda: 1_700_000_000_000)
    for n in range(3):
        given = fields(rng)
        position.advance(Entry(f"{n + 1}-0", given))
        position.has_event(Entry(f"{n + 1}-0", given))
        metrics.event_sent(given[b"type"], given)
        metrics.audio_sent(rng.choice(("m1", "m2")), given, asked_ms=0)
        position.timeline.metrics()


def wav_file(rng: Random) -> None:
    pcm = rng.randbytes(rng.randrange(200))
    bits = rng.choice((8, 16, 24, 32, 64, rng.randrange(70)))
    kind, hz = rng.choice((1, 3, 0xFFFE)), rng.choice((0, 8000, 16000))
    head = struct.pack("<HHIIHH", kind, rng.randrange(4), hz, 0, rng.randrange(9), bits)
    size = rng.choice((len(pcm), 0, 2**32 - 1))
    chunks = b"fmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", size) + pcm
    file = rng.choice((b"RIFF", b"RF64")) + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks
    wav.mono(wav.parse(file if rng.randrange(3) else flipped(rng, file)))


def microphone(rng: Random) -> None:
    names = (b"sample", b"entry", b"entry_sample")
    tracker = CheckpointTracker(read_checkpoint({name: str(rng.randrange(100)).encode() for name in names}))
    for number in range(rng.randrange(1, 6)):
        tracker.add(number, rng.randbytes(rng.randrange(50)))
        tracker.checkpoint(rng.randrange(200))


def lorebook(rng: Random) -> None:
    """A mutated lorebook. If it is one, its conversion, its search and its choice of entries must work."""
    book: dict[str, Any] = {"entries": [changed(rng, LORE_ENTRY) for _ in range(rng.randrange(4))], "scan_depth": 3}
    text = _json(changed(rng, world_info(book) if rng.randrange(2) else book))
    if not rng.randrange(4):
        text = flipped(rng, text.encode()).decode(errors="replace")
    found = converted(checked(text), "character_book" if rng.randrange(2) else "world_info")
    orjson.loads(encoded(found))
    books = [Book("character", BookIndex(lorebook_of(found)))]
    lore = choose(books, ["The old tower.", str(value(rng))], seed="s", budget=100, ready=str.strip, tokens=len)
    assert sum(len(entry.text) for entry in lore.entries) <= 100


def card(rng: Random) -> None:
    """A mutated character card, in a picture, an archive or alone. If it is one, its edit and its prompt must work."""
    text = rng.choice(tuple(SHAPES.values()))
    if not rng.randrange(3):
        text = _json({"spec": "chara_card_v2", "data": changed(rng, {**DATA, "name": "Mira"})})
    forms = (
        text.encode(),
        card_png(text, rng.choice(("chara", "ccv3")), rng.choice(PNG_KINDS)),
        charx({"card.json": text, "a.png": picture()}, before=rng.choice((b"", JPEG))),
    )
    file = rng.choice(forms)
    found = read_file(file if rng.randrange(4) == 0 else flipped(rng, file))
    values = MacroValues(char="Mira", user="Jay", seed="seed")
    for part in dataclasses.astuple(prompt_of(found.card)):
        expand(part, values)
    assert read_card(edited(found.text, {"name": "Maja"})).name == "Maja"
    for each in found.pictures:
        with contextlib.suppress(BadPicture):
            square(each, 2)


KINDS: Final[Mapping[str, tuple[Callable[[Random], object], tuple[type[Exception], ...]]]] = {
    "text commands, parsed": (text_frame, ()),
    "responses of a model server": (model_stream, ()),
    "stream entries": (entry, ()),
    "what follows events": (followers, ()),
    "WAV files": (wav_file, (ValueError,)),
    "microphone entries": (microphone, ()),
    "character cards": (card, (BadCard,)),
    "lorebooks": (lorebook, (BadLorebook,)),
}
