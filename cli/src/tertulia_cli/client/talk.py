"""`tertulia talk`: a WAV file spoken into the conversation as a microphone would, the replies heard as a loudspeaker
would play them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tertulia_cli.client.address import Place
from tertulia_cli.client.exchange import Exchange
from tertulia_cli.client.frames import Audio, Event
from tertulia_cli.client.link import open_link
from tertulia_cli.client.say import SILENCE_S, summary
from tertulia_cli.client.screen import Screen
from tertulia_cli.client.speech import Player
from tertulia_cli.client.wav import MIC_HZ, read_speech
from tertulia_cli.exits import FAILED, OK

FRAME_MS: Final = 32
FRAME_BYTES: Final = MIC_HZ * 2 * FRAME_MS // 1000
RECEIPT_EVERY_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class TalkOptions:
    """What `talk` was asked for; `out` is where the speech goes."""

    file: Path
    conversation_id: str = ""
    out: Path | None = None
    silence_s: float = SILENCE_S


def frames(pcm: bytes) -> Iterator[bytes]:
    """Frames of `FRAME_MS`; the last one is filled up with silence."""
    for at in range(0, len(pcm), FRAME_BYTES):
        yield pcm[at : at + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")


async def talk(place: Place, options: TalkOptions) -> int:
    """Speak the file, show and hear the replies; the exit code.

    Raises:
        Failure: the file cannot be used, no connection, no answer, or nothing was understood.
    """
    pcm = await asyncio.to_thread(read_speech, options.file)
    screen = Screen(columns=shutil.get_terminal_size().columns)
    async with open_link(place, options.conversation_id, screen.note) as link:
        exchange = Exchange(link, screen, options.silence_s)
        talking = _Talking(exchange, pcm)
        try:
            await talking.run()
        finally:
            screen.end()
    if options.out is not None:
        exchange.recording.write(options.out)
    screen.note(summary(exchange, options.out))
    if not exchange.progress.turns:
        screen.note("nothing was understood: is there speech in the file, loud and clear?")
        return FAILED
    return FAILED if exchange.progress.troubles else OK


class _Talking:
    """The `Part`: a microphone, a loudspeaker, and the wait until all that was said is answered and heard."""

    def __init__(self, exchange: Exchange, pcm: bytes) -> None:
        self._exchange = exchange
        self._pcm = pcm
        self._player = Player()
        self._listening = asyncio.Event()
        self._all_said = False
        self._all_understood = False

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            others = [tasks.create_task(self._microphone()), tasks.create_task(self._loudspeaker())]
            try:
                await self._exchange.run(self)
            finally:
                for other in others:
                    other.cancel()

    def over(self) -> bool:
        return self._all_understood and self._exchange.progress.over and self._player.all_told

    def live(self) -> None:
        if self._all_said:  # lost after the last word: the session ended with its connection
            self._all_understood = True
            return
        self._exchange.tell("start_listening")
        self._listening.set()

    def event(self, event: Event) -> None:
        match event.type:
            case "transcription_finished" if event.text("turn_id"):
                self._exchange.progress.await_turn(event.text("turn_id"))
            case "interrupted":
                self._player.flush()
            case "listening_stopped":
                self._all_understood = True
            case "error" if event.text("code") == "stt_failed":
                self._all_understood = True
            case _:
                pass

    def audio(self, audio: Audio) -> None:
        self._player.add(audio, self._now())

    async def _microphone(self) -> None:
        await self._listening.wait()
        begun = self._now()
        for number, frame in enumerate(frames(self._pcm)):
            await self._until(begun + number * FRAME_MS / 1000)
            await self._exchange.link.send_pcm(frame)
        self._all_said = True
        self._exchange.tell("stop_listening")

    async def _loudspeaker(self) -> None:
        while True:
            await asyncio.sleep(RECEIPT_EVERY_S)
            now = self._now()
            self._exchange.tell_played(self._player.played(now))
            self._exchange.look_again(busy=not self._all_said or self._player.remaining(now) > 0)

    async def _until(self, moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - self._now()))

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
