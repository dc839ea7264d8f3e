"""One exchange with the gateway: every event to the screen and to the books, until nothing more is waited for."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import aclosing
from dataclasses import asdict
from typing import Final, Protocol

from tertulia_cli.client.frames import Audio, Event
from tertulia_cli.client.link import Link, Live, Received
from tertulia_cli.client.progress import Progress
from tertulia_cli.client.resuming import Joining
from tertulia_cli.client.screen import Screen
from tertulia_cli.client.speech import Receipt, Recording
from tertulia_cli.exits import NO_ANSWER, Failure

FAREWELL_S: Final = 5.0
"""How long the last things that were told may take to be sent."""


class Part(Protocol):
    """What the user's side does in an exchange."""

    def over(self) -> bool:
        """Whether nothing more is waited for; asked after each thing that came, and by `look_again`."""
        ...

    def live(self) -> None:
        """The conversation is open (again): say what is not confirmed yet."""
        ...

    def event(self, event: Event) -> None:
        """It came, and was shown."""
        ...

    def audio(self, audio: Audio) -> None:
        """It came."""
        ...


class Exchange:
    """Made with an open link; `silence_s` is how long to wait for the next news."""

    def __init__(self, link: Link, screen: Screen, silence_s: float) -> None:
        self.link = link
        self.progress = Progress()
        self.recording = Recording()
        self._joining = Joining()
        self._screen = screen
        self._silence_s = silence_s
        self._part: Part | None = None
        self._over = asyncio.Event()
        self._silence: asyncio.Timeout | None = None
        self._outgoing: asyncio.Queue[tuple[str, dict[str, object]]] = asyncio.Queue()

    def tell(self, type: str, **data: object) -> None:
        """Send a command, behind those that were told before."""
        self._outgoing.put_nowait((type, data))

    def tell_played(self, receipts: list[Receipt]) -> None:
        """Say what has been played."""
        for receipt in receipts:
            self.tell("playback", **asdict(receipt))

    async def run(self, part: Part) -> None:
        """Receive until the part is over.

        Raises:
            Failure: the connection is gone for good, or nothing has come for `silence_s` seconds.
        """
        self._part = part
        async with asyncio.TaskGroup() as tasks:
            both = [tasks.create_task(self._send()), tasks.create_task(self._receive())]
            await self._over.wait()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._outgoing.join(), FAREWELL_S)
            for task in both:
                task.cancel()

    def look_again(self, *, busy: bool) -> None:
        """Time has passed for the part: is it over? While it is busy, nothing need come."""
        if busy and self._silence is not None:
            self._silence.reschedule(asyncio.get_running_loop().time() + self._silence_s)
        if self._part is not None and self._part.over():
            self._over.set()

    async def _receive(self) -> None:
        assert self._part is not None  # noqa: S101 - `run` has just set it
        try:
            async with asyncio.timeout(self._silence_s) as self._silence, aclosing(self.link.received()) as received:
                async for each in received:
                    self._take(each, self._part)
                    self.look_again(busy=True)
        except TimeoutError:
            raise Failure(
                f"nothing has come for {self._silence_s:g} s: `tertulia inspect last` shows where it hangs, "
                "`tertulia doctor` what is missing.",
                NO_ANSWER,
            ) from None
        finally:
            self._silence = None

    def _take(self, received: Received, part: Part) -> None:
        match received:
            case Live():
                part.live()
            case Event() if self._joining.event(received, self.progress.turns):
                self.progress.see(received)
                self._show(received)
                part.event(received)
            case Audio() if self._joining.audio():
                self.recording.add(received)
                part.audio(received)
            case _:
                pass

    async def _send(self) -> None:
        while True:
            type, data = await self._outgoing.get()
            await self.link.send(type, **data)
            self._outgoing.task_done()

    def _show(self, event: Event) -> None:
        screen, message_id = self._screen, event.text("message_id")
        match event.type:
            case "message_started":
                screen.message_started(message_id, event.text("character_name"))
            case "llm_chunk":
                screen.chunk(message_id, event.text("text"))
            case "message_resumed":
                screen.resumed(message_id, self.progress.names.get(message_id, "?"), event.text("text"))
            case "message_complete":
                screen.message_complete(message_id, event.text("status"))
            case "transcription_update":
                screen.hearing(event.text("text"))
            case "transcription_finished" if event.text("text"):
                screen.said("You", event.text("text"))
            case "error" | "warning":
                screen.note(f"{event.type}: {event.text('message')} [{event.text('code')}]")
            case _:
                pass
