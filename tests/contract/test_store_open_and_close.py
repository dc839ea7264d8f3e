"""The contract of the store: opening and closing. Each test runs with each store."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.store import (
    Store,
    StoreUnavailable,
)
from tests.harness.store_records import OpenStore, reply, user_message


class TestOpenAndClose:
    async def test_saved_rows_exist_after_the_store_was_closed_and_opened_again(
        self, open_store: OpenStore, store: Store, talk: str
    ) -> None:
        saved = [user_message(talk, 1), reply(talk, 2, "Good evening.", "complete")]
        await store.save_messages(saved)
        await store.save_model_settings(talk, {"top_p": 0.5})
        await store.close()
        again = await open_store()
        assert await again.history(talk, 10) == saved
        assert await again.model_settings(talk) == {"top_p": 0.5}
        assert len(await again.characters()) == 3

    async def test_store_that_was_closed_can_be_opened_again(self, store: Store, talk: str) -> None:
        await store.close()
        await store.close()
        with pytest.raises(StoreUnavailable, match="not open"):
            await store.history(talk, 10)
        with pytest.raises(StoreUnavailable, match="not open"):
            await store.save_messages([user_message(talk, 1)])
        await store.open()
        await store.open()
        assert await store.conversation(talk) is not None

    async def test_calls_made_before_the_store_is_closed_are_completed(
        self, open_store: OpenStore, store: Store, talk: str
    ) -> None:
        saved = [user_message(talk, position) for position in range(40)]
        writes = [asyncio.ensure_future(store.save_messages([message])) for message in saved]
        await asyncio.sleep(0)  # let each task start its call
        await store.close()
        await asyncio.gather(*writes)
        assert await (await open_store()).history(talk, 100) == saved
