"""Writes of the real bus: outlets, transactions, deletions."""

from __future__ import annotations

from collections.abc import Sequence

from tertulia_shared.bus.outlet import QueueOutlet
from tertulia_shared.bus.port.reading import Entry
from tertulia_shared.bus.port.writing import Applied, Condition, Fence, Write
from tertulia_shared.bus.redis_connections import RedisConnections
from tertulia_shared.bus.scripts import writing as scripts
from tertulia_shared.bus.scripts.writing import FIRST_TRANSACT_KEY, OK
from tertulia_shared.bus.write_commands import EPOCH_MARK, fence_arguments, operations_of
from tertulia_shared.bus.write_replies import refusal
from tertulia_shared.bus.writer import retrieve_error
from tertulia_shared.codec import pack
from tertulia_shared.entries import Work
from tertulia_shared.keys import Key, Stage


class RedisWriting(RedisConnections):
    """Implements `port.Writing`."""

    def outlet(self, fence: Fence | None = None, *, epoch: int = 0) -> QueueOutlet:
        return QueueOutlet(self._writer, fence, epoch)

    async def transact(
        self,
        conversation_id: str,
        writes: Sequence[Write],
        *,
        fence: Fence | None = None,
        raise_epoch: bool = False,
        talk: bool | None = None,
        if_talking: Sequence[Write] = (),
        once: Key | None = None,
        given: Sequence[Condition] = (),
        withdraw: str = "",
        then: tuple[Stage, Work] | None = None,
    ) -> Applied:
        state = self.keys.state(conversation_id)
        ts, epoch = self._now_ms(), EPOCH_MARK
        keys, operations = operations_of(writes, first=FIRST_TRANSACT_KEY, ts=ts, epoch=epoch)
        more_keys, before = operations_of(if_talking, first=FIRST_TRANSACT_KEY + len(keys), ts=ts, epoch=epoch)
        call = scripts.transact(
            fence_arguments(fence, any_key=state, state_key=lambda _: state),
            keys=[*keys, *more_keys],
            operations=operations,
            operations_if_talking=before,
            raise_epoch=raise_epoch,
            talk=talk,
            once_key=None if once is None else once.name,
            once_ttl_s=0 if once is None else once.ttl_s,
            state_ttl_s=state.ttl_s,
            conditions=_packed(given),
            withdraw=withdraw,
        )
        # the pointer carries no epoch: the worker that claims it reads the conversation's epoch
        posts = [] if then is None else self._post_commands(then[0], then[1], 0)
        futures = [self._writer.send(command, conversation_id) for command in (call, *posts)]
        # not `gather`, which costs more than the futures; their replies come together
        for future in futures[1:]:
            future.add_done_callback(retrieve_error)
        reply, *_ = [await future for future in futures]
        error = refusal(reply)
        if error is not None:
            raise error
        return Applied(new=reply[0] == OK, epoch=int(reply[1]))

    async def remove(self, key: Key, ids: Sequence[str]) -> None:
        if ids:
            await self._call(("XDEL", key.name, *ids))

    async def delete(self, keys: Sequence[Key]) -> None:
        if keys:
            await self._call(("UNLINK", *(key.name for key in keys)))

    async def move(self, key: Key, entries: Sequence[Entry], to: Key) -> None:
        if entries:
            bound = [] if to.max_len is None else ["MAXLEN", "~", to.max_len]
            raw = [[part for field in entry.fields.items() for part in field] for entry in entries]
            await self._call_all(
                *(("XADD", to.name, *bound, "*", *fields) for fields in raw), ("EXPIRE", to.name, to.ttl_s)
            )
            await self.remove(key, [entry.id for entry in entries])


def _packed(conditions: Sequence[Condition]) -> bytes:
    if not conditions:
        return b""
    return pack([[each.field.value, each.value or "", each.is_equal] for each in conditions])
