"""The steps between the last word of a recording and the first sound of the reply, as the entries in Redis show them.

Each entry in Redis has the time at which it was written. So one run shows which process takes how long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.spoken_recordings import RATE, Recording
from tertulia_shared.bus import Bus, Entry
from tertulia_shared.codec import decode, envelope
from tertulia_shared.entries import MicChunk
from tertulia_shared.events import Event, LLMChunk, MessageStarted, TurnAccepted, TurnConfirmed, TurnStarted, VadStop

STEPS = (
    "last word in Redis",  # the microphone entry with the end of the last word
    "end of speech found",
    "turn guessed",
    "turn ended",  # accepted or confirmed
    "turn planned",
    "first text",
    "first sound in Redis",
)


async def steps_of(
    bus: Bus, conversation_id: str, session_id: str, recording: Recording, began: float
) -> Mapping[str, float]:
    """The time of each step in milliseconds after the last word. `began`: when the recording began (Unix time)."""
    zero = (began + recording.speech[-1][1]) * 1000
    mic = await bus.read(bus.keys.mic(conversation_id, session_id))
    events = await bus.read(bus.keys.events(conversation_id))
    planned = max((at for at, event in enumerate(events) if _is(event, TurnStarted)), default=len(events))
    reply = events[planned:]
    message_id = next((event.fields[b"message_id"].decode() for event in reply if _is(event, MessageStarted)), "")
    sound: Sequence[Entry] = await bus.read(bus.keys.audio(conversation_id, message_id)) if message_id else ()
    ends = [event for event in events if _is(event, TurnAccepted, TurnConfirmed)]
    found: dict[str, Sequence[Entry]] = {
        "last word in Redis": _with_sample(mic, round(recording.speech[-1][1] * RATE)),
        "end of speech found": [event for event in events if _is(event, VadStop)][-1:],
        "turn guessed": [event for event in ends if b"tentative" in event.fields][-1:],
        "turn ended": [event for event in ends if b"tentative" not in event.fields][-1:],
        "turn planned": reply[:1],
        "first text": [event for event in reply if _is(event, LLMChunk)],
        "first sound in Redis": sound,
    }
    return {step: envelope(entries[0].fields).ts - zero for step, entries in found.items() if entries}


def _is(event: Entry, *kinds: type[Event]) -> bool:
    return event.fields.get(b"type") in {kind.type.encode() for kind in kinds}


def _with_sample(mic: Sequence[Entry], sample: int) -> Sequence[Entry]:
    """The microphone entries from the one with this sample on."""
    position = 0
    for number, entry in enumerate(mic):
        position += len(decode(MicChunk, entry.fields).pcm) // 2
        if position >= sample:
            return mic[number:]
    return []
