"""What the page says when a model server cannot be used. Pure.

The messages of `model.failures` name the settings of the environment; in the page, the person changes fields instead.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from tertulia_llm.model.failures import ModelFailed, says
from tertulia_shared.model_connection import ModelConnection

MAX_CHARS: Final = 600
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
HOST_OF_CONTAINERS: Final = "host.docker.internal"


class CannotConnect(Exception):
    """The server cannot be used. `code`: as in the client's `error` event; the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def cannot_connect(failure: ModelFailed, connection: ModelConnection, *, in_container: bool) -> CannotConnect:
    """The failure of a request to this connection, in the words of the page. The key is never in it."""
    said = says(failure.error) if failure.error else ""
    message = _advice(failure, connection, in_container=in_container) + said
    return CannotConnect(failure.code, without_key(message, connection.key)[:MAX_CHARS])


def without_key(text: str, key: str) -> str:
    """The text, with the key replaced by an ellipsis: servers repeat a key that they refuse."""
    return text.replace(key, "…") if key else text


def _advice(failure: ModelFailed, connection: ModelConnection, *, in_container: bool) -> str:
    address = connection.address
    host = urlsplit(address).hostname or address
    if failure.code == "llm_auth" and not connection.key:
        return f"{host} asks for a key: paste one."
    if failure.code == "llm_unavailable" and not failure.status:
        return _unreachable(host, address, in_container=in_container)
    return {
        "llm_auth": f"{host} refused this key. Check that it was copied whole, and that it is a key of this server.",
        "llm_credit": f"The account at {host} has no credit left: top it up, or choose a free model.",
        "llm_rate": f"{host} asks to slow down: wait a moment, or choose another model.",
        "llm_model": f"{host} cannot answer with the model {connection.model}: choose another.",
        "llm_address": f"There is no OpenAI-compatible API at {address}: check the address, which often ends in /v1.",
    }.get(failure.code, f"{host} could not answer.")


def _unreachable(host: str, address: str, *, in_container: bool) -> str:
    message = f"Nothing answers at {address}: check the address, and whether the server runs."
    if in_container and host in _LOOPBACK:
        return (
            f"{message} Tertulia runs in a container, where {host} is the container itself: use {HOST_OF_CONTAINERS}."
        )
    if host == HOST_OF_CONTAINERS:
        return f"{message} It must listen on all addresses of this machine (Ollama: OLLAMA_HOST=0.0.0.0)."
    return message
