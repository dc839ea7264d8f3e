"""Sends one message, prints the replies, and saves their sound.

.venv/bin/python examples/minimal_client.py "Luna, what is up there tonight?" reply.wav ws://127.0.0.1:8000/ws
"""

import asyncio
import json
import sys
import wave

import msgpack
from websockets.asyncio.client import connect

QUESTION, FILE, URL = sys.argv[1:] + ["Hello everybody!", "reply.wav", "ws://127.0.0.1:8000/ws"][len(sys.argv) - 1 :]


async def main() -> None:
    waiting = {"the turn"}  # the turn until its text is complete, each of its messages until its sound is complete
    with wave.open(FILE, "wb") as sound:
        sound.setparams((1, 2, 24_000, 0, "NONE", ""))
        async with connect(URL, max_size=None) as socket:
            await socket.send(json.dumps({"type": "user_message", "data": {"text": QUESTION}}))
            while waiting:
                raw = await socket.recv()
                match json.loads(raw) if isinstance(raw, str) else msgpack.unpackb(raw):
                    case {"type": "turn_started", "replies": replies}:
                        waiting.update(reply["message_id"] for reply in replies)
                    case {"type": "message_started", "character_name": name}:
                        print(f"\n{name}: ", end="")
                    case {"type": "llm_chunk", "text": text}:
                        print(text, end="", flush=True)
                    case {"type": "audio", "pcm": pcm}:
                        sound.writeframes(pcm)
                    case {"type": "audio_complete" | "turn_complete"} as ended:
                        waiting.discard(ended.get("message_id", "the turn"))
                    case _:
                        pass


asyncio.run(main())
