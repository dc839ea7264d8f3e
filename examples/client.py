"""Sends one message, prints each reply while its voice arrives, and saves the sound; survives lost connections.

.venv/bin/python examples/client.py "Luna, what is up there tonight?" reply.wav ws://127.0.0.1:8000/ws
"""

import asyncio
import json
import sys
import wave
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import msgpack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

QUESTION, FILE, URL = sys.argv[1:] + ["Hello everybody!", "reply.wav", "ws://127.0.0.1:8000/ws"][len(sys.argv) - 1 :]
TURN_ID = str(uuid4())  # chosen by the client: sending the message again under the same id is harmless
RETRY_S = 0.5

position: dict[str, str] = {}  # our position in the conversation; the URL of the next connection contains it
texts: dict[str, str] = {}  # the text of each message that the model has written so far
printed: dict[str, int] = {}  # how many characters of that text are printed
waiting: set[str] = {
    TURN_ID
}  # still awaited: the turn until its text is complete, each of its messages until its sound is complete


def show(message_id: str) -> None:
    """Print the new text of a message."""
    print(texts.get(message_id, "")[printed.get(message_id, 0) :], end="", flush=True)
    printed[message_id] = len(texts.get(message_id, ""))


def take(frame: dict[str, Any], sound: wave.Wave_write) -> None:
    """Handle one event or audio frame; types that we do not know are ignored."""
    match frame["type"]:
        case "turn_started":
            waiting.update(reply["message_id"] for reply in frame["replies"])
        case "message_started":
            texts[frame["message_id"]] = f"\n{frame['character_name']}: "
        case "llm_chunk":
            texts[frame["message_id"]] += frame["text"]
        case "message_resumed":  # another worker took over, and this is the text so far
            name = texts[frame["message_id"]].partition(": ")[0]
            texts[frame["message_id"]] = f"{name}: {frame['text']}"
        case "turn_complete":
            waiting.discard(frame["turn_id"])
        case "audio":  # messages are spoken one after the other, so their texts are printed in the same order
            sound.writeframes(frame["pcm"])
            show(frame["message_id"])
        case "audio_complete":
            show(frame["message_id"])
            waiting.discard(frame["message_id"])
        case _:
            pass


def remember(frame: dict[str, Any]) -> None:
    """Store the last event and audio frame: a resumed conversation continues after them."""
    if frame["type"] == "conversation_started":
        position["conversation_id"] = frame["conversation_id"]
    if frame.get("event_id"):
        position["last_event_id"] = frame["event_id"]
    if frame["type"] in ("audio", "audio_complete") and frame["id"]:
        position["last_audio"] = f"{frame['message_id']}/{frame['id']}"


async def talk(socket: ClientConnection, sound: wave.Wave_write) -> None:
    """Read frames until the whole answer has come, or the connection is lost."""
    while waiting:
        raw = await socket.recv()
        frame: dict[str, Any] = json.loads(raw) if isinstance(raw, str) else msgpack.unpackb(raw)
        remember(frame)
        take(frame, sound)
        if frame["type"] in ("error", "warning"):
            print(f"\n{frame['type']}: {frame['message']}", file=sys.stderr)
        if frame["type"] == "conversation_started" and TURN_ID in waiting:
            message = {"type": "user_message", "data": {"text": QUESTION, "turn_id": TURN_ID}}
            await socket.send(json.dumps(message))


async def main() -> None:
    """Connect until the answer is complete; each new connection resumes after the last event and sound."""
    with wave.open(FILE, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(24_000)
        while waiting:
            try:
                async with connect(f"{URL}?{urlencode(position)}", max_size=None) as socket:
                    await talk(socket, sound)
            except (OSError, ConnectionClosed, InvalidHandshake):
                print("\nThe connection is lost; trying again.", file=sys.stderr)
                await asyncio.sleep(RETRY_S)


asyncio.run(main())
print(f"\n\nThe sound is in {FILE}.")
