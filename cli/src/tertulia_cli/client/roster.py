"""The server's characters, found by name. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from tertulia_cli.client.frames import Event
from tertulia_cli.exit_codes import MISUSED, Failure


@dataclass(frozen=True, slots=True)
class Character:
    """A character. Without a cast of the conversation, the active characters sit at its table."""

    id: str
    name: str
    active: bool


class Roster:
    """All characters of the server, from the event `characters`; and the cast of the conversation, from `cast`."""

    def __init__(self, event: Event) -> None:
        rows = cast("list[Mapping[str, Any]]", event.fields.get("characters", []))
        self._all = [
            Character(str(row.get("id", "")), str(row.get("name", "")), row.get("active") is not False) for row in rows
        ]
        self.seats = [each.id for each in self._all if each.active]
        """The ids of the characters at the table, in order."""

    def seat(self, event: Event) -> None:
        """Take the characters at the table from an event `cast`."""
        seats = event.fields.get("characters")
        if isinstance(seats, list):
            known = {each.id for each in self._all}
            self.seats = [str(each) for each in cast("list[Any]", seats) if each in known]
        else:
            self.seats = [each.id for each in self._all if each.active]

    def seated_id(self, name: str) -> str:
        """The id of the character at the table with this name; upper and lower case are equal.

        Raises:
            Failure: there is no such character, or it does not sit at the table.
        """
        found = self._find(name)
        if found is None:
            raise self._unknown(name, [each for each in self._all if each.id in self.seats], "who can answer")
        if found.id not in self.seats:
            raise Failure(
                f"{found.name} does not sit at the table of this conversation. Invite it with "
                "`tertulia who --conversation ID --invite NAME`, or in the page.",
                MISUSED,
            )
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
        """The names of these characters, in their order; an id that is unknown (a removed character) is left out."""
        name_of = {each.id: each.name for each in self._all}
        return [name_of[each] for each in ids if each in name_of]

    def _find(self, name: str) -> Character | None:
        wanted = name.strip().casefold()
        same = [each for each in self._all if each.name.strip().casefold() == wanted]
        return next((each for each in same if each.active), same[0] if same else None)

    @staticmethod
    def _unknown(name: str, choices: Iterable[Character], what: str) -> Failure:
        names = ", ".join(each.name for each in choices) or "none"
        return Failure(f"no character is called {name!r}; {what}: {names}.", MISUSED)
