"""One listening session on the memory bus: a listener, and the writes of the gateway and the llm worker."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tertulia_shared.bus import Claim, Put
from tertulia_shared.codec import decode, decode_event, pack
from tertulia_shared.entries import MicChunk, ModelSettings, Speaker, TTSSentence, TurnPlan, UserTurn, Work
from tertulia_shared.events import (
    Event,
    Interrupted,
)
from tertulia_shared.ids import new_id, reply_id
from tertulia_shared.keys import Keys
from tertulia_shared.metrics import Metrics
from tertulia_stt.listener import Listener
from tertulia_stt.settings import STTSettings
from tests.fakes.recognition_engine import ScriptedRecognition, Utterance
from tests.harness.crash import CountingBus, Writes
from tests.harness.scrape import scraped
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import settle

FRAME = 320
"""The number of samples in 20 ms."""
HELLO = Utterance(3_000, 20_000, "Hello Luna.", [(10_000, "hello"), (16_000, "hello luna")], "hello")
AGAIN = Utterance(30_000, 50_000, "And again.", [(40_000, "and")])
STORY = "The old lighthouse stands at the edge of the bay."


def over(text: str, partials: Sequence[tuple[int, str]]) -> Utterance:
    return Utterance(3_000, 40_000, text, partials)


class Ear:
    """One listening session: a listener, and the writes of the gateway and the llm worker."""

    def __init__(self, *script: Utterance, **settings: object) -> None:
        self.writes = Writes()
        self.bus = CountingBus(Keys("test"), self.writes)
        self.engine = ScriptedRecognition(script)
        self.settings = settings_of(STTSettings, **settings)
        self.conversation_id, self.session_id = new_id(), new_id()
        self.plan: TurnPlan | None = None
        self.metrics = Metrics()
        self.frames = 0
        self.claim: Claim | None = None

    @property
    def listener(self) -> Listener:
        return Listener(self.bus, self.engine, self.settings, self.metrics)

    @property
    def results(self) -> dict[str, float]:
        """The numbers of utterances by result, and of those that interrupted a reply."""
        seen = scraped(self.metrics)
        counts = {
            result: seen.of("tertulia_stt_utterances_total", result=result)
            for result in ("turn", "no_words", "ignored")
        } | {"broke_in": seen.of("tertulia_stt_barge_ins_total")}
        return {result: count for result, count in counts.items() if count}

    async def begin(self) -> asyncio.Task[None]:
        """Post the session, and start a worker that serves it."""
        await self.begin_later()
        return asyncio.create_task(self.listen())

    async def begin_later(self) -> None:
        """Post the session; it waits for a worker."""
        await self.bus.prepare("stt")
        await self.bus.prepare("llm")
        await self.post()

    async def die_after(self, writes: int) -> bool:
        """Serve the session with a worker that dies after so many writes. False if it ends before."""
        return await self.bus.crash_after(writes, self.listener.handle(await self.claimed()))

    async def post(self) -> None:
        await self.bus.post("stt", Work(self.conversation_id, session_id=self.session_id))

    async def claimed(self) -> Claim:
        claims = await self.bus.claim("stt", "worker", count=1, block_s=0) or await self.bus.take_over(
            "stt", "worker", idle_s=0, count=1
        )
        self.claim = claims[0]
        return self.claim

    async def listen(self) -> None:
        await self.listener.handle(await self.claimed())

    async def speak(self, until: int, *, frame: int = FRAME) -> None:
        """Write the client's microphone audio up to that sample."""
        outlet = self.bus.outlet()
        while self.frames * FRAME < until:
            self.frames += 1
            chunk = MicChunk(self.frames.to_bytes(2, "little") * frame)
            outlet.append(self.bus.keys.mic(self.conversation_id, self.session_id), chunk, id=f"{self.frames}-0")
        await outlet.flush()
        await settle()

    async def stop(self, cause: str = "stopped") -> None:
        self.frames += 1
        outlet = self.bus.outlet()
        end = MicChunk(b"", is_final=True, cause="stopped" if cause == "stopped" else "abandoned")
        outlet.append(self.bus.keys.mic(self.conversation_id, self.session_id), end, id=f"{self.frames}-0")
        await outlet.flush()

    async def character_speaks(self, *sentences: str) -> None:
        """Write sentences of a reply that is being spoken; further calls continue it."""
        luna = Speaker("luna-id", "Luna", "luna", "You are Luna.")
        if self.plan is None:
            self.plan = TurnPlan(new_id(), "1-0", 0, (luna,), ModelSettings())
            state = Put(self.bus.keys.state(self.conversation_id), {"plan": pack(self.plan.to_wire())})
            await self.bus.transact(self.conversation_id, [state], talk=True)
        message_id = reply_id(self.plan.turn_id, luna.id)
        key = self.bus.keys.sentences(self.conversation_id, message_id)
        before = len(await self.bus.read(key))
        outlet = self.bus.outlet()
        for index, text in enumerate(sentences, before):
            entry = TTSSentence(text, index, self.conversation_id, message_id, luna.id, luna.name, luna.voice)
            outlet.append(key, entry, id=f"{index + 1}-0")
        await outlet.flush()

    async def character_falls_silent(self) -> None:
        await self.bus.transact(self.conversation_id, [], talk=False)

    async def events(self) -> list[Event]:
        return [decode_event(e.fields) for e in await self.bus.read(self.bus.keys.events(self.conversation_id))]

    async def turns(self) -> list[UserTurn]:
        return [decode(UserTurn, e.fields) for e in await self.bus.read(self.bus.keys.turns(self.conversation_id))]

    async def interruptions(self) -> int:
        control = await self.bus.read(self.bus.keys.control(self.conversation_id))
        interrupted = [event for event in await self.events() if isinstance(event, Interrupted)]
        assert len(interrupted) == len(control), "workers and client get the same interruptions"
        return len(interrupted)

    async def epoch(self) -> int:
        return int((await self.bus.hash(self.bus.keys.state(self.conversation_id))).get(b"epoch", b"0"))
