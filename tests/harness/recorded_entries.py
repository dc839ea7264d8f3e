"""Entries as Redis stores them, in readable JSON files: one file for each stream or hash.

A field is text, `{"msgpack": …}` if it is a nested structure, or else `{"base64": …}`. `values` holds what an entry
decodes to.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, cast

from tertulia_gateway.conversation.event_filter import ClientChanged
from tertulia_shared import entries
from tertulia_shared.codec import BadEntry, Fields, Value, as_dict, encode, pack, unpack
from tertulia_shared.events import EVENTS

FOLDER = Path(__file__).parent.parent / "contract" / "recorded"
ENVELOPE = (b"v", b"ts", b"epoch", b"type")
STREAMS: Mapping[str, type[Any] | None] = {
    "work": entries.Work,
    "mic": entries.MicChunk,
    "turns": entries.UserTurn,
    "sentences": entries.TTSSentence,
    "audio": entries.AudioChunk,
    "events": None,
    "control": entries.Interrupt,
    "receipts": entries.Receipt,
    "store": entries.StoreWrite,
    "broadcast": entries.Refresh,
    "clips": entries.VoiceClips,
    "dead": entries.DeadLetter,
    "model_requests": entries.ModelRequest,
    "model_answer": entries.ModelAnswer,
}
"""The class of each stream's entries; an entry of `events` names its own."""
HASHES = ("state", "cast", "character_names", "voices", "mic_progress")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One entry. `values` is what its class must decode from `fields`; `extra` holds the fields beyond the class."""

    stream: str
    id: str
    fields: Fields
    values: Mapping[str, Any]

    @property
    def cls(self) -> type[Any]:
        """The class to which the entry decodes."""
        cls = STREAMS[self.stream]
        if cls is not None:
            return cls
        kind = self.fields[b"type"].decode()
        return ClientChanged if kind == ClientChanged.type else EVENTS[kind]

    @property
    def name(self) -> str:
        """The id of its test."""
        said = [self.fields.get(name, b"").decode() for name in (b"type", b"kind", b"cause", b"stage")]
        if self.stream == "work":
            said += [name for name in ("message_id", "session_id") if name.encode() in self.fields]
        if self.fields.get(b"is_final") == b"1":
            said.append("final")
        if b"sentence_ends" in self.fields:
            said.append("sentence_ends")
        if b"reason" in self.fields.get(b"replies", b""):
            said.append("reason")
        return " ".join([self.stream, *filter(None, said)])

    @property
    def extra(self) -> dict[str, Value]:
        """The fields that the writer adds to those of the class."""
        own = {field.name.encode() for field in fields(self.cls)}
        return {name.decode(): raw for name, raw in self.fields.items() if name not in own and name not in ENVELOPE}


def load(version: int) -> list[Recorded]:
    """Every recorded entry of a schema version."""
    return [
        Recorded(stream, entry["id"], _from_json(entry["fields"]), entry["values"])
        for stream in STREAMS
        for entry in _read(version, stream)
    ]


def load_hash(version: int, name: str) -> Fields:
    """A recorded hash."""
    return _from_json(_read(version, name))


def new(stream: str, id: str, fields: Fields) -> Recorded:
    """A new recording, with the values that this release decodes."""
    blank = Recorded(stream, id, fields, {})
    return Recorded(stream, id, fields, shown(as_dict(blank.cls, fields)))


def save(version: int, stream: str, found: Iterable[Recorded]) -> None:
    """Write the entries of a stream to its file."""
    content = [{"id": each.id, "fields": _to_json(each.fields), "values": each.values} for each in found]
    _write(version, stream, content)


def save_hash(version: int, name: str, fields: Fields) -> None:
    """Write a hash to its file."""
    _write(version, name, _to_json(fields))


def written(entry: object, *, ts: int, epoch: int, extra: Mapping[str, Value]) -> list[tuple[bytes, bytes]]:
    """The fields, in order, that this release writes for an entry."""
    flat = encode(entry, ts=ts, epoch=epoch, **extra)
    return list(zip(flat[::2], flat[1::2], strict=True))


def shown(value: Any) -> Any:
    """A value that JSON can hold: no tuples, bytes or dataclasses."""
    match value:
        case bytes():
            return _raw_to_json(value)
        case dict():
            return {str(name): shown(each) for name, each in value.items()}  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType] - of any kind
        case list() | tuple():
            return [shown(each) for each in value]  # pyright: ignore[reportUnknownVariableType] - of any kind
        case _:
            return shown(asdict(value)) if hasattr(value, "__dataclass_fields__") else value


def _read(version: int, name: str) -> Any:
    return json.loads((FOLDER / f"v{version}" / f"{name}.json").read_text(encoding="utf-8"))


def _write(version: int, name: str, content: object) -> None:
    folder = FOLDER / f"v{version}"
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def _raw_to_json(raw: bytes) -> Any:
    with contextlib.suppress(UnicodeDecodeError):
        if (text := raw.decode()).isprintable():
            return text
    with contextlib.suppress(BadEntry):
        nested: Any = unpack(raw)
        if isinstance(nested, dict | list) and pack(cast("object", nested)) == raw:
            return {"msgpack": cast("object", nested)}
    return {"base64": base64.b64encode(raw).decode()}


def _json_to_raw(shown_as: Any) -> bytes:
    match shown_as:
        case {"msgpack": nested}:
            return pack(nested)
        case {"base64": text}:
            return base64.b64decode(text)
        case _:
            return str(shown_as).encode()


def _to_json(fields: Fields) -> dict[str, Any]:
    return {name.decode(): _raw_to_json(raw) for name, raw in fields.items()}


def _from_json(fields: Mapping[str, Any]) -> dict[bytes, bytes]:
    return {name.encode(): _json_to_raw(raw) for name, raw in fields.items()}
