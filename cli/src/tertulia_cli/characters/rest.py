"""The requests of the commands about characters to the gateway's REST API."""

from __future__ import annotations

import json
from typing import Any, cast
from urllib.parse import quote, urlencode

from tertulia_cli.client.address import GatewayAddress
from tertulia_cli.client.rest import RestClient


class GatewayRest:
    """The characters of the gateway at `address`."""

    def __init__(self, address: GatewayAddress) -> None:
        self._rest = RestClient(address)

    def import_card(self, file: bytes, *, name: str, voice: str) -> dict[str, Any]:
        """Create a character of a card file. Raises: Failure."""
        query = urlencode({"name": name, "voice": voice})
        return cast("dict[str, Any]", json.loads(self._rest.ask("POST", f"/api/characters/import?{query}", file)))

    def characters(self) -> list[dict[str, Any]]:
        """All characters. Raises: Failure."""
        return cast("list[dict[str, Any]]", self._rest.ask_json("GET", "/api/characters")["characters"])

    def card(self, character_id: str, form: str) -> bytes:
        """The card of a character, "json" or "png". Raises: Failure."""
        return self._rest.ask("GET", f"/api/characters/{quote(character_id, safe='')}/card?format={form}")
