"""Stores of conversations, messages, characters and documents.

`port` defines a store; `sqlite` needs no server, `supabase` uses your own server, `testing.memory_store` is not
persistent; `factory` makes the store of the settings. `records` has the rows, `validation` the rules for them,
`documents` the documents with theirs, `ordering` the order of messages and of competing writes, `versions` the versions
of messages, `errors` the errors.
"""

from __future__ import annotations

from tertulia_shared.store.documents import EVERYBODY, Document, DocumentKind, DocumentStore
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
from tertulia_shared.store.records import (
    Character,
    Conversation,
    JsonValue,
    Message,
    ModelSettings,
    Preview,
    Role,
    SetAside,
    Status,
    VersionPlace,
)
from tertulia_shared.store.seed import seed_characters
from tertulia_shared.store.sqlite import SQLiteStore

__all__ = [
    "EVERYBODY",
    "Character",
    "Conversation",
    "Document",
    "DocumentKind",
    "DocumentStore",
    "InvalidRecord",
    "JsonValue",
    "Message",
    "ModelSettings",
    "NameTaken",
    "NotFound",
    "Preview",
    "Role",
    "SQLiteStore",
    "SetAside",
    "Status",
    "Store",
    "StoreError",
    "StoreUnavailable",
    "StoreUnusable",
    "VersionPlace",
    "chosen_store",
    "seed_characters",
    "supersedes",
    "turn_position",
]
