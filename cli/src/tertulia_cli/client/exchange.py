"""One exchange with the gateway: receives and shows events until the command is done."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import aclosing
from dataclasses import asdict
from typing import Final, Protocol

from tertulia_cli.client.frames import Audio, Event
from tertulia_cli.client.link import Link, Live, Received
from tertulia_cli.client.progress import Progress
from tertulia_cli.client.resuming import ForeignTurnFilter
from tertulia_cli.client.screen import Screen
from tertulia_cli.client.speech import Receipt, Recording
from tertulia_cli.exit_codes import NO_ANSWER, Failure

FLUSH_S: Final = 5.0
"""Time for the last commands to be sent."""


class Side(Protocol):
    """The user's side of an exchange: what a command sends, and when it is over."""

    def over(self) -> bool:
        """True if the exchange is over; called after each frame, and by `poll`."""
        ...

    def live(self) -> None:
        """Called after the conversation was opened or reopened: sends unconfirmed messages again."""
        ...

    def event(self, event: Event) -> bool:
        """Called when an event has arrived. Returns false if it is not to be shown."""
        ...

    def audio(self, audio: Audio) -> None:
        """Called when an audio frame has arrived."""
        ...


class Exchange:
    """An exchange over an open link. It fails after `silence_s` without any frame."""

    def __init__(self, link: Link, screen: Screen, silence_s: float) -> None:
        self.link = link
        self.progress = Progress()
        self.recording = Recording()
        self._foreign = ForeignTurnFilter()
        self._screen = screen
        self._silence_s = silence_s
        self._side: Side | None = None
        self._over = asyncio.Event()
        self._silence: asyncio.Timeout | None = None
        self._outgoing: asyncio.Queue[tuple[str, dict[str, object]]] = asyncio.Queue()

    def send(self, type: str, **data: object) -> None:
        """Queue a command."""
        self._outgoing.put_nowait((type, data))

    def send_receipts(self, receipts: list[Receipt]) -> None:
        """Queue playback receipts."""
        for receipt in receipts:
            self.send("playback", **asdict(receipt))

    async def run(self, part: Side) -> None:
        """Receive until `side.over()`.

        Raises:
            Failure: the connection is permanently lost, or nothing arrived for `silence_s` seconds.
        """
        self._side = part
        async with asyncio.TaskGroup() as tasks:
            both = [tasks.create_task(self._send()), tasks.create_task(self._receive())]
            await self._over.wait()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._outgoing.join(), FLUSH_S)
            for task in both:
                task.cancel()

    def poll(self, *, busy: bool) -> None:
        """Check whether the exchange is over. `busy` restarts the silence timeout."""
        if busy and self._silence is not None:
            self._silence.reschedule(asyncio.get_running_loop().time() + self._silence_s)
        if self._side is not None and self._side.over():
            self._over.set()

    async def _receive(self) -> None:
        assert self._side is not None  # noqa: S101 - `run` has just set it
        try:
            async with asyncio.timeout(self._silence_s) as self._silence, aclosing(self.link.received()) as received:
                async for each in received:
                    self._take(each, self._side)
                    self.poll(busy=True)
        except TimeoutError:
            raise Failure(
                f"no answer for {self._silence_s:g} s: `tertulia inspect last` shows where it hangs, "
                "`tertulia doctor` what is missing.",
                NO_ANSWER,
            ) from None
        finally:
            self._silence = None

    def _take(self, received: Received, part: Side) -> None:
        match received:
            case Live():
                part.live()
            case Event() if self._foreign.event(received, self.progress.turns):
                is_shown = part.event(received)
                self.progress.apply(received)
                if is_shown:
                    self._show(received)
            case Audio() if self._foreign.audio():
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
            case "turn_reopened":
                screen.withdrawn()
            case "transcription_update":
                screen.hearing(event.text("text"))
            case "turn_accepted" if event.text("source") == "spoken":
                screen.said("You", event.text("text"))
            case "transcription_finished" if event.text("text") and not event.text("turn_id"):
                screen.said("You", event.text("text"))
            case "error" | "warning":
                screen.note(f"{event.type}: {event.text('message')} [{event.text('code')}]")
            case _:
                pass
