"""The names of the characters at the table: the recognizer expects them, and the user calls the characters by them.

The user can create and rename characters, and invite others to the table, at any time. All sessions of a worker share
one `NamesAtTheTable`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NoReturn

from tertulia_shared.bus import Bus, BusError
from tertulia_shared.character_names import names_by_id, names_in
from tertulia_shared.conversation_cast import Cast, cast_of
from tertulia_shared.conversation_state import ConversationState

REFRESH_S: Final = 2.0
"""The names are read at most this often, and while a session is served, this often."""

log = logging.getLogger(__name__)


def without_repetitions(*words: str) -> tuple[str, ...]:
    """The words in their order. Of words that differ only in case, the first one."""
    found: dict[str, str] = {}
    for word in words:
        found.setdefault(word.casefold(), word)
    return tuple(found.values())


class NamesAtTheTable:
    """The names that an llm worker wrote last; none if they are unknown.

    `names` are those of the active characters, who sit at the table of a conversation without a cast of its own.
    """

    def __init__(self, bus: Bus) -> None:
        self.names: tuple[str, ...] = ()
        self._by_id: Mapping[str, str] = {}
        self._bus = bus
        self._read_at: float | None = None
        self._reading = asyncio.Lock()
        self._failed = False

    async def refresh(self) -> None:
        """Read the names, unless they were just read. If they cannot be read, those read last remain."""
        async with self._reading:
            now = asyncio.get_running_loop().time()
            if self._read_at is None or now - self._read_at >= REFRESH_S:
                self._read_at = now
                await self._read()

    def of(self, cast: Cast) -> tuple[str, ...]:
        """The names of the characters at the table of a conversation, as read last."""
        if not self._by_id:  # written by an older llm worker
            return self.names
        return tuple(cast.seated(self._by_id, self.names))

    async def follow(
        self, conversation_id: str, cast: Cast, known: Sequence[str], on_change: Callable[[Sequence[str]], None]
    ) -> NoReturn:
        """Read the names and the conversation's cast regularly, and call `on_change` when the names at its table differ
        from `known`, until cancelled.
        """
        while True:
            await asyncio.sleep(REFRESH_S)
            await self.refresh()
            with contextlib.suppress(BusError):
                cast = cast_of(ConversationState(await self._bus.hash(self._bus.keys.state(conversation_id))))
            names = self.of(cast)
            if names != known:
                known = names
                on_change(known)

    async def _read(self) -> None:
        try:
            fields = await self._bus.hash(self._bus.keys.character_names())
        except BusError as error:
            if not self._failed:
                log.warning("the names of the characters cannot be read: %s", error)
            self._failed = True
            return
        self._failed = False
        names = names_in(fields)
        if names is not None:
            self.names, self._by_id = names, names_by_id(fields)
