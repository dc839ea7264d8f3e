"""The requests of the commands about conversations to the gateway's REST API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, cast
from urllib.parse import quote, urlencode

from tertulia_cli.client.address import GatewayAddress
from tertulia_cli.client.rest import RestClient

SOUND_TIMEOUT_S: Final = 330.0
"""Seconds between two pieces of a sound file. The gateway tries a sentence three times, each time for up to 90 s."""


class ConversationRest:
    """The conversations of the gateway at `address`."""

    def __init__(self, address: GatewayAddress) -> None:
        self._rest = RestClient(address)
        self._sounds = RestClient(address, SOUND_TIMEOUT_S)

    def import_conversation(self, file: bytes, request_id: str) -> dict[str, Any]:
        """Make a conversation of a file. `request_id`: a new UUID for another copy, or "". Raises: Failure."""
        query = f"?{urlencode({'request_id': request_id})}" if request_id else ""
        return cast("dict[str, Any]", json.loads(self._rest.ask("POST", f"/api/conversations/import{query}", file)))

    def exported_conversation(self, conversation_id: str, form: str) -> Iterator[bytes]:
        """A conversation as a file of the format `form`, in pieces. Raises: Failure."""
        return self._rest.pieces("GET", f"/api/conversations/{quote(conversation_id, safe='')}/export?format={form}")

    def spoken_conversation(self, conversation_id: str, form: str, user_voice: str) -> Iterator[bytes]:
        """A conversation as a sound file, in pieces. `user_voice`: "" for a free voice. Raises: Failure."""
        query = urlencode({"format": form, "user_voice": user_voice})
        return self._sounds.pieces("GET", f"/api/conversations/{quote(conversation_id, safe='')}/sound?{query}")

    def branch_conversation(self, conversation_id: str, message_id: str, request_id: str) -> dict[str, Any]:
        """Make a conversation of the beginning of another one. `request_id`: a new UUID. Raises: Failure."""
        path = f"/api/conversations/{quote(conversation_id, safe='')}/branch"
        return self._rest.ask_json("POST", path, {"message_id": message_id, "request_id": request_id})
