"""The documents of the Supabase store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC
from typing import Any, Final

from postgrest.types import CountMethod, ReturnMethod

from supabase import AsyncClient
from tertulia_shared.store.documents import DOCUMENTS_MAX, EVERYBODY, Document, DocumentKind, check_document
from tertulia_shared.store.records import time_from_text, time_to_text
from tertulia_shared.store.supabase_requests import count_changed, run, table_of

TABLE: Final = "documents"
_COLUMNS: Final = "kind, owner, id, content, updated_at"


class SupabaseDocuments(ABC):
    """`DocumentStore` on the client of `SupabaseStore`, which inherits it."""

    @abstractmethod
    def _call(self, *ordered_by: str) -> AbstractAsyncContextManager[AsyncClient]: ...

    async def documents(self, kind: DocumentKind, owner: str = EVERYBODY) -> list[Document]:
        async with self._call() as client:
            request = table_of(client, TABLE).select(_COLUMNS).eq("kind", kind).eq("owner", owner)
            return [_document(row) for row in await run(request.order("id").limit(DOCUMENTS_MAX))]

    async def document(self, kind: DocumentKind, owner: str, document_id: str) -> Document | None:
        async with self._call() as client:
            request = table_of(client, TABLE).select(_COLUMNS).eq("kind", kind).eq("owner", owner)
            found = await run(request.eq("id", document_id).limit(1))
        return _document(found[0]) if found else None

    async def save_document(self, document: Document) -> None:
        check_document(document)
        row = {
            "kind": document.kind,
            "owner": document.owner,
            "id": document.id,
            "content": document.content,
            "updated_at": time_to_text(document.updated_at),
        }
        async with self._call(_order(document.owner)) as client:
            await run(client.rpc("tertulia_save_document", {"document": row}))

    async def delete_document(self, kind: DocumentKind, owner: str, document_id: str) -> bool:
        async with self._call(_order(owner)) as client:
            request = table_of(client, TABLE).delete(count=CountMethod.exact, returning=ReturnMethod.minimal)
            return await count_changed(request.eq("kind", kind).eq("owner", owner).eq("id", document_id)) > 0


def _order(owner: str) -> str:
    """The key that orders the writes: those of a conversation are ordered with its other writes."""
    return owner or TABLE


def _document(row: Mapping[str, Any]) -> Document:
    updated_at = time_from_text(row["updated_at"]).astimezone(UTC)
    return Document(row["kind"], row["owner"], row["id"], row["content"], updated_at)
