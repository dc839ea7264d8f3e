"""Ownership and leases of the real bus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tertulia_shared.bus.error_replies import refusal_of
from tertulia_shared.bus.port.errors import NotOwner
from tertulia_shared.bus.port.ownership import MAX_FIRST, Owned, Refused
from tertulia_shared.bus.port.work import Claim
from tertulia_shared.bus.redis_connections import RedisConnections, entries_of, fields_of
from tertulia_shared.bus.replies import ErrorReply
from tertulia_shared.bus.scripts import ownership as scripts
from tertulia_shared.bus.scripts.ownership import RELEASED
from tertulia_shared.bus.scripts.writing import FENCED
from tertulia_shared.bus.write_replies import NOT_OWNER
from tertulia_shared.conversation_state import StateField
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.keys import Key, Stage


class RedisOwnership(RedisConnections):
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
        owner = self.keys.owner(conversation_id, thing)
        call = scripts.own(
            owner_key=owner.name,
            state_key=self.keys.state(conversation_id).name,
            turns_key=self.keys.turns(conversation_id).name,
            work_id=claim.id,
            attempt=claim.attempt,
            owner_ttl_s=owner.ttl_s,
            max_waiting=waiting,
            fields=fields,
        )
        beside = [] if last is None else [("XREVRANGE", last.name, "+", "-", "COUNT", 1)]
        beside += [] if first is None else [("XRANGE", first.name, "-", "+", "COUNT", MAX_FIRST)]
        # before the state is read: an interruption after this command is a later command, one before it is in the state
        control = self.keys.control(conversation_id).name
        before = [("XREVRANGE", control, "+", "-", "COUNT", 1)] if commands else []
        while True:
            replies = await self._call_all(*before, call, *beside)
            (answer, detail, *more), *streams = replies[len(before) :]
            if answer == b"own":
                found = [entries_of(reply) for reply in (more[0], *streams)]
                ends = found.pop(1) if last is not None else ()
                return Owned(
                    owner,
                    claim.token,
                    fields_of(detail),
                    found[0],
                    ends[0] if ends else None,
                    found[1] if first is not None else (),
                    _last_id(replies[0]) if commands else "",
                )
            holder = detail.decode(errors="replace")
            if answer == b"later" or await self._is_held(claim.stage, holder):
                return Refused(holder, later_attempt=answer == b"later")
            # The holder died after it finished its work entry and before it released the ownership, or it was paused
            # and a peer has taken over its attempt. In both cases this claim may become the owner.
            await self._call(scripts.disown(owner_key=owner.name, token=holder))

    async def owner(self, conversation_id: str, thing: str) -> str:
        token = await self._call(("GET", self.keys.owner(conversation_id, thing).name))
        return "" if token is None else token.decode()

    async def release_turns(
        self, owned: Owned, conversation_id: str, cursor: str, *, cut: int = 0, waiting: int = 1
    ) -> Owned | None:
        state = self.keys.state(conversation_id)
        reply = await self._call(
            scripts.release_turns(
                owner_key=owned.owner.name,
                turns_key=self.keys.turns(conversation_id).name,
                state_key=state.name,
                token=owned.token,
                cursor=cursor,
                settled_cut=cut,
                state_ttl_s=state.ttl_s,
                max_waiting=waiting,
            )
        )
        if reply == FENCED:
            raise NotOwner(NOT_OWNER)
        if reply == RELEASED:
            return None
        fields, entries = reply
        return replace(owned, state=fields_of(fields), waiting=entries_of(entries))

    async def acquire_lease(self, key: Key, holder: str) -> bool:
        return await self._call(scripts.acquire_lease(lease_key=key.name, holder=holder, ttl_s=key.ttl_s)) == 1

    async def release(self, key: Key, holder: str) -> None:
        await self._call(scripts.disown(owner_key=key.name, token=holder))

    async def _is_held(self, stage: Stage, token: str) -> bool:
        """True if the token's work entry is pending and was last delivered under the token's attempt number."""
        entry_id, _, attempt = token.partition("/")
        command = ("XPENDING", self.keys.work(stage).name, stage, entry_id, entry_id, 1)
        (reply,) = await self._calls.call(command)
        if isinstance(reply, ErrorReply):
            if "NOGROUP" in str(reply):  # Redis was flushed: no work is pending
                return False
            raise refusal_of(reply, "XPENDING")
        return bool(reply) and str(reply[0][3]) == attempt


def _last_id(raw: Sequence[tuple[bytes, Sequence[bytes]]]) -> str:
    return raw[0][0].decode() if raw else BEGINNING
