"""The model in use. A person can connect another server in the page, while replies are written.

The environment decides if it names a server or a key; else the kept connection; else the demo answers. Every worker
that has the file looks at its stamp before each reply, so no reply begins with an old connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal

from tertulia_llm.demo.wire import MODEL as DEMO_MODEL
from tertulia_llm.model.client import Model
from tertulia_llm.model.stream import ModelStream
from tertulia_llm.settings import LLMSettings
from tertulia_shared.entries import ModelSettings
from tertulia_shared.model_connection import ConnectionFile, ModelConnection
from tertulia_shared.ticks import until_multiple

Source = Literal["environment", "page", "demo"]
DEMO_ENGINE: Final = "demo"
SERVER_ENGINE: Final = "openai"
LOOK_S: Final = 1.0
"""Interval at which an idle worker looks for a new connection."""

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class ActiveModel:
    """A client with its settings. `replies`: how many are being written with it."""

    model: Model
    settings: LLMSettings
    source: Source
    replies: int = 0

    @property
    def engine(self) -> str:
        """Its name among the live workers and in the metrics."""
        return DEMO_ENGINE if self.source == "demo" else SERVER_ENGINE


class CurrentModel:
    """Gives replies with the model in use. `demo_url`: the demo's address; "" if the environment names a server."""

    def __init__(self, settings: LLMSettings, demo_url: str) -> None:
        self._settings = settings
        self._demo_url = demo_url
        self.file = ConnectionFile(settings.connection_folder)
        self._stamp: tuple[int, int] | None = None
        self.kept: ModelConnection | None = None
        """The connection that was made in the page, also while the environment decides."""
        self.fault = ""
        """Why the kept connection cannot be used; "" if it can."""
        self._retired: list[ActiveModel] = []
        self._changed = asyncio.Event()
        self._read_file()
        self.active = self._chosen()

    @property
    def thinks_ahead(self) -> bool:
        """True if the model is asked for replies to a turn that is still tentative."""
        return self.active.settings.thinks_ahead

    def refresh(self) -> None:
        """Use another connection if the file has changed."""
        if self.file.stamp() == self._stamp:
            return
        self._read_file()
        if self._settings.names_a_server:
            return
        self._retired.append(self.active)
        self.active = self._chosen()
        self._changed.set()
        log.info("the connection was changed in the page", extra={"engine": self.active.engine})

    def window(self, settings: ModelSettings) -> int | None:
        """As `Model.window`, of the model that is in use."""
        return self.active.model.window(settings)

    @asynccontextmanager
    async def reply(
        self,
        messages: Sequence[Mapping[str, str]],
        settings: ModelSettings,
        *,
        seed: int | None = None,
        names: Sequence[str] = (),
    ) -> AsyncGenerator[ModelStream]:
        """As `Model.reply`, with the model that is in use when the request begins."""
        self.refresh()
        active = self.active
        active.replies += 1
        try:
            async with active.model.reply(messages, settings, seed=seed, names=names) as stream:
                yield stream
        finally:
            active.replies -= 1
            if active is not self.active and not active.replies:
                self._changed.set()

    async def run(self, serve: Callable[[ActiveModel], Awaitable[None]]) -> None:
        """Run `serve` with the active model, and again with each later one, until cancelled."""
        while True:
            active = self.active
            async with asyncio.TaskGroup() as tasks:
                serving = tasks.create_task(_run(serve, active))
                while active is self.active:
                    await self._next_look()
                serving.cancel()

    async def close(self) -> None:
        """Close all connections."""
        for each in (*self._retired, self.active):
            await each.model.close()
        self._retired.clear()

    async def _next_look(self) -> None:
        try:
            async with asyncio.timeout(until_multiple(asyncio.get_running_loop().time(), LOOK_S)):
                await self._changed.wait()
        except TimeoutError:
            pass
        self._changed.clear()
        self.refresh()
        for each in [each for each in self._retired if not each.replies]:
            self._retired.remove(each)
            await each.model.close()

    def _read_file(self) -> None:
        self._stamp = self.file.stamp()
        self.fault = ""
        try:
            self.kept = self.file.load()
        except (OSError, ValueError) as error:
            self.kept = None
            # not the error itself: a parser's message may quote the file, which has the key
            self.fault = error.strerror or "" if isinstance(error, OSError) else "it is damaged"
            log.warning("the kept connection cannot be used (%s): %s", self.file.path, self.fault)

    def _chosen(self) -> ActiveModel:
        if self._settings.names_a_server:
            return ActiveModel(Model(self._settings), self._settings, "environment")
        if self.kept is not None:
            settings = self._settings.connected_to(self.kept)
            return ActiveModel(Model(settings), settings, "page")
        settings = self._settings.model_copy(update={"llm_base_url": self._demo_url, "llm_model": DEMO_MODEL})
        return ActiveModel(Model(settings, fixed_model=True), settings, "demo")


async def _run(serve: Callable[[ActiveModel], Awaitable[None]], active: ActiveModel) -> None:
    await serve(active)
