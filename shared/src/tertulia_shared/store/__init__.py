"""Where conversations, messages and characters are kept.

`port` says what a store does; `sqlite` is the one that needs no server, `supabase` the one on a server of yours,
`testing.memory_store` the one that keeps nothing; `factory` picks the one that the settings ask for.
`records` are the rows, `validation` what may be stored, `ordering` which message comes first and which write stands,
`errors` what can go wrong.
"""

from __future__ import annotations

from tertulia_shared.store.errors import (
    InvalidRecord,
    NameTaken,
    NotFound,
    StoreError,
    StoreUnavailable,
    StoreUnusable,
)
from tertulia_shared.store.factory import chosen_store
from tertulia_shared.store.ordering import supersedes, turn_position
from tertulia_shared.store.port import Store
from tertulia_shared.store.records import Character, Conversation, JsonValue, Message, ModelSettings, Role, Status
from tertulia_shared.store.seed import seed_characters
from tertulia_shared.store.sqlite import SQLiteStore

__all__ = [
    "Character",
    "Conversation",
    "InvalidRecord",
    "JsonValue",
    "Message",
    "ModelSettings",
    "NameTaken",
    "NotFound",
    "Role",
    "SQLiteStore",
    "Status",
    "Store",
    "StoreError",
    "StoreUnavailable",
    "StoreUnusable",
    "chosen_store",
    "seed_characters",
    "supersedes",
    "turn_position",
]
