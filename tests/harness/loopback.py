"""Simulates a conversation over loudspeakers, faster than real time: the microphone records the characters' voices and
the user's voice.

The clock is the position in the microphone's audio. The harness takes the place of the gateway and the client: it
writes the sound, the receipts and the microphone's chunks. A listener with a real recognizer serves the session.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tertulia_shared.bus import Put
from tertulia_shared.codec import decode, pack
from tertulia_shared.entries import (
    SAMPLE_RATE_IN,
    SAMPLE_RATE_OUT,
    TURN_VERSION,
    AudioChunk,
    MicChunk,
    ModelSettings,
    Receipt,
    Speaker,
    TTSSentence,
    TurnPlan,
    UserTurn,
    Work,
)
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_stt.engine import RecognitionEngine, RecognitionSession, STTEvent
from tertulia_stt.listener import Listener
from tertulia_stt.settings import STTSettings
from tertulia_tts.engine import SpeechEngine
from tests.harness.room import USER_LEVEL, Room, Samples, at_user_level, pcm
from tests.harness.settings_of import settings_of

LOOPBACK_MINUTES = "TERTULIA_TEST_LOOPBACK_MINUTES"
"""The environment variable that sets how long the characters speak."""
START_MS = 1_767_225_600_000
CHUNK_MS = 100
CHUNK_IN = SAMPLE_RATE_IN * CHUNK_MS // 1000
CHUNK_OUT = SAMPLE_RATE_OUT * CHUNK_MS // 1000
RECEIPT_EVERY = 2
"""The number of chunks between two receipts of the client."""
MAX_AHEAD = 5 * CHUNK_IN
"""The microphone is at most this many samples ahead of the recognizer."""


@dataclass(slots=True)
class Interruption:
    """An interruption of a reply. `sample`: the number of samples that the recognizer had processed by then."""

    sample: int


@dataclass(slots=True)
class Message:
    """A reply: its sentences and their sound."""

    sentences: Sequence[str]
    sounds: Sequence[bytes]
    voice: str


@dataclass(slots=True)
class _WatchedSession:
    """Wraps a recognition session, and counts the samples that it was fed."""

    session: RecognitionSession
    talk: LoopbackTalk

    async def feed(self, pcm: bytes) -> None:
        await self.session.feed(pcm)
        self.talk.fed += len(pcm) // 2
        self.talk.moved.set()

    async def events(self) -> AsyncIterator[STTEvent]:
        async for event in self.session.events():
            yield event
            await self.talk.note_interruption(event.at_sample)  # the listener has handled the event

    def expect(self, words: Sequence[str]) -> None:
        self.session.expect(words)

    async def finish(self) -> None:
        await self.session.finish()

    async def close(self) -> None:
        await self.session.close()


@dataclass(slots=True)
class _WatchedEngine:
    engine: RecognitionEngine
    talk: LoopbackTalk
    name: str = "watched"

    def __getattr__(self, name: str) -> object:
        return getattr(self.engine, name)

    async def open(self, *, first_sample: int = 0) -> RecognitionSession:
        return _WatchedSession(await self.engine.open(first_sample=first_sample), self.talk)


@dataclass(slots=True)
class LoopbackTalk:
    """One listening session, in a room."""

    recognizer: RecognitionEngine
    speech: SpeechEngine
    room: Room = field(default_factory=Room)
    position: int = 0
    """The number of samples that the microphone has recorded."""
    fed: int = 0
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    interruptions: list[Interruption] = field(default_factory=list[Interruption])
    bus: MemoryBus = field(init=False)
    conversation_id: str = field(default_factory=new_id)
    session_id: str = field(default_factory=new_id)
    _chunks: int = 0
    _seed: int = 100

    def __post_init__(self) -> None:
        self.bus = MemoryBus(Keys("test"), now_ms=lambda: START_MS + self.position * 1000 // SAMPLE_RATE_IN)

    async def start(self) -> asyncio.Task[None]:
        await self.bus.prepare("stt")
        await self.bus.prepare("llm")
        await self.bus.post("stt", Work(self.conversation_id, session_id=self.session_id))
        (claim,) = await self.bus.claim("stt", "worker", count=1, block_s=0)
        engine = _WatchedEngine(self.recognizer, self)
        return asyncio.create_task(Listener(self.bus, engine, settings_of(STTSettings)).handle(claim))  # type: ignore[arg-type]

    async def stop(self, job: asyncio.Task[None]) -> None:
        self._chunks += 1
        await self._mic(MicChunk(b"", is_final=True, cause="stopped"))
        await job

    async def make(self, sentences: Sequence[str], voice: str) -> Message:
        """Synthesize a reply with this voice."""
        sounds = [b"".join([part async for part in self.speech.synthesize(text, voice, 1)]) for text in sentences]
        return Message(sentences, sounds, voice)

    async def turn(self, *messages: Message, user: Sequence[tuple[float, Samples]] = ()) -> int:
        """Let the characters speak the messages. `user`: sounds of the user, with the seconds at which they begin.
        Returns the first sample of the turn.
        """
        speakers = tuple(Speaker(new_id(), m.voice.title(), m.voice, "") for m in messages)
        plan = TurnPlan(new_id(), "1-0", 0, speakers, ModelSettings(), tuple(s.name for s in speakers))
        state = Put(self.bus.keys.state(self.conversation_id), {"plan": pack(plan.to_wire())})
        await self.bus.transact(self.conversation_id, [state], talk=True)
        for id, speaker, message in zip(plan.message_ids, speakers, messages, strict=True):
            await self._write_message(id, speaker, message)
        begun, before = self.position, len(self.interruptions)
        echo, own = self._tracks(messages, user)
        receipts = _receipts(plan.message_ids, messages)
        for number, at in enumerate(range(0, len(own), CHUNK_IN)):
            if len(self.interruptions) > before:
                echo[at:] = 0  # the client flushes its sound
            elif number % RECEIPT_EVERY == 1 and number < len(receipts):
                await self._append(self.bus.keys.receipts(self.conversation_id), receipts[number - 1])
            await self.record(echo[at : at + CHUNK_IN] + own[at : at + CHUNK_IN])
        if len(self.interruptions) == before:
            await self.bus.transact(self.conversation_id, [], talk=False)
        return begun

    async def silence(self, seconds: float) -> None:
        for _ in range(round(seconds * 1000 / CHUNK_MS)):
            await self.record(np.zeros(CHUNK_IN, np.float32))

    async def record(self, sound: Samples) -> None:
        """Record a chunk with the microphone. Then wait until at most `MAX_AHEAD` samples are not fed to the
        recognizer.
        """
        self._seed += 1
        noise = np.random.default_rng(self._seed).normal(size=CHUNK_IN) * USER_LEVEL * 10 ** (self.room.noise_db / 20)
        self._chunks += 1
        self.position += CHUNK_IN
        await self._mic(MicChunk(pcm(np.pad(sound, (0, CHUNK_IN - len(sound))) + noise.astype(np.float32))))
        while self.position - self.fed > MAX_AHEAD:
            self.moved.clear()
            await self.moved.wait()

    async def note_interruption(self, sample: int) -> None:
        control = await self.bus.length(self.bus.keys.control(self.conversation_id))
        if control > len(self.interruptions):
            self.interruptions.append(Interruption(sample))

    async def turns(self) -> list[str]:
        entries = await self.bus.read(self.bus.keys.turns(self.conversation_id))
        return [decode(UserTurn, entry.fields, newest=TURN_VERSION).text for entry in entries]

    async def _write_message(self, id: str, speaker: Speaker, message: Message) -> None:
        outlet = self.bus.outlet()
        keys = self.bus.keys
        sentences, audio = keys.sentences(self.conversation_id, id), keys.audio(self.conversation_id, id)
        for index, (text, sound) in enumerate(zip(message.sentences, message.sounds, strict=True)):
            said = TTSSentence(text, index, self.conversation_id, id, speaker.id, speaker.name, speaker.voice)
            outlet.append(sentences, said, id=f"{index + 1}-0")
            for chunk, part in enumerate(_parts(sound)):
                entry = AudioChunk(part, index, chunk, self.conversation_id, id, speaker.id)
                outlet.append(audio, entry, id=f"{index + 1}-{chunk + 1}")
        end = AudioChunk(b"", len(message.sounds), 0, self.conversation_id, id, speaker.id, is_final=True)
        outlet.append(audio, end, id=f"{len(message.sounds) + 1}-0")
        await outlet.flush()

    def _tracks(self, messages: Sequence[Message], user: Sequence[tuple[float, Samples]]) -> tuple[Samples, Samples]:
        """The echo and the user's voice. Both last until one second after the end of the longer one."""
        sound = b"".join(part for message in messages for part in message.sounds)
        played = np.frombuffer(sound, "<i2").astype(np.float32) / np.float32(32768)
        echo = self.room.echo(played)
        length = max([len(echo), *(int(at * SAMPLE_RATE_IN) + len(said) for at, said in user)]) + SAMPLE_RATE_IN
        length += -length % CHUNK_IN
        own = np.zeros(length, np.float32)
        for at, said in user:
            first = int(at * SAMPLE_RATE_IN)
            own[first : first + len(said)] += at_user_level(said)
        return np.pad(echo, (0, length - len(echo))), own

    async def _mic(self, chunk: MicChunk) -> None:
        await self._append(self.bus.keys.mic(self.conversation_id, self.session_id), chunk, id=f"{self._chunks}-0")

    async def _append(self, key: object, entry: object, **more: str) -> None:
        outlet = self.bus.outlet()
        outlet.append(key, entry, **more)  # type: ignore[arg-type]
        await outlet.flush()


def _parts(sound: bytes) -> list[bytes]:
    return [sound[at : at + CHUNK_OUT * 2] for at in range(0, len(sound), CHUNK_OUT * 2)]


def _receipts(ids: Sequence[str], messages: Sequence[Message]) -> list[Receipt]:
    """The receipts that the client can send: one for the end of each chunk of the microphone."""
    ends: list[tuple[float, float, Receipt]] = []  # when a chunk ends, when its message began, its receipt
    total = 0.0
    for id, message in zip(ids, messages, strict=True):
        played = 0.0
        for index, sound in enumerate(message.sounds):
            for chunk, part in enumerate(_parts(sound)):
                played += len(part) / 2 * 1000 / SAMPLE_RATE_OUT
                ends.append((total + played, total, Receipt(id, index, chunk, 0)))
        total += played
    receipts: list[Receipt] = []
    at = 0
    for number in range(int(total / CHUNK_MS)):
        while at + 1 < len(ends) and ends[at + 1][0] <= (number + 1) * CHUNK_MS:
            at += 1
        _, begun, receipt = ends[at]
        receipts.append(replace(receipt, played_ms=round((number + 1) * CHUNK_MS - begun)))
    return receipts
