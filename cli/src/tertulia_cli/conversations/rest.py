"""The requests of the commands about conversations to the gateway's REST API."""

from __future__ import annotations

import json
from typing import Any, cast
from urllib.parse import quote, urlencode

from tertulia_cli.client.address import GatewayAddress
from tertulia_cli.client.rest import RestClient


class ConversationRest:
    """The conversations of the gateway at `address`."""

    def __init__(self, address: GatewayAddress) -> None:
        self._rest = RestClient(address)

    def import_conversation(self, file: bytes, request_id: str) -> dict[str, Any]:
        """Make a conversation of a file. `request_id`: a new UUID for another copy, or "". Raises: Failure."""
        query = f"?{urlencode({'request_id': request_id})}" if request_id else ""
        return cast("dict[str, Any]", json.loads(self._rest.ask("POST", f"/api/conversations/import{query}", file)))

    def exported_conversation(self, conversation_id: str, form: str) -> bytes:
        """A conversation as a file of the format `form`. Raises: Failure."""
        return self._rest.ask("GET", f"/api/conversations/{quote(conversation_id, safe='')}/export?format={form}")

    def branch_conversation(self, conversation_id: str, message_id: str, request_id: str) -> dict[str, Any]:
        """Make a conversation of the beginning of another one. `request_id`: a new UUID. Raises: Failure."""
        path = f"/api/conversations/{quote(conversation_id, safe='')}/branch"
        return self._rest.ask_json("POST", path, {"message_id": message_id, "request_id": request_id})
