"""Sound with a lead waits for the next tick while another message of the worker has no sound yet."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.ticks import TICK_S
from tertulia_tts.first_sounds import LEAD_S, FirstSounds
from tests.fakes.scripted_speech import ScriptedSpeech
from tests.harness.virtual_time import settle, virtual_time
from tests.unit.tts.spoken_message import SENTENCES, SpokenMessage


def test_sound_with_a_lead_waits_until_every_message_has_sound() -> None:
    sounds = FirstSounds()
    assert not sounds.can_wait(10.0)
    with sounds.expected("a"), sounds.expected("b"):
        assert sounds.can_wait(LEAD_S + 0.01)
        assert not sounds.can_wait(LEAD_S)
        sounds.arrived("a")
        assert sounds.can_wait(10.0)
        sounds.arrived("b")
        assert not sounds.can_wait(10.0)


def test_message_that_ended_without_sound_is_not_waited_for() -> None:
    sounds = FirstSounds()
    with pytest.raises(RuntimeError), sounds.expected("a"):
        raise RuntimeError
    assert not sounds.can_wait(10.0)


class TwoMessages:
    """A message whose sentences are there, and one in the same worker that waits for its first sentence."""

    def __init__(self) -> None:
        # an engine that makes all sound of a sentence at once, as long as 0.7 s to 1 s
        self.speaking = SpokenMessage(ScriptedSpeech(ms_per_char=50, piece_s=0.0))
        self.silent = SpokenMessage()
        self.silent.bus, self.silent.handler = self.speaking.bus, self.speaking.handler

    async def ids(self) -> list[str]:
        """The ids of the sound that is written."""
        return [id for id, _ in await self.speaking.audio()]


@virtual_time
async def test_first_sound_is_written_at_once_and_sound_with_a_lead_at_the_next_tick() -> None:
    both = TwoMessages()
    await both.silent.post_sentences((), final=False)
    waiting = asyncio.create_task(both.silent.speak())
    await settle()
    await both.speaking.post_sentences()
    await asyncio.sleep(TICK_S / 4)
    speaking = asyncio.create_task(both.speaking.speak())
    await settle()
    early = await both.ids()
    assert early[0] == "1-1"
    assert early[-1].startswith("1-"), "the next sentences have a lead of more than LEAD_S"
    assert not speaking.done()
    await asyncio.sleep(TICK_S)
    await settle()
    assert speaking.done()
    await both.speaking.assert_audio_complete()
    waiting.cancel()


@virtual_time
async def test_sound_does_not_wait_if_no_other_message_waits_for_its_first_sound() -> None:
    both = TwoMessages()
    await both.silent.post_sentences(SENTENCES[:1], final=False)
    waiting = asyncio.create_task(both.silent.speak())
    await asyncio.sleep(1)
    assert await both.silent.audio()
    await both.speaking.post_sentences()
    await asyncio.sleep(TICK_S / 4)
    speaking = asyncio.create_task(both.speaking.speak())
    await settle()
    assert speaking.done()
    await both.speaking.assert_audio_complete()
    waiting.cancel()
