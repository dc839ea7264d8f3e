"""Ownership and leases of the memory bus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tertulia_shared.bus.port.ownership import MAX_FIRST, Owned, Refused
from tertulia_shared.bus.port.work import Claim
from tertulia_shared.conversation_state import StateField
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.keys import Key
from tertulia_shared.testing.memory_reading import MemoryReading


class MemoryOwnership(MemoryReading):
    """Implements `port.Ownership`."""

    async def own(
        self,
        claim: Claim,
        conversation_id: str,
        thing: str,
        *,
        waiting: int = 0,
        last: Key | None = None,
        first: Key | None = None,
        fields: Sequence[StateField] = (),
        commands: bool = False,
    ) -> Owned | Refused:
        self._check()
        owned = self._server.own(claim, conversation_id, thing, waiting)
        if isinstance(owned, Refused):
            return owned
        if fields:
            owned = replace(
                owned, state={name: owned.state[name] for each in fields if (name := each.raw) in owned.state}
            )
        if commands:
            command = await self.last(self.keys.control(conversation_id))
            owned = replace(owned, commands_after=BEGINNING if command is None else command.id)
        if last is not None:
            owned = replace(owned, last=await self.last(last))
        if first is not None:
            owned = replace(owned, first=tuple(await self.read(first, count=MAX_FIRST)))
        return owned

    async def owner(self, conversation_id: str, thing: str) -> str:
        self._check()
        return self._server.string(self.keys.owner(conversation_id, thing))

    async def release_turns(
        self, owned: Owned, conversation_id: str, cursor: str, *, cut: int = 0, waiting: int = 1
    ) -> Owned | None:
        self._check()
        return self._server.release_turns(owned, conversation_id, cursor, cut, waiting)

    async def acquire_lease(self, key: Key, holder: str) -> bool:
        self._check_writes()
        now = self._clock()
        held, until = self._leases.get(key.name, (holder, now))
        if held != holder and until > now:
            return False
        self._leases[key.name] = (holder, now + key.ttl_s)
        return True

    async def release(self, key: Key, holder: str) -> None:
        self._check()
        if self._leases.get(key.name, ("", 0.0))[0] == holder:
            del self._leases[key.name]
        if self._server.string(key) == holder:
            self._server.drop(key.name)
