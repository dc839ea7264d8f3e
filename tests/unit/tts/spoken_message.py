"""One message on the memory bus, for tests: a speech handler speaks it, and the test writes what the llm worker and the
gateway would write.
"""

from __future__ import annotations

from collections.abc import Sequence

from tertulia_shared.bus import Append, Claim
from tertulia_shared.codec import decode, decode_event
from tertulia_shared.entries import AudioChunk, Interrupt, TTSSentence, Work
from tertulia_shared.events import Error
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.metrics import Metrics
from tertulia_tts.settings import TTSSettings
from tertulia_tts.speech_handler import SpeechHandler, seed_of
from tests.fakes.scripted_speech import ScriptedSpeech
from tests.harness.crashing_process import CountingBus, Writes
from tests.harness.settings_of import settings_of

SENTENCES = ("Hello there, Jay.", "I was counting stars.", "Well?")


class SpokenMessage:
    """One message. The engine that speaks it is a `ScriptedSpeech` unless another is passed in."""

    def __init__(self, engine: ScriptedSpeech | None = None) -> None:
        self.writes = Writes()
        self.bus = CountingBus(Keys("test"), self.writes)
        self.engine = engine or ScriptedSpeech()
        self.conversation_id, self.message_id = new_id(), new_id()
        self.metrics = Metrics()
        self.handler = SpeechHandler(self.bus, self.engine, settings_of(TTSSettings), self.metrics)

    async def post_sentences(self, texts: Sequence[str] = SENTENCES, *, final: bool = True) -> None:
        """Write the sentences of a reply in progress, and post the work; `final`: also write the final entry."""
        await self.bus.prepare("tts")
        for index, text in enumerate(texts):
            await self.write_sentence(text, index)
        if final:
            await self.write_sentence("", len(texts), is_final=True)
        await self.bus.transact(self.conversation_id, [], talk=True)
        await self.post_work()

    async def post_work(self) -> None:
        await self.bus.post("tts", Work(self.conversation_id, message_id=self.message_id))

    async def write_sentence(self, text: str, index: int, *, is_final: bool = False) -> None:
        outlet = self.bus.outlet()
        entry = TTSSentence(text, index, self.conversation_id, self.message_id, "luna-id", "Luna", "luna", is_final)
        outlet.append(self.bus.keys.sentences(self.conversation_id, self.message_id), entry, id=f"{index + 1}-0")
        await outlet.flush()

    async def interrupt(self) -> None:
        interruption = Append(self.bus.keys.control(self.conversation_id), Interrupt("request"))
        await self.bus.transact(self.conversation_id, [], raise_epoch=True, talk=False, if_talking=[interruption])

    async def claim_work(self) -> Claim:
        claims = await self.bus.claim("tts", "worker", count=1, block_s=0) or await self.bus.take_over(
            "tts", "worker", idle_s=0, count=1
        )
        return claims[0]

    async def speak(self) -> None:
        """Claim the work and speak the message."""
        claim = await self.claim_work()
        await self.handler.handle(claim)
        await self.bus.finish(claim, "worker")

    async def speak_until_write(self, writes: int) -> bool:
        """Let a worker speak the message that crashes after this many writes. Returns False if the message was complete
        before.
        """
        return await self.bus.crash_after(writes, self.handler.handle(await self.claim_work()))

    async def audio(self) -> list[tuple[str, AudioChunk]]:
        entries = await self.bus.read(self.bus.keys.audio(self.conversation_id, self.message_id))
        return [(entry.id, decode(AudioChunk, entry.fields)) for entry in entries]

    async def errors(self) -> list[Error]:
        entries = await self.bus.read(self.bus.keys.events(self.conversation_id))
        return [event for entry in entries if isinstance(event := decode_event(entry.fields), Error)]

    async def assert_audio_complete(self, texts: Sequence[str] = SENTENCES) -> None:
        """Check that the audio stream contains each chunk of these sentences once, in order, and the final entry."""
        audio = await self.audio()
        for index, text in enumerate(texts):
            own = [chunk for _, chunk in audio if chunk.sentence_index == index and not chunk.is_final]
            assert [chunk.chunk_index for chunk in own] == list(range(len(own)))
            pcm = self.engine.pcm(text, seed_of(self.message_id, index))
            assert b"".join(chunk.audio for chunk in own) == pcm, f"sentence {index}"
        assert [chunk.is_final for _, chunk in audio] == [False] * (len(audio) - 1) + [True]
        assert audio[-1][0] == f"{len(texts) + 1}-0"
