"""The documents of the in-memory store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import UTC
from typing import Protocol

from tertulia_shared.store.documents import DOCUMENTS_MAX, EVERYBODY, Document, DocumentKind, check_document
from tertulia_shared.store.errors import NotFound
from tertulia_shared.store.records import Conversation, time_to_text


class DocumentTables(Protocol):
    """The tables that documents need."""

    conversations: dict[str, Conversation]
    documents: dict[tuple[str, str, str], Document]


class MemoryDocuments(ABC):
    """`DocumentStore` on the tables of `MemoryStore`, which inherits it."""

    @abstractmethod
    def _available(self) -> DocumentTables: ...

    async def documents(self, kind: DocumentKind, owner: str = EVERYBODY) -> list[Document]:
        found = [each for each in self._available().documents.values() if (each.kind, each.owner) == (kind, owner)]
        return sorted(found, key=lambda document: document.id)[:DOCUMENTS_MAX]

    async def document(self, kind: DocumentKind, owner: str, document_id: str) -> Document | None:
        return self._available().documents.get((kind, owner, document_id))

    async def save_document(self, document: Document) -> None:
        check_document(document)
        time_to_text(document.updated_at)  # refuses a time without a zone, like every store
        tables = self._available()
        if document.owner != EVERYBODY and document.owner not in tables.conversations:
            raise NotFound("conversation", document.owner)
        key = (document.kind, document.owner, document.id)
        stored = tables.documents.get(key)
        if stored is None or document.updated_at >= stored.updated_at:
            tables.documents[key] = replace(document, updated_at=document.updated_at.astimezone(UTC))

    async def delete_document(self, kind: DocumentKind, owner: str, document_id: str) -> bool:
        return self._available().documents.pop((kind, owner, document_id), None) is not None


def delete_documents_of(tables: DocumentTables, owner: str) -> None:
    """Delete the documents of a deleted conversation."""
    for key in [key for key in tables.documents if key[1] == owner]:
        del tables.documents[key]
