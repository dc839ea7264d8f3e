"""The versions of messages in the Supabase store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager

from supabase import AsyncClient
from tertulia_shared.store import supabase_rows as rows
from tertulia_shared.store.records import SetAside, VersionPlace
from tertulia_shared.store.supabase_requests import run
from tertulia_shared.store.validation import check_before, check_set_aside


class SupabaseVersions(ABC):
    """The versions of messages on the client of `SupabaseStore`, which inherits it."""

    @abstractmethod
    def _call(self, *ordered_by: str) -> AbstractAsyncContextManager[AsyncClient]: ...

    async def choose_version(self, conversation_id: str, message_id: str, *, before: int) -> None:
        check_before(before)
        async with self._call(conversation_id) as client:
            if rows.is_id(conversation_id) and rows.is_id(message_id):
                chosen = {"conversation": conversation_id, "version": message_id, "before": before}
                await run(client.rpc("tertulia_choose_version", chosen))

    async def remove_message(self, conversation_id: str, message_id: str) -> None:
        async with self._call(conversation_id) as client:
            if rows.is_id(conversation_id) and rows.is_id(message_id):
                removed = {"conversation": conversation_id, "message": message_id}
                await run(client.rpc("tertulia_remove_message", removed))

    async def versions(self, conversation_id: str) -> list[SetAside]:
        async with self._call() as client:
            if not rows.is_id(conversation_id):
                return []
            found = await run(client.rpc("tertulia_versions", {"conversation": conversation_id}))
            return [rows.set_aside(row) for row in found]

    async def version_places(self, conversation_id: str, roots: Collection[str]) -> list[VersionPlace]:
        wanted = [root for root in roots if rows.is_id(root)]
        async with self._call() as client:
            if not rows.is_id(conversation_id) or not wanted:
                return []
            places = {"conversation": conversation_id, "roots": wanted}
            found = await run(client.rpc("tertulia_version_places", places))
            return [VersionPlace(row["id"], row["root"], row["position"]) for row in found]

    async def save_set_aside(self, messages: Sequence[SetAside]) -> None:
        for each in messages:
            check_set_aside(each)
        to_save = [rows.set_aside_row(each) for each in messages]
        async with self._call(*(each.message.conversation_id for each in messages)) as client:
            if to_save:
                await run(client.rpc("tertulia_save_set_aside", {"messages": to_save}))
