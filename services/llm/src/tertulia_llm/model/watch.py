"""Asks the model server for context windows in the background, and publishes what is known about its models.

Replies do not wait for these requests. Only the server knows with which window a local model is loaded, and often only
after the first request for the model. So if the server does not say it, it is asked again after the next replies, up to
`MAX_QUESTIONS` times in all.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any, Final, cast

from tertulia_llm.model.client import Model
from tertulia_llm.model.context_window import entries_in, entry_of, window_in
from tertulia_llm.model.knowledge import KnownModel
from tertulia_llm.model.server import ModelServer
from tertulia_shared.bus import Bus, BusError
from tertulia_shared.clock import wall_ms

RETRY_S: Final = 5.0
PUBLISH_AGAIN_S: Final = 600.0
"""The state is published at this interval, because the key expires, and because Redis may lose it."""

log = logging.getLogger(__name__)


class ModelWatch:
    """Finds the context window of each model that the client `model` knows, and publishes what is known about them."""

    def __init__(self, model: Model, bus: Bus, default_model: str) -> None:
        self._model = model
        self._bus = bus
        model.known.of(default_model)

    async def run(self) -> None:
        """Ask and publish until cancelled."""
        changed = self._model.server.is_changed
        while True:
            changed.clear()
            for known in self._model.known.all():
                await find_window(self._model.server, known)
            wait_s = PUBLISH_AGAIN_S
            try:
                await self._publish()
            except BusError as error:
                log.warning("the state of the models is not published yet: %s", error)
                wait_s = RETRY_S
            try:
                async with asyncio.timeout(wait_s):
                    await changed.wait()
            except TimeoutError:
                pass

    async def _publish(self) -> None:
        server = self._model.server.shown()
        fields = {
            f"{server} {known.name}": json.dumps(
                {
                    "server": server,
                    "model": known.name,
                    "context_tokens": known.window,
                    "changes": known.adaptations.described(),
                    "at": wall_ms(),
                },
                ensure_ascii=False,
            )
            for known in self._model.known.all()
            if known.has_news
        }
        if fields:
            outlet = self._bus.outlet()
            outlet.put(self._bus.keys.models(), fields)
            await outlet.flush()


async def find_window(server: ModelServer, known: KnownModel) -> None:
    """Ask the server for a model's window, unless the window is known or the server was asked often enough."""
    if not known.may_ask:
        return
    known.questions += 1
    known.told_window = await told_window(server, known.name)
    if known.told_window is not None:
        log.info("model %s: the server tells a context window of %d tokens", known.name, known.told_window)


async def told_window(server: ModelServer, model: str) -> int | None:
    """The window that the server states: in its list of models, or at the addresses that local servers have for it."""
    entries = await server.models() or []
    entry = entry_of(model, entries)
    if entry is None and len(entries) == 1:
        entry = entries[0]  # a server with one loaded model (llama.cpp, for example) accepts any name for it
    window = window_in({name: value for name, value in entry.items() if name != "meta"}) if entry else None
    if window is None and (entry is not None or not entries):
        window = await _llama_cpp(server) or await _ollama(server, model) or await _lm_studio(server, model)
    return window or (window_in(entry) if entry else None)


async def _llama_cpp(server: ModelServer) -> int | None:
    props = await server.ask(server.beside("/props"))
    if not isinstance(props, dict):
        return None
    props = cast("Mapping[str, Any]", props)
    return window_in(props)


async def _ollama(server: ModelServer, model: str) -> int | None:
    """The window with which Ollama has loaded the model, or which the model's Modelfile sets."""
    running = entry_of(model, entries_in(await server.ask(server.beside("/api/ps"))))
    if running is not None and (window := window_in(running)) is not None:
        return window
    shown = await server.ask(server.beside("/api/show"), {"model": model})
    parameters = cast("Mapping[str, Any]", shown).get("parameters") if isinstance(shown, dict) else None
    for line in str(parameters or "").splitlines():
        name, _, value = line.strip().partition(" ")
        if name == "num_ctx":
            return window_in({"num_ctx": value.strip()})
    return None


async def _lm_studio(server: ModelServer, model: str) -> int | None:
    """The window with which LM Studio has loaded the model."""
    entry = entry_of(model, entries_in(await server.ask(server.beside("/api/v0/models"))))
    return window_in(entry) if entry is not None and "loaded_context_length" in entry else None
