"""Tries a model server before it is used: its list of models, its key, and a short reply."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urlsplit

from tertulia_llm.connection.failures import CannotConnect, cannot_connect
from tertulia_llm.connection.models import usable_models
from tertulia_llm.model.advice import other_base_url
from tertulia_llm.model.client import Model
from tertulia_llm.model.context_window import entries_in, names_in
from tertulia_llm.model.failures import ModelFailed, jitter, retry_delay_s
from tertulia_llm.model.server import ModelServer
from tertulia_llm.settings import LLMSettings
from tertulia_llm.text.prompt import Message
from tertulia_shared.entries import ModelSettings
from tertulia_shared.model_connection import ModelConnection
from tertulia_shared.model_server import OPENROUTER

REPLY_S: Final = 60.0
"""Time limit for the short reply, in seconds: a local server may have to load the model first."""
SHORT_REPLY_TOKENS: Final = 16
"""Some servers refuse a smaller limit."""
_OUT_OF_TOKENS: Final = ("llm_reasoning", "llm_no_text")
_LOADING: Final = 503
_NOT_THERE: Final = (404, 405)
_PROMPT: Final[list[Message]] = [
    {"role": "system", "content": "You are Luna, in a conversation."},
    {"role": "user", "content": "Hello! Say one word."},
]


async def short_reply(model: Model, limit_s: float) -> bool | None:
    """Ask for a few tokens, with the parameters of a real request. True if text came; None if the server accepted the
    request, but a reasoning model needs more tokens before it writes.

    Raises:
        TimeoutError: there was no text within `limit_s`.
        ModelFailed: the server refused the request, or is unavailable.
    """
    try:
        async with asyncio.timeout(limit_s), model.reply(_PROMPT, ModelSettings(), seed=1) as stream:
            async for _ in stream:
                return True
    except ModelFailed as failure:
        if failure.code in _OUT_OF_TOKENS:
            return None
        raise
    return False


async def list_models(
    settings: LLMSettings, connection: ModelConnection, *, in_container: bool
) -> tuple[str, list[str]]:
    """The address of the API and the names of its models. If the API is at a similar address, that is returned.

    Raises:
        CannotConnect: the server refuses the key, or has no list of models.
    """
    server = ModelServer(settings.connected_to(connection))
    address = connection.address
    try:
        names = await _names(server)
        if names is None:
            address = await other_base_url(server)
            names = names_in(await server.models(address) or []) if address else None
        if names is not None and connection.key and address == OPENROUTER:  # its list needs no key: test it
            await _get(server, f"{OPENROUTER}/key")
    except ModelFailed as failure:
        raise cannot_connect(failure, connection, in_container=in_container) from failure
    finally:
        await server.close()
    if names is None:
        no_list = ModelFailed("llm_address", "The server has no list of models.", retryable=False)
        raise cannot_connect(no_list, connection, in_container=in_container)
    return address, usable_models(names)


async def try_connection(settings: LLMSettings, connection: ModelConnection, *, in_container: bool) -> None:
    """Ask the model for a short reply.

    Raises:
        CannotConnect: no reply came.
    """
    tried = settings.connected_to(connection).model_copy(update={"llm_max_tokens": SHORT_REPLY_TOKENS})
    model = Model(tried)
    host = urlsplit(connection.address).hostname
    try:
        async with asyncio.timeout(REPLY_S):
            has_text = await _reply_when_loaded(model)
    except TimeoutError:
        message = f"{host} did not answer within {REPLY_S:g} seconds. It may be loading the model: try again."
        raise CannotConnect("llm_unavailable", message) from None
    except ModelFailed as failure:
        raise cannot_connect(failure, connection, in_container=in_container) from failure
    finally:
        await model.close()
    if has_text is False:
        raise CannotConnect("llm_no_text", f"{host} sent an empty reply: try again, or choose another model.")


async def _reply_when_loaded(model: Model) -> bool | None:
    """As `short_reply`; asks again while the server is loading the model."""
    failures = 0
    while True:
        try:
            return await short_reply(model, REPLY_S)
        except ModelFailed as failure:
            if failure.status != _LOADING or not failure.retryable:
                raise
            failures += 1
            await asyncio.sleep(retry_delay_s(failures, failure, jitter()))


async def _names(server: ModelServer) -> list[str] | None:
    """The names in the server's list of models; None if there is no list at its address."""
    try:
        listing = await _get(server, f"{server.base_url}/models")
    except ModelFailed as failure:
        if failure.status in _NOT_THERE:
            return None
        raise
    entries = entries_in(listing)
    return names_in(entries) if entries or (isinstance(listing, dict) and "data" in listing) else None


async def _get(server: ModelServer, url: str) -> object:
    """The answer to a GET.

    Raises:
        ModelFailed: there is none.
    """
    try:
        return await server.get(url)
    except ModelFailed:
        raise
    except Exception:  # noqa: BLE001 - the body is not what its headers say
        return None
