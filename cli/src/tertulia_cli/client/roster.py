"""The server's characters, found by name. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from tertulia_cli.client.frames import Event
from tertulia_cli.exit_codes import MISUSED, Failure


@dataclass(frozen=True, slots=True)
class Character:
    """A character. Only active characters answer."""

    id: str
    name: str
    active: bool


class Roster:
    """All characters of the server, from the event `characters`."""

    def __init__(self, event: Event) -> None:
        rows = cast("list[Mapping[str, Any]]", event.fields.get("characters", []))
        self._all = [
            Character(str(row.get("id", "")), str(row.get("name", "")), row.get("active") is not False) for row in rows
        ]

    def active_id(self, name: str) -> str:
        """The id of the active character with this name; upper and lower case are equal.

        Raises:
            Failure: there is no such character, or it is switched off.
        """
        found = self._find(name)
        if found is None:
            raise self._unknown(name, [each for each in self._all if each.active], "who can answer")
        if not found.active:
            raise Failure(f"{found.name} is switched off. Switch it on in the page, under Characters.", MISUSED)
        return found.id

    def id_of(self, name: str) -> str:
        """The id of the character with this name, active or not.

        Raises:
            Failure: there is no such character.
        """
        found = self._find(name)
        if found is None:
            raise self._unknown(name, self._all, "the characters")
        return found.id

    def names(self, ids: Iterable[str]) -> list[str]:
        """The names of these characters; an id that is unknown (a removed character) is left out."""
        wanted = set(ids)
        return [each.name for each in self._all if each.id in wanted]

    def _find(self, name: str) -> Character | None:
        wanted = name.strip().casefold()
        same = [each for each in self._all if each.name.strip().casefold() == wanted]
        return next((each for each in same if each.active), same[0] if same else None)

    @staticmethod
    def _unknown(name: str, choices: Iterable[Character], what: str) -> Failure:
        names = ", ".join(each.name for each in choices) or "none"
        return Failure(f"no character is called {name!r}; {what}: {names}.", MISUSED)
