"""`tertulia talk`: sends a WAV file like a microphone, and receives the replies like a loudspeaker, in real time."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tertulia_cli.client.address import GatewayAddress
from tertulia_cli.client.exchange import Exchange
from tertulia_cli.client.frames import Audio, Event
from tertulia_cli.client.link import open_link
from tertulia_cli.client.own_turn import UNANSWERED, ClientOptions, summary
from tertulia_cli.client.screen import Screen
from tertulia_cli.client.speech import Player
from tertulia_cli.client.wav import MIC_HZ, read_speech
from tertulia_cli.exit_codes import FAILED, OK

FRAME_MS: Final = 32
FRAME_BYTES: Final = MIC_HZ * 2 * FRAME_MS // 1000
RECEIPT_EVERY_S: Final = 0.2


def frames(pcm: bytes) -> Iterator[bytes]:
    """Split PCM into frames of `FRAME_MS`; the last one is padded with silence."""
    for at in range(0, len(pcm), FRAME_BYTES):
        yield pcm[at : at + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")


async def talk(address: GatewayAddress, file: Path, options: ClientOptions | None = None) -> int:
    """Send the file, show the replies; returns the exit code.

    Raises:
        Failure: the file cannot be read, or the connection or the answer is missing.
    """
    options = options or ClientOptions()
    pcm = await asyncio.to_thread(read_speech, file)
    screen = Screen(columns=shutil.get_terminal_size().columns)
    async with open_link(address, options.conversation_id, screen.note) as link:
        exchange = Exchange(link, screen, options.silence_s)
        talking = _Talking(exchange, pcm, options.user_name)
        try:
            await talking.run()
        finally:
            screen.end()
    if options.out is not None:
        exchange.recording.write(options.out)
    if any(turn.unanswered for turn in exchange.progress.turns.values()):
        screen.note(UNANSWERED)
    screen.note(summary(exchange, options.out))
    if not exchange.progress.turns:
        screen.note("no speech was recognized: does the file contain clear, loud speech?")
        return FAILED
    return FAILED if exchange.progress.errors else OK


class _Talking:
    """The `Side` of `talk`: sends the microphone's sound, plays the replies, and waits for the end of both."""

    def __init__(self, exchange: Exchange, pcm: bytes, user_name: str) -> None:
        self._exchange = exchange
        self._pcm = pcm
        self._user_name = user_name
        self._player = Player()
        self._listening = asyncio.Event()
        self._session_id = ""
        """The session of this connection. After a reconnect, events of the earlier session arrive as well."""
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
        return self._all_understood and self._exchange.progress.over and self._player.all_reported

    def live(self) -> None:
        if self._all_said:  # the connection was lost after the last word, and the listening session ended with it
            self._all_understood = True
            return
        if self._user_name:
            self._exchange.send("user_name", name=self._user_name)
        self._exchange.send("start_listening")
        self._listening.set()

    def event(self, event: Event) -> bool:
        match event.type:
            case "turn_accepted" if event.text("source") == "spoken":
                self._exchange.progress.await_turn(event.text("turn_id"))
            case "transcription_finished" if event.text("turn_id"):
                self._exchange.progress.await_turn(event.text("turn_id"))
            case "interrupted" | "turn_reopened":
                self._exchange.send_receipts(self._player.flush(self._now()))
            case "listening_started":
                self._session_id = event.text("session_id")
            case "listening_stopped" if event.text("session_id") == self._session_id:
                self._all_understood = True
            case "error" if event.text("code") == "stt_failed":
                self._all_understood = True
            case _:
                pass
        return True

    def audio(self, audio: Audio) -> None:
        self._player.add(audio, self._now())

    async def _microphone(self) -> None:
        await self._listening.wait()
        begun = self._now()
        for number, frame in enumerate(frames(self._pcm)):
            await self._until(begun + number * FRAME_MS / 1000)
            await self._exchange.link.send_pcm(frame)
        self._all_said = True
        self._exchange.send("stop_listening")

    async def _loudspeaker(self) -> None:
        while True:
            await asyncio.sleep(RECEIPT_EVERY_S)
            now = self._now()
            self._exchange.send_receipts(self._player.played(now))
            self._exchange.poll(busy=not self._all_said or self._player.remaining(now) > 0)

    async def _until(self, moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - self._now()))

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
