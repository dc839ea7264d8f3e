"""The requests of the commands about lorebooks to the gateway's REST API."""

from __future__ import annotations

import json
from typing import Any, cast

from tertulia_cli.characters.rest import GatewayRest
from tertulia_cli.client.address import GatewayAddress
from tertulia_cli.client.rest import JSON, RestClient


class LorebookRest:
    """The lorebooks of the gateway at `address`. `owner`: the path of a conversation or of a character."""

    def __init__(self, address: GatewayAddress) -> None:
        self._rest = RestClient(address)
        self._characters = GatewayRest(address)

    def characters(self) -> list[dict[str, Any]]:
        """All characters. Raises: Failure."""
        return self._characters.characters()

    def lorebook(self, owner: str) -> bytes:
        """A lorebook as world info. Raises: Failure."""
        return self._rest.ask("GET", f"/api/{owner}/lorebook")

    def set_lorebook(self, owner: str, file: bytes) -> dict[str, Any]:
        """Set a lorebook. Returns it as world info. Raises: Failure."""
        return cast("dict[str, Any]", json.loads(self._rest.ask("PUT", f"/api/{owner}/lorebook", file, JSON)))
