"""A turn whose client disconnects, and the rest of the turn for a client without marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tertulia_shared.bus import Bus
from tertulia_shared.entry_ids import order
from tests.harness.eventually import eventually
from tests.harness.gateway import LUNA, REX, Client, Reply, Workers


@dataclass
class Turn:
    """A turn of a client. Scripted workers answer it."""

    client: Client
    workers: Workers
    reply: Reply
    epoch: int
    turn_id: str


async def ask(client: Client, bus: Bus, text: str = "Luna, Rex?") -> Turn:
    """Send a message. Returns its turn, which is not answered yet."""
    if not client.conversation_id:
        await client.next()
    workers = Workers(bus, client.conversation_id)
    await client.send("user_message", text=text)
    while True:
        turn, epoch = await workers.next_turn()
        if turn.text == text:
            return Turn(client, workers, workers.reply(turn, epoch, (LUNA, REX)), epoch, turn.turn_id)


async def send_receipt(client: Client, frame: dict[str, Any], next_samples: int = 0) -> None:
    """Report that a frame was played, and so many samples after it."""
    place = {name: frame[name] for name in ("message_id", "sentence_index", "chunk_index")}
    await client.send("playback", **place, played_ms=10, next_samples=next_samples)


async def wait_for_receipts(bus: Bus, conversation_id: str, count: int) -> None:
    """Wait until Redis has this number of receipts."""

    async def there() -> bool:
        return len(await bus.read(bus.keys.receipts(conversation_id))) >= count

    await eventually(there)


async def disconnect(client: Client) -> None:
    """Drop the connection without a close frame."""
    client.socket.transport.abort()


def audio_ids(frames: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(f["message_id"], f["id"]) for f in frames if f["type"] == "audio"]


async def all_audio_ids(bus: Bus, conversation_id: str, reply: Reply) -> list[tuple[str, str]]:
    return [
        (message_id, entry.id)
        for message_id in reply.message_ids.values()
        for entry in await bus.read(bus.keys.audio(conversation_id, message_id))
        if b"is_final" not in entry.fields
    ]


async def turn_events(bus: Bus, conversation_id: str) -> list[str]:
    """The ids of the events of the last turn."""
    entries = await bus.read(bus.keys.events(conversation_id))
    kinds = [entry.fields[b"type"] for entry in entries]
    first = len(kinds) - 1 - kinds[::-1].index(b"turn_accepted")
    return [e.id for e in entries[first:] if e.fields[b"type"] != b"client_changed" and b"session_id" not in e.fields]


def heard_before(started: dict[str, Any], whole: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The ids of the audio that `conversation_started` reports as heard."""
    out: list[tuple[str, str]] = []
    for each in started["heard"]:
        mine = [id for message_id, id in whole if message_id == each["message_id"]]
        upto = (each["sentence_index"] + 1, each["chunk_index"] + 1)
        out += [(each["message_id"], id) for id in mine if each["complete"] or order(id) <= upto]
    return out


async def receive_the_rest(client: Client, turn: Turn) -> None:
    """Receive until the turn ends, and send a receipt for each frame. Then the talk mark must be cleared."""
    bus, c = turn.workers.bus, client.conversation_id
    while not any(f["type"] == "turn_metrics" and f["turn_id"] == turn.turn_id for f in client.frames):
        frame = await client.next()
        if frame["type"] == "audio":
            await send_receipt(client, frame)

    async def is_over() -> bool:
        return b"talk" not in await bus.hash(bus.keys.state(c))

    await eventually(is_over)
