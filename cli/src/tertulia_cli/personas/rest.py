"""The requests of the commands about personas to the gateway's REST API."""

from __future__ import annotations

from typing import Any, cast

from tertulia_cli.client.address import GatewayAddress
from tertulia_cli.client.rest import RestClient


class PersonaRest:
    """The personas of the gateway at `address`."""

    def __init__(self, address: GatewayAddress) -> None:
        self._rest = RestClient(address)

    def personas(self) -> list[dict[str, Any]]:
        """All personas, by name. Raises: Failure."""
        return cast("list[dict[str, Any]]", self._rest.ask_json("GET", "/api/personas")["personas"])

    def save_persona(self, persona_id: str, content: dict[str, str]) -> dict[str, Any]:
        """Create or replace a persona: `name`, `description` and `image`. Raises: Failure."""
        return self._rest.ask_json("PUT", f"/api/personas/{persona_id}", content)

    def delete_persona(self, persona_id: str) -> None:
        """Raises: Failure."""
        self._rest.ask("DELETE", f"/api/personas/{persona_id}")
