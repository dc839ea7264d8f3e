"""`tertulia persona list`, `show`, `create` and `delete`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from tertulia_cli.exit_codes import MISUSED, OK, Failure
from tertulia_cli.formatting import printable
from tertulia_shared.ids import is_id, new_id


class PersonaApi(Protocol):
    """What the commands need of the gateway's REST API."""

    def personas(self) -> list[dict[str, Any]]: ...
    def save_persona(self, persona_id: str, content: dict[str, str]) -> dict[str, Any]: ...
    def delete_persona(self, persona_id: str) -> None: ...


def list_personas(api: PersonaApi) -> int:
    """Print the id and the name of each persona. Raises: Failure."""
    for persona in api.personas():
        print(f"{persona['id']}  {printable(persona['name'])}")
    return OK


def show_persona(api: PersonaApi, of: str) -> int:
    """Print a persona's description. Raises: Failure (there is no such persona, or there are several)."""
    print("\n".join(printable(line) for line in _persona(api.personas(), of)["description"].split("\n")))
    return OK


def create_persona(api: PersonaApi, name: str, description: str, *, replace: bool = False) -> int:
    """Create a persona, and print its id. `replace`: if there is one with this name, change its description instead;
    its picture stays.

    Raises:
        Failure: there is one with this name already, or the gateway refuses the name or the description.
    """
    same = _named(api.personas(), name)
    if same and not replace:
        raise Failure(f"there is already a persona named {same[0]['name']!r}; --replace changes it.", MISUSED)
    before = _persona(same, name) if same else {"id": new_id(), "name": name, "image": ""}
    content = {"name": before["name"], "description": description, "image": before["image"]}
    made = api.save_persona(before["id"], content)
    print(f"{made['id']}  {printable(made['name'])}")
    return OK


def delete_persona(api: PersonaApi, of: str) -> int:
    """Delete a persona. Conversations that use it keep their copy.

    Raises:
        Failure: there is no such persona, or there are several.
    """
    persona = _persona(api.personas(), of)
    api.delete_persona(persona["id"])
    print(f"deleted {printable(persona['name'])}")
    return OK


def _persona(personas: Sequence[dict[str, Any]], of: str) -> dict[str, Any]:
    """The persona with this name, in upper or lower case, or this id. Raises: Failure."""
    found = [each for each in personas if each["id"] == of] if is_id(of) else _named(personas, of)
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(each["id"] for each in found)
        raise Failure(f"{len(found)} personas are named {of!r}. Give the id of one of them: {ids}.", MISUSED)
    names = ", ".join(printable(each["name"]) for each in personas) or "none"
    raise Failure(f"there is no persona {of!r}. The personas are: {names}.", MISUSED)


def _named(personas: Sequence[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [each for each in personas if each["name"].casefold() == name.strip().casefold()]
