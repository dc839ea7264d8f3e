"""The store on Supabase (or any PostgREST over a PostgreSQL with `supabase/migrations` applied).

A finished call guarantees a committed transaction; its durability depends on the database's settings. An operation of
several statements is a function in the database, so it is atomic. Writes about one conversation, and writes about
characters, are sent one after the other, in the order of the calls; others in parallel.

A refused key or missing tables end the start with one sentence (`StoreUnusable`). Later they count as an unavailable
database: a person may be changing the database, and no message may be lost.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, cast

import httpx
from postgrest.types import CountMethod, ReturnMethod
from pydantic import SecretStr

from supabase import AsyncClient, AsyncClientOptions, acreate_client
from tertulia_shared.store import supabase_rows as rows
from tertulia_shared.store.errors import InvalidRecord, NameTaken, NotFound, StoreUnavailable, StoreUnusable
from tertulia_shared.store.ordered_calls import OrderedCalls
from tertulia_shared.store.records import (
    Character,
    Conversation,
    Message,
    ModelSettings,
    parse_cursor,
    utc_now,
)
from tertulia_shared.store.supabase_documents import SupabaseDocuments
from tertulia_shared.store.supabase_errors import UniqueViolation, note_status
from tertulia_shared.store.supabase_realtime import watch_table
from tertulia_shared.store.supabase_requests import count_changed, run, table_of
from tertulia_shared.store.supabase_versions import SupabaseVersions
from tertulia_shared.store.validation import (
    check_after,
    check_character,
    check_id,
    check_limit,
    check_message,
    check_seats,
    check_title,
    decode_settings,
    encode_settings,
)
from tertulia_shared.usage import Usage, summed_usage

SCHEMA: Final = 12
"""The migrations that this version needs, as `tertulia_schema()` counts them."""
TIMEOUT_S: Final = 5.0
MAX_CONNECTIONS: Final = 32
CHARACTERS: Final = "characters"


class SupabaseStore(SupabaseVersions, SupabaseDocuments):
    """`Store` on the project at `url` with the service role's key.

    `timeout_s` bounds each request; `max_pending` bounds the running and waiting calls.
    """

    def __init__(
        self,
        url: str,
        key: SecretStr,
        *,
        timeout_s: float = TIMEOUT_S,
        max_pending: int = 1024,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._url: Final = url
        self._key: Final = key
        self._timeout_s: Final = timeout_s
        self._now: Final = now
        self._client: AsyncClient | None = None
        self._is_checked = False
        self._http: httpx.AsyncClient | None = None
        self.losses = 0
        self._calls: Final = OrderedCalls(max_pending)

    async def open(self) -> None:
        if self._client is None:
            self._client = await self._connect()
        if not self._is_checked:
            try:
                await self._check_schema(self._client)
            except StoreUnusable:
                await self.close()
                raise
            self._is_checked = True

    async def _connect(self) -> AsyncClient:
        self._http = httpx.AsyncClient(
            timeout=self._timeout_s,
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS),
            event_hooks={"response": [note_status]},
        )
        return await acreate_client(
            self._url,
            self._key.get_secret_value(),
            AsyncClientOptions(
                auto_refresh_token=False,
                persist_session=False,
                postgrest_client_retry=False,  # the caller has its own timeout
                httpx_client=self._http,
            ),
        )

    async def close(self) -> None:
        self._client, self._is_checked = None, False
        http, self._http = self._http, None
        await self._calls.until_idle()
        if http is not None:
            await http.aclose()

    async def ensure_conversation(self, conversation_id: str, title: str = "") -> None:
        check_id("conversation_id", conversation_id)
        check_title(title)
        row = rows.conversation_row(conversation_id, title, self._now())
        async with self._call(conversation_id) as client:
            table = table_of(client, "conversations")
            created = await run(table.upsert(row, on_conflict="id", ignore_duplicates=True))
            if not created and title:
                untitled = table_of(client, "conversations").update({"title": title}, returning=ReturnMethod.minimal)
                await run(untitled.eq("id", conversation_id).eq("title", ""))

    async def conversation(self, conversation_id: str) -> Conversation | None:
        found = await self._row("conversations", rows.CONVERSATION, conversation_id)
        return None if found is None else rows.conversation(found)

    async def conversations(self, limit: int, before: str | None = None, *, containing: str = "") -> list[Conversation]:
        check_limit(limit)
        time, before_id = (None, None) if before is None else parse_cursor(before)
        if before_id is not None and not rows.is_id(before_id):
            raise InvalidRecord("before", "not a cursor; use the `cursor` of the last conversation you have")
        place = {"before_time": time, "before_id": before_id, "most": limit, "containing": containing}
        async with self._call() as client:
            return [rows.listed(row) for row in await run(client.rpc("tertulia_list_conversations", place))]

    async def rename_conversation(self, conversation_id: str, title: str) -> None:
        check_title(title)
        await self._update_conversation(conversation_id, {"title": title})

    async def delete_conversation(self, conversation_id: str) -> bool:
        return await self._delete("conversations", conversation_id, ordered_by=conversation_id)

    async def save_messages(self, messages: Sequence[Message]) -> None:
        for message in messages:
            check_message(message)
        to_save = [rows.message_row(message) for message in messages]
        async with self._call(*(message.conversation_id for message in messages)) as client:
            if to_save:
                await run(client.rpc("tertulia_save_messages", {"messages": to_save}))

    async def delete_messages(self, conversation_id: str, turn_id: str, positions: range) -> None:
        async with self._call(conversation_id) as client:
            if not (rows.is_id(conversation_id) and rows.is_id(turn_id)):
                return
            at = {"conversation": conversation_id, "turn": turn_id, "first": positions.start, "stop": positions.stop}
            await run(client.rpc("tertulia_delete_messages", at))

    async def history(self, conversation_id: str, limit: int) -> list[Message]:
        check_limit(limit)
        async with self._call() as client:
            if not rows.is_id(conversation_id):
                return []
            newest_first = await run(
                client.table("messages")
                .select(rows.MESSAGE)
                .eq("conversation_id", conversation_id)
                .order("position", desc=True)
                .order("id", desc=True)
                .limit(limit)
            )
        return [rows.message(row) for row in reversed(newest_first)]

    async def messages(self, conversation_id: str, limit: int, after: int | None = None) -> list[Message]:
        check_limit(limit)
        if after is not None:
            check_after(after)
        page = {"conversation": conversation_id, "behind": -1 if after is None else after, "most": limit}
        async with self._call() as client:
            if not rows.is_id(conversation_id):
                return []
            return [rows.message(row) for row in await run(client.rpc("tertulia_messages", page))]

    async def characters(self, *, active_only: bool = False) -> list[Character]:
        async with self._call() as client:
            request = client.table(CHARACTERS).select(rows.CHARACTER).order("seat").order("name_key")
            return [rows.character(row) for row in await run(request.eq("active", "true") if active_only else request)]

    async def character(self, character_id: str) -> Character | None:
        found = await self._row(CHARACTERS, rows.CHARACTER, character_id)
        return None if found is None else rows.character(found)

    async def save_character(self, character: Character) -> None:
        check_character(character)
        row = rows.character_row(character)
        async with self._call(CHARACTERS) as client:
            try:
                await run(table_of(client, CHARACTERS).upsert(row, on_conflict="id", returning=ReturnMethod.minimal))
            except UniqueViolation:
                raise NameTaken(character.name) from None

    async def seat_characters(self, character_ids: Sequence[str]) -> None:
        check_seats(character_ids)
        async with self._call(CHARACTERS) as client:
            await run(client.rpc("tertulia_seat_characters", {"ids": list(character_ids)}))

    async def delete_character(self, character_id: str) -> bool:
        return await self._delete(CHARACTERS, character_id, ordered_by=CHARACTERS)

    async def model_settings(self, conversation_id: str) -> ModelSettings:
        found = await self._row("conversations", "model_settings", conversation_id)
        if found is None:
            raise NotFound("conversation", conversation_id)
        return cast("ModelSettings", found["model_settings"])

    async def save_model_settings(self, conversation_id: str, settings: ModelSettings) -> None:
        # encoding and decoding normalizes the value, so that all stores save the same
        plain = decode_settings(encode_settings(settings))
        await self._update_conversation(conversation_id, {"model_settings": plain})

    async def usage(self, conversation_id: str, *, without_turn: str = "") -> Usage:
        without = without_turn if rows.is_id(without_turn) else None
        async with self._call() as client:
            if not rows.is_id(conversation_id):
                return {}
            request = client.rpc("tertulia_usage", {"conversation": conversation_id, "without_turn": without})
            return summed_usage(await run(request))

    async def watch_characters(self, changed: Callable[[], None]) -> None:
        await watch_table(self._url, self._key, CHARACTERS, changed)

    # -- requests

    async def _check_schema(self, client: AsyncClient) -> None:
        try:
            version = await run(client.rpc("tertulia_schema"), opening=True)
        except StoreUnavailable as error:
            raise StoreUnavailable(f"Supabase at {self._url} is unavailable: {error} Is SUPABASE_URL right?") from error
        except StoreUnusable as error:
            raise StoreUnusable(f"Supabase at {self._url} cannot be used: {error}") from error
        if not isinstance(version, int):
            raise StoreUnusable(f"There is no Supabase at {self._url}: set SUPABASE_URL to the project's URL.")
        if version < SCHEMA:
            raise StoreUnusable(
                f"The database of {self._url} has version {version} of Tertulia's tables, {SCHEMA} is needed: apply "
                "supabase/migrations, for example with `supabase db push`."
            )

    async def _row(self, table: str, columns: str, row_id: str) -> dict[str, Any] | None:
        async with self._call() as client:
            if not rows.is_id(row_id):
                return None
            found = await run(client.table(table).select(columns).eq("id", row_id).limit(1))
            return found[0] if found else None

    async def _update_conversation(self, conversation_id: str, changes: dict[str, Any]) -> None:
        async with self._call(conversation_id) as client:
            if rows.is_id(conversation_id):
                request = table_of(client, "conversations").update(
                    changes, count=CountMethod.exact, returning=ReturnMethod.minimal
                )
                if await count_changed(request.eq("id", conversation_id)):
                    return
        raise NotFound("conversation", conversation_id)

    async def _delete(self, table: str, row_id: str, *, ordered_by: str) -> bool:
        async with self._call(ordered_by) as client:
            if not rows.is_id(row_id):
                return False
            request = client.table(table).delete(count=CountMethod.exact, returning=ReturnMethod.minimal)
            return await count_changed(request.eq("id", row_id)) > 0

    @asynccontextmanager
    async def _call(self, *ordered_by: str) -> AsyncGenerator[AsyncClient]:
        """Yield the client when all earlier calls with one of these keys have ended."""
        client = self._client
        if client is None:
            raise StoreUnavailable("The store is not open: call open() first, and nothing after close().")
        async with self._calls.after_earlier_calls(*ordered_by):
            yield client
