"""One listening session on the memory bus, for tests: a listener serves it, and the test writes what the gateway and
the llm worker would write.
"""

from __future__ import annotations

import asyncio

import numpy as np

from tertulia_shared.bus import Claim, Put
from tertulia_shared.codec import decode, decode_event, pack
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.conversation_writes import accept_turn
from tertulia_shared.entries import (
    TURN_VERSION,
    MicChunk,
    ModelSettings,
    Speaker,
    TTSSentence,
    TurnPlan,
    UserTurn,
    Work,
)
from tertulia_shared.events import Event, Interrupted
from tertulia_shared.ids import new_id, reply_id
from tertulia_shared.keys import Keys
from tertulia_shared.metrics import Metrics
from tertulia_stt.listener import Listener
from tertulia_stt.settings import STTSettings
from tests.fakes.scripted_recognition import ScriptedRecognition, Utterance
from tests.harness.crashing_process import CountingBus, Writes
from tests.harness.scrape import scraped
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import settle
from tests.harness.vocal_sounds import Samples

FRAME_SAMPLES = 320
"""The number of samples in 20 ms."""
HELLO = Utterance(3_000, 20_000, "Hello Luna.", [(10_000, "hello"), (16_000, "hello luna")], "hello")
AGAIN = Utterance(90_000, 110_000, "And again.", [(100_000, "and")])
"""Its speech begins too late to reopen the turn of `HELLO`."""
AFTER_AGAIN = 120_000
STORY = "The old lighthouse stands at the edge of the bay."
"""A sentence that a character speaks."""


def speech(text: str, *partials: tuple[int, str]) -> Utterance:
    """An utterance from sample 3,000 to 40,000. `partials`: for each partial text, the sample at which it comes, and
    the text.
    """
    return Utterance(3_000, 40_000, text, partials)


class ListeningSession:
    """One session. `script`: the utterances that the recognizer returns; `settings`: the settings of the worker."""

    def __init__(self, *script: Utterance, **settings: object) -> None:
        self.writes = Writes()
        self.bus = CountingBus(Keys("test"), self.writes)
        self.engine = ScriptedRecognition(script)
        self.settings = settings_of(STTSettings, **settings)
        self.conversation_id, self.session_id = new_id(), new_id()
        self.plan: TurnPlan | None = None
        self.metrics = Metrics()
        self.frames = 0
        self.sounds: dict[int, Samples] = {}
        """Sounds in the microphone's audio, by first sample. The rest is nearly silent."""
        self.claim: Claim | None = None

    @property
    def listener(self) -> Listener:
        return Listener(self.bus, self.engine, self.settings, self.metrics)

    @property
    def results(self) -> dict[str, float]:
        """The number of turns and other sounds by result, and the number of pieces that interrupted a reply."""
        seen = scraped(self.metrics)
        counts = {
            result: seen.of("tertulia_stt_utterances_total", result=result)
            for result in ("turn", "stop", "no_words", "ignored")
        } | {"broke_in": seen.of("tertulia_stt_barge_ins_total")}
        return {result: count for result, count in counts.items() if count}

    @property
    def second_thoughts(self) -> dict[str, float]:
        """The numbers of guesses that were kept and withdrawn, and of turns that were reopened."""
        seen = scraped(self.metrics)
        counts = {
            "kept": seen.of("tertulia_stt_guesses_total", result="kept"),
            "withdrawn": seen.of("tertulia_stt_guesses_total", result="withdrawn"),
            "reopened": seen.of("tertulia_stt_turns_reopened_total"),
        }
        return {result: count for result, count in counts.items() if count}

    def next_session(self, *script: Utterance) -> ListeningSession:
        """Another session of the same conversation, with another recognizer."""
        following = ListeningSession(*script)
        following.settings, following.metrics = self.settings, self.metrics
        following.bus, following.writes, following.conversation_id = self.bus, self.writes, self.conversation_id
        return following

    async def serve_audio(self, until: int) -> None:
        """Serve the whole session: start it, send audio up to this sample, and stop it."""
        job = await self.start()
        await self.send_audio(until)
        await self.stop()
        await job

    async def start(self) -> asyncio.Task[None]:
        """Post the session's work, and start a worker that serves it."""
        await self.prepare()
        return asyncio.create_task(self.serve())

    async def prepare(self) -> None:
        """Post the session's work, but start no worker."""
        await self.bus.prepare("stt")
        await self.bus.prepare("llm")
        await self.post_work()

    async def serve_until_write(self, writes: int) -> bool:
        """Let a worker serve the session that crashes after this many writes. Returns False if the session ended
        before.
        """
        return await self.bus.crash_after(writes, self.listener.handle(await self.claim_work()))

    async def post_work(self) -> None:
        await self.bus.post("stt", Work(self.conversation_id, session_id=self.session_id))

    async def claim_work(self) -> Claim:
        """Claim the session's work: new work first, then that of a worker that was killed."""
        claims = await self.bus.claim("stt", "worker", count=1, block_s=0) or await self.bus.take_over(
            "stt", "worker", idle_s=0, count=1
        )
        self.claim = claims[0]
        return self.claim

    async def serve(self) -> None:
        await self.listener.handle(await self.claim_work())

    async def send_audio(self, until: int, *, frame: int = FRAME_SAMPLES) -> None:
        """Write the microphone's audio up to this sample, in chunks of `frame` samples."""
        outlet = self.bus.outlet()
        while self.frames * FRAME_SAMPLES < until:
            self.frames += 1
            chunk = MicChunk(self._sound((self.frames - 1) * FRAME_SAMPLES, frame))
            outlet.append(self.bus.keys.mic(self.conversation_id, self.session_id), chunk, id=f"{self.frames}-0")
        await outlet.flush()
        await settle()

    def _sound(self, first: int, count: int) -> bytes:
        for start, sound in self.sounds.items():
            if start <= first < start + len(sound):
                part = np.zeros(count)
                heard = sound[first - start : first - start + count]
                part[: len(heard)] = heard
                return (part * 0.1 * 32767).astype("<i2").tobytes()
        return self.frames.to_bytes(2, "little") * count

    async def wait(self, seconds: float) -> None:
        """Let time pass while the microphone sends nothing."""
        await asyncio.sleep(seconds)

    async def stop(self, cause: str = "stopped") -> None:
        self.frames += 1
        outlet = self.bus.outlet()
        end = MicChunk(b"", is_final=True, cause="stopped" if cause == "stopped" else "abandoned")
        outlet.append(self.bus.keys.mic(self.conversation_id, self.session_id), end, id=f"{self.frames}-0")
        await outlet.flush()

    async def character_speaks(self, *sentences: str) -> None:
        """Write sentences of a reply that is being spoken. Another call continues the same reply."""
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

    async def reply_sounds(self) -> None:
        """Record, as the gateway does, that the client was sent sound of the reply."""
        state = Put(self.bus.keys.state(self.conversation_id), {"sounding": await self.epoch()})
        await self.bus.transact(self.conversation_id, [state])

    async def type_message(self, text: str = "Hello.") -> None:
        """Accept a typed message, as the gateway does."""
        await accept_turn(self.bus, UserTurn(new_id(), self.conversation_id, text, "typed"))

    async def final_turns(self) -> list[UserTurn]:
        """The turns that were not withdrawn. Checks that no turn has two such versions."""
        state = ConversationState(await self.bus.hash(self.bus.keys.state(self.conversation_id)))
        turns = [turn for turn in await self.turns() if turn.ref not in state.withdrawn]
        assert len({turn.turn_id for turn in turns}) == len(turns)
        return turns

    async def tentative(self) -> bytes | None:
        """The ref of the conversation's tentative turn; None if it has none."""
        state = ConversationState(await self.bus.hash(self.bus.keys.state(self.conversation_id)))
        return state.get(StateField.TENTATIVE)

    async def events(self) -> list[Event]:
        return [decode_event(e.fields) for e in await self.bus.read(self.bus.keys.events(self.conversation_id))]

    async def turns(self) -> list[UserTurn]:
        return [
            decode(UserTurn, e.fields, newest=TURN_VERSION)
            for e in await self.bus.read(self.bus.keys.turns(self.conversation_id))
        ]

    async def count_interruptions(self) -> int:
        control = await self.bus.read(self.bus.keys.control(self.conversation_id))
        interrupted = [event for event in await self.events() if isinstance(event, Interrupted)]
        assert len(interrupted) == len(control), "each interruption is sent to the workers and to the client"
        return len(interrupted)

    async def epoch(self) -> int:
        return int((await self.bus.hash(self.bus.keys.state(self.conversation_id))).get(b"epoch", b"0"))
